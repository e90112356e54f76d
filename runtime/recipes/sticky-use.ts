import { newController } from '../core/abort.js';
import type { Timer } from '../core/clock.js';
import type { LocalQueue } from '../core/local-queue.js';
import type { Watcher } from '../core/lock-manager.js';
import type { LockConditionCheck, TransactionItem } from '../core/store.js';
import type { LockRef } from '../entry/lock-ref.js';
import { insideOf } from '../entry/scope.js';
import { InvocationEndingError, LockLostError, type LockLostReason } from '../errors.js';
import type { Believer, Guard } from '../hold/guarded-writes.js';
import type { Hold } from '../hold/hold.js';
import { adopted, lossWith, type Outcome } from '../hold/run-under.js';
import type { HeldLock, RefreshOptions, WaitOptions } from '../options/held-lock.js';
import { signalIn } from '../options/validate.js';

/** Elapsed times that bound a use; `Infinity` where it belongs to no invocation. */
interface UseBounds {
  /** When its invocation ends. */
  readonly endsMs: number;
  /** When the work is told that it will. */
  readonly stopMs: number;
}

/** One use of a sticky lock: the lock as its work sees it, until the work settles or its invocation ends. */
export class StickyUse implements HeldLock, Believer, Watcher {
  private readonly controller = newController();
  private timer: Timer | undefined;
  /** Why the lock is not this use's any more. */
  private loss: LockLostError | undefined;
  private isOver = false;
  /** Whether the work itself has given it back, or handed it over. */
  private isGivenAway = false;
  /** Asks the use, not the hold: that one stays when the use is over. */
  private readonly guard: Guard;

  constructor(
    private readonly ref: LockRef,
    private readonly hold: Hold,
    private readonly bounds: UseBounds,
    /** The next use's turn has come. */
    private readonly onEnd: () => void,
  ) {
    this.guard = hold.guardFor(this);
  }

  get name(): string {
    return this.hold.name;
  }

  get signal(): AbortSignal {
    this.check();
    return this.controller.signal;
  }

  get isHeld(): boolean {
    return this.check() === undefined;
  }

  get remainingSeconds(): number {
    return this.isHeld ? this.leftMs() / 1000 : 0;
  }

  get fencingToken(): bigint {
    return this.hold.fencingToken;
  }

  assertHeld(options: { readonly forSeconds?: number } = {}): void {
    const loss = this.check();
    if (loss) throw loss;
    this.hold.assertHeld(options);
    const { forSeconds = 0 } = options;
    const { remainingSeconds } = this;
    if (remainingSeconds < forSeconds) throw this.ref.tooShort(remainingSeconds, forSeconds);
  }

  async refresh(options?: RefreshOptions): Promise<void> {
    this.assertHeld();
    await this.hold.refresh(options);
  }

  conditionCheck(): LockConditionCheck {
    this.assertHeld();
    return this.guard.conditionCheck();
  }

  async transactWrite(items: readonly TransactionItem[], options?: WaitOptions): Promise<void> {
    this.assertHeld();
    await this.guard.transactWrite(items, signalIn(options, 'transactWrite'));
  }

  async serialize(options?: WaitOptions): Promise<string> {
    this.assertHeld();
    const text = await this.hold.serialize(options);
    this.isGivenAway = true;
    return text;
  }

  async release(options?: WaitOptions): Promise<void> {
    if (!this.isHeld) return;
    this.isGivenAway = true;
    await this.hold.release(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isHeld) return;
    this.isGivenAway = true;
    await this.hold[Symbol.asyncDispose]();
  }

  leftMs(): number {
    return Math.min(this.hold.leftMs(), this.bounds.endsMs - this.ref.manager.elapsedMs());
  }

  lose(...why: Parameters<Hold['lose']>): void {
    this.hold.lose(...why);
  }

  whyNotHeld(): LockLostError {
    return this.check() ?? this.hold.whyNotHeld();
  }

  /** Whether it is a use of this lock. */
  isOn(queue: LocalQueue, holdId?: string): boolean {
    return this.hold.isOn(queue, holdId);
  }

  /** Called where its timer is late, as after a freeze. */
  tick(): void {
    this.arm();
  }

  /** The process stays until the work has settled. */
  run<T>(work: (held: StickyUse) => T | PromiseLike<T>): Promise<T> {
    return this.ref.manager.stayFor(() => this.runWork(work));
  }

  private async runWork<T>(work: (held: StickyUse) => T | PromiseLike<T>): Promise<T> {
    this.ref.manager.addWatcher(this);
    this.hold.signal.addEventListener('abort', this.onLoss, { once: true });
    this.arm();
    let outcome: Outcome<T>;
    try {
      outcome = { value: await insideOf([this], () => adopted(() => work(this))) };
    } catch (error) {
      outcome = { error };
    }
    const loss = this.isGivenAway ? undefined : this.check();
    this.over('released', 'its use is over');
    this.end();
    if (loss) throw lossWith(loss, outcome);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  private readonly onLoss = (): void => void this.check();

  private arm(): void {
    this.check();
    this.timer?.cancel();
    if (this.isOver) return;
    const { manager } = this.ref;
    const { endsMs, stopMs } = this.bounds;
    const nowMs = manager.elapsedMs();
    const nextMs = nowMs < stopMs ? stopMs : endsMs;
    if (nextMs !== Infinity) this.timer = manager.clock.after(nextMs - nowMs, () => this.arm());
  }

  /** Why the lock is not this use's any more; undefined while it is. */
  private check(): LockLostError | undefined {
    const nowMs = this.ref.manager.elapsedMs();
    if (nowMs >= this.bounds.endsMs) this.endInvocation();
    else if (!this.loss && !this.hold.isHeld) this.tell(this.hold.whyNotHeld());
    else if (nowMs >= this.bounds.stopMs) this.stopWork();
    return this.loss;
  }

  private endInvocation(): void {
    if (this.isOver) return;
    if (!this.loss) {
      const { message } = this.over('invocation-ended', 'the invocation that uses it has ended');
      this.ref.settings.logger.warn(message, { lockName: this.name });
    }
    this.end();
  }

  private stopWork(): void {
    if (this.controller.signal.aborted) return;
    const message = `${this.ref.label}: its invocation is about to end; stop now, while it is held`;
    this.controller.abort(new InvocationEndingError(message, this.ref.errorDetails()));
  }

  private over(reason: LockLostReason, why: string): LockLostError {
    const message = `${this.ref.label} is not held any more: ${why}`;
    return this.tell(new LockLostError(message, { ...this.ref.errorDetails(), reason }));
  }

  /** The first loss stays. */
  private tell(loss: LockLostError): LockLostError {
    this.loss ??= loss;
    this.controller.abort(this.loss);
    return this.loss;
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.timer?.cancel();
    this.ref.manager.removeWatcher(this);
    this.hold.signal.removeEventListener('abort', this.onLoss);
    this.onEnd();
  }
}
