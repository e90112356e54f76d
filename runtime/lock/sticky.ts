import { InvocationEndingError, LockLostError, LockOptionError } from '../errors.js';
import { notGranted } from './acquisition.js';
import { checkedContext, checkedLease, checkedReserve, checkedWait, checkedWork, shown } from './checks.js';
import type { Timer } from './clock.js';
import type { HeldLock } from './held-lock.js';
import type { Hold } from './hold.js';
import { DEFAULT_RESERVE_SECONDS } from './invocation.js';
import { LocalLock, type Place } from './local-lock.js';
import type { Lock } from './lock.js';
import type { InvocationContext, LockOptions, TryOptions } from './options.js';
import { Patience } from './patience.js';
import type { LockTarget } from './target.js';
import { insideHold, lossWith, refuseReentry } from './with-lock.js';

/** What a sticky lock takes. */
export interface StickyOptions extends Pick<LockOptions, 'waitSeconds'>, Pick<TryOptions, 'releaseReserveSeconds'> {
  /**
   * Seconds for which the lock stays with the sandbox after a use, frozen or not. Longer than invocations are
   * apart, or each of them has to take it anew. Whole, 1 to 86,400.
   * @default 10, or the factory's
   */
  readonly leaseSeconds?: number | undefined;
  /**
   * Seconds without a use after which it is given back, where the process runs on: a frozen one cannot.
   * @default it stays until its lease is over
   */
  readonly idleSeconds?: number | undefined;
}

/** What a use sees of the lock. */
export type StickyHold = Pick<HeldLock, 'name' | 'signal' | 'isHeld' | 'remainingSeconds' | 'assertHeld'>;

const DEFAULT_WAIT_SECONDS = 30;

/**
 * A lock that is taken at its first use and stays with the process between uses, until its lease is over:
 *
 *     use          use                        use
 *     ├acquire──┤  ├refresh──┤                ├acquire (or another has it)
 *     ───────────────────────┴── lease ──►│ lapsed, nobody's
 */
export class StickyLock {
  private hold: Hold | undefined;
  private lock: Lock | undefined;
  private idle: Timer | undefined;
  /** Uses in one process take turns. */
  private readonly turns = new LocalLock();
  private readonly reserveSeconds: number;
  private readonly waitSeconds: number;
  private listens = false;

  /** @internal */
  constructor(
    private readonly makeLock: () => Lock,
    private readonly options: StickyOptions,
  ) {
    const { leaseSeconds, waitSeconds, idleSeconds, releaseReserveSeconds } = options;
    if (leaseSeconds !== undefined && typeof checkedLease(leaseSeconds) !== 'number') {
      throw new LockOptionError('leaseSeconds of a sticky lock is a number: it outlasts invocations');
    }
    if (idleSeconds !== undefined && !(typeof idleSeconds === 'number' && idleSeconds > 0)) {
      throw new LockOptionError(`idleSeconds is a number of seconds above 0, got ${shown(idleSeconds)}`);
    }
    this.waitSeconds = checkedWait(waitSeconds ?? DEFAULT_WAIT_SECONDS);
    this.reserveSeconds = checkedReserve(releaseReserveSeconds ?? DEFAULT_RESERVE_SECONDS);
  }

  /** Whether it is held at this moment, in use or not. */
  get isHeld(): boolean {
    return this.hold?.isHeld === true;
  }

  /**
   * Runs `work` under the lock: takes it, or where it stayed from the use before refreshes it, in one write.
   * Uses at once take turns, first come, first served. After the invocation's end the work has no lock, and
   * the next use comes.
   * @param context the Lambda invocation that it is for, where there is one
   * @throws what `work` throws, and as `withLock`
   */
  async use<T>(context: InvocationContext | undefined, work: (held: StickyHold) => T | PromiseLike<T>): Promise<T> {
    checkedContext(context);
    checkedWork(work, 'use');
    this.lock ??= this.makeLock();
    const target = await this.lock.target();
    refuseReentry(target);
    const { process } = target;
    const endsMs = context ? process.elapsedMs() + context.getRemainingTimeInMillis() : Infinity;
    const stopMs = endsMs - this.reserveSeconds * 1000;
    const waitUntilMs = Math.min(process.elapsedMs() + this.waitSeconds * 1000, stopMs);
    const waitSeconds = (): number => Math.max(0, waitUntilMs - process.elapsedMs()) / 1000;
    const place = await this.turn(target, waitSeconds());
    this.idle?.cancel();
    try {
      const hold = await this.ready(this.lock, waitSeconds());
      const use = new Use(target, hold, endsMs, stopMs, () => this.endUse(hold, place));
      return await use.run(work);
    } catch (error) {
      place.leave();
      throw error;
    }
  }

  /** Gives the lock back, also while it is used: the work is told then. Never rejects: it warns. */
  async release(): Promise<void> {
    const { hold } = this;
    this.hold = undefined;
    this.idle?.cancel();
    await hold?.[Symbol.asyncDispose]();
  }

  private async turn(target: LockTarget, waitSeconds: number): Promise<Place> {
    const place = this.turns.join();
    const limit = `within ${Math.round(waitSeconds * 1000) / 1000} s`;
    const patience = new Patience(target.process, waitSeconds, undefined, (cause) =>
      notGranted(target, `${limit}, another use of it in this process going on`, undefined, cause),
    );
    try {
      await patience.race(place.atHead);
      return place;
    } catch (error) {
      place.leave();
      throw error;
    } finally {
      patience.close();
    }
  }

  private async ready(lock: Lock, waitSeconds: number): Promise<Hold> {
    const stayed = this.hold;
    if (stayed?.isHeld) {
      try {
        await stayed.refresh();
        stayed.wake();
        return stayed;
      } catch (error) {
        if (!(error instanceof LockLostError)) throw error;
      }
    }
    // What may still stand of it is this process's own, and is written over like a dead holder's.
    stayed?.giveUp();
    this.hold = undefined;
    this.hold = await lock.hold({ waitSeconds });
    this.listen();
    return this.hold;
  }

  private endUse(hold: Hold, place: Place): void {
    hold.rest();
    const { idleSeconds } = this.options;
    if (idleSeconds !== undefined && this.hold === hold) {
      this.idle = hold.process.clock.after(idleSeconds * 1000, () => void this.release());
    }
    place.leave();
  }

  /** Lambda sends SIGTERM only where an extension is registered. */
  private listen(): void {
    if (this.listens) return;
    this.listens = true;
    process.once('SIGTERM', () => {
      this.listens = false;
      // Whoever listens keeps the process from ending, as it would have: where nobody else does, it ends now.
      void this.release().then(() => {
        if (process.listenerCount('SIGTERM') === 0) process.kill(process.pid, 'SIGTERM');
      });
    });
  }
}

/** One use: the lock as its work sees it, until the work settles or its invocation ends. */
class Use implements StickyHold {
  private readonly controller = new AbortController();
  private readonly timers: Timer[] = [];
  private isOver = false;
  private isDone = false;

  constructor(
    private readonly target: LockTarget,
    private readonly hold: Hold,
    private readonly endsMs: number,
    private readonly stopMs: number,
    private readonly onEnd: () => void,
  ) {}

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
    if (!this.isHeld) return 0;
    return Math.min(this.hold.remainingSeconds, (this.endsMs - this.target.process.elapsedMs()) / 1000);
  }

  assertHeld(options: { readonly forSeconds?: number } = {}): void {
    const loss = this.check();
    if (loss) throw loss;
    this.hold.assertHeld(options);
  }

  async run<T>(work: (held: StickyHold) => T | PromiseLike<T>): Promise<T> {
    const { clock } = this.target.process;
    this.hold.signal.addEventListener('abort', this.onLoss, { once: true });
    for (const atMs of [this.stopMs, this.endsMs]) {
      if (atMs === Infinity) continue;
      this.timers.push(clock.after(atMs - this.target.process.elapsedMs(), () => void this.check()));
    }
    let outcome: { readonly value: T } | { readonly error: unknown };
    try {
      outcome = { value: await insideHold(this.hold, () => work(this)) };
    } catch (error) {
      outcome = { error };
    }
    const loss = this.check();
    this.isDone = true;
    this.end();
    if (loss) throw lossWith(loss, outcome);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  private readonly onLoss = (): void => this.controller.abort(this.hold.signal.reason);

  /** Why the lock is not this use's any more; undefined while it is. */
  private check(): LockLostError | undefined {
    const nowMs = this.target.process.elapsedMs();
    if (nowMs >= this.endsMs || this.isDone) {
      const loss = this.loss();
      this.controller.abort(loss);
      this.end();
      return loss;
    }
    try {
      this.hold.assertHeld();
    } catch (error) {
      this.controller.abort(error);
      return error as LockLostError;
    }
    if (nowMs >= this.stopMs && !this.controller.signal.aborted) {
      const message = `${this.target.label}: its invocation is about to end; stop now, while it is held`;
      this.controller.abort(new InvocationEndingError(message, this.target.errorDetails()));
    }
    return undefined;
  }

  private loss(): LockLostError {
    const why = this.isDone ? 'its use is over' : 'the invocation that uses it has ended';
    const reason = this.isDone ? 'released' : 'invocation-ended';
    return new LockLostError(`${this.target.label} is not held any more: ${why}`, {
      ...this.target.errorDetails(),
      reason,
    });
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const timer of this.timers) timer.cancel();
    this.hold.signal.removeEventListener('abort', this.onLoss);
    if (!this.isDone) this.target.settings.logger.warn(this.loss().message, { lockName: this.name });
    this.onEnd();
  }
}
