import { LazyAbortController, orAborted, whenAborted } from '../core/abort.js';
import type { Timer } from '../core/clock.js';
import type { LocalQueue, Waiter } from '../core/local-queue.js';
import type { LockManager, Watcher } from '../core/lock-manager.js';
import type { LockConditionCheck, TransactionItem } from '../core/store.js';
import type { LockRef } from '../entry/lock-ref.js';
import { InvocationEndingError, LockHolder, LockLostError, type LockLostReason, LockOptionError } from '../errors.js';
import type { Reporter } from '../observe/reporter.js';
import type { HeldLock, RefreshOptions, WaitOptions } from '../options/held-lock.js';
import {
  checkedForSeconds,
  checkedNote,
  checkedSignal,
  noteFrom,
  refuseUnknown,
  signalIn,
} from '../options/validate.js';
import type { LeaseState } from '../protocol/lease-state.js';
import { LOST_RELEASE_BUDGET_MS, refreshDueMs, releaseBudgetMs } from '../protocol/schedule.js';
import { type Believer, Guard } from './guarded-writes.js';
import { handOverText } from './hand-over-text.js';
import { Heartbeat } from './heartbeat.js';
import { LeaseRenewer, type Refreshed } from './lease-renewer.js';
import { Release, type Tombstone } from './release.js';

/** Where a hold comes from, and what bounds it. */
export interface HoldOrigin {
  readonly lease: LeaseState;
  /** The note that its entry carries: JSON text. */
  readonly data?: string | undefined;
  /** Seconds, from now on, for which the lock is to stay taken although it is released. */
  readonly lockAtLeastSeconds?: number | undefined;
  /** The place in the local queue, which the hold gives up at its end. */
  readonly waiter?: Waiter | undefined;
  /** The caller's signal: `held.signal` aborts with it. */
  readonly signal?: AbortSignal | undefined;
  /** Elapsed time at which the invocation ends that the hold belongs to. */
  readonly invocationEndsMs?: number | undefined;
  /** Seconds before that end at which the work is to stop. */
  readonly reserveSeconds: number;
  /** Where it is told what becomes of the hold. */
  readonly reporter: Reporter;
}

/** What a hold leaves to the next one of its process. */
export interface Yielded {
  readonly lease: LeaseState;
  readonly waiter: Waiter;
  /** Where it is still to be told how the hold ended. */
  readonly reporter: Reporter;
}

/** One acquisition of a lock (docs/protocol.md, section 4). */
export class Hold implements HeldLock, Refreshed, Watcher {
  private state: 'held' | 'handing-over' | 'handed-over' | 'released' | 'lost' = 'held';
  private loss: LockLostError | undefined;
  private isResting = false;
  /** Elapsed time at which the invocation ends in which a release would be waited for. */
  private callerEndsMs: number | undefined;
  private releasing: Promise<void> | undefined;
  /** What is to stay of its entry, if anything. */
  private tombstone: Tombstone | undefined;
  private readonly controller = new LazyAbortController();
  private readonly renewer: LeaseRenewer;
  private readonly heartbeat: Heartbeat;
  private deadlineTimer: Timer | undefined;
  private unfollow: (() => void) | undefined;
  private guardOnceUsed: Guard | undefined;

  constructor(
    private readonly ref: LockRef,
    private readonly origin: HoldOrigin,
  ) {
    const { manager } = ref;
    const { lockAtLeastSeconds = 0 } = origin;
    this.callerEndsMs = origin.invocationEndsMs;
    if (lockAtLeastSeconds > 0) this.tombstone = { untilMs: manager.clock.monotonicMs() + lockAtLeastSeconds * 1000 };
    this.renewer = new LeaseRenewer(ref, origin.lease, origin.data, this);
    this.heartbeat = new Heartbeat(manager, this.renewer);
    manager.addWatcher(this);
    origin.waiter?.grant(this);
    if (origin.signal) this.follow(origin.signal);
    this.heartbeat.start();
    this.armDeadline();
  }

  get name(): string {
    return this.ref.name;
  }

  get signal(): AbortSignal {
    this.check();
    return this.controller.signal;
  }

  get fencingToken(): bigint {
    const { fencingToken } = this.origin.lease;
    if (fencingToken !== undefined) return fencingToken;
    throw new LockOptionError(
      `${this.ref.label} is held without a fencing token; set fencing: true, for all of its clients`,
      this.ref.errorDetails(),
    );
  }

  get isHeld(): boolean {
    return this.check();
  }

  get remainingSeconds(): number {
    return this.check() ? this.leftMs() / 1000 : 0;
  }

  assertHeld(options: { readonly forSeconds?: number } = {}): void {
    refuseUnknown(options, ['forSeconds'], 'assertHeld');
    const { forSeconds = 0 } = options;
    checkedForSeconds(forSeconds);
    if (!this.check()) throw this.whyNotHeld();
    const { remainingSeconds } = this;
    if (remainingSeconds >= forSeconds) return;
    throw this.ref.tooShort(remainingSeconds, forSeconds, this.renewer.lastFailure);
  }

  /** Whether it is a hold on this lock, or the one of this hold id. */
  isOn(queue: LocalQueue, holdId?: string): boolean {
    return this.ref.queue === queue || this.origin.lease.holdId === holdId;
  }

  /** The process it is held by. */
  get manager(): LockManager {
    return this.ref.manager;
  }

  /** Where it is told what becomes of it. */
  get reporter(): Reporter {
    return this.origin.reporter;
  }

  /** Runs the work that it is held for, as its observers would have it. */
  around<T>(work: () => T): T {
    return this.origin.reporter.around(work);
  }

  /** The loss that ended this hold before its time; reads the clock. */
  lossSoFar(): LockLostError | undefined {
    this.check();
    return this.loss;
  }

  /** Who holds it, for callers of the same process that ask. */
  describe(): LockHolder {
    const { hostIdentifier, leaseSeconds } = this.origin.reporter.attempt;
    return new LockHolder(hostIdentifier, leaseSeconds, this.remainingSeconds, noteFrom(this.renewer.data));
  }

  async refresh(options: RefreshOptions = {}): Promise<void> {
    refuseUnknown(options, ['signal', 'data'], 'refresh');
    const data = checkedNote(options.data);
    const signal = checkedSignal(options.signal);
    if (this.state === 'handed-over') return;
    this.assertHeld();
    if (this.state === 'handing-over') throw this.renewer.beingHandedOver();
    await this.renewer.confirm({ data }, signal);
  }

  conditionCheck(): LockConditionCheck {
    return this.guard.conditionCheck();
  }

  async transactWrite(items: readonly TransactionItem[], options?: WaitOptions): Promise<void> {
    return this.guard.transactWrite(items, signalIn(options, 'transactWrite'));
  }

  async serialize(options?: WaitOptions): Promise<string> {
    const signal = signalIn(options, 'serialize');
    this.assertHeld();
    if (this.state === 'handing-over') throw this.renewer.beingHandedOver();
    this.state = 'handing-over';
    this.heartbeat.stop();
    try {
      const version = await this.renewer.handOver(signal);
      // A release that began before this was heard came first, and so did the deadline: then the text is dead.
      if (!this.check()) throw this.whyNotHeld();
      this.end('handed-over');
      this.origin.reporter.handedOver();
      return handOverText(this.name, version);
    } finally {
      if (this.check()) {
        // Not confirmed: whatever landed, it is still ours to keep alive.
        this.state = 'held';
        this.heartbeat.start();
      }
    }
  }

  async release(options?: WaitOptions): Promise<void> {
    const signal = signalIn(options, 'release');
    this.releasing ??= this.releaseOnce();
    await orAborted(this.releasing, signal);
  }

  /** As `release`, but the lock stays taken for that long, under a note (JSON text), and nobody holds it. */
  leave(seconds: number, data: string): Promise<void> {
    this.tombstone = { untilMs: this.manager.clock.monotonicMs() + seconds * 1000, data };
    return this.release();
  }

  /** For a hold that stays while nobody works under it: it is not refreshed, and running out is no loss. */
  rest(): void {
    this.isResting = true;
    this.callerEndsMs = undefined;
    this.heartbeat.stop();
  }

  /** @param callerEndsMs elapsed time at which the invocation ends that uses it */
  wake(callerEndsMs?: number): void {
    this.isResting = false;
    this.callerEndsMs = callerEndsMs;
    this.heartbeat.start();
  }

  /**
   * Ends it in favour of the next hold of this process, which may write over its entry, and has its place in the local
   * queue. Gives nothing where it is not held any more.
   */
  yielded(): Yielded | undefined {
    const { lease, waiter, reporter } = this.origin;
    if (!this.check() || !waiter) return undefined;
    this.finish('released');
    this.abandon();
    return { lease, waiter, reporter };
  }

  /** For writes that happen only while it is held, and while that one believes so. */
  guardFor(believer: Believer): Guard {
    return new Guard(this.ref, this.origin.lease, believer);
  }

  /**
   * Over, and nobody works under it any more: this process may write over what stands of it. What was handed over is
   * its receiver's.
   */
  abandon(): void {
    if (this.state !== 'handed-over') this.manager.abandon(this.origin.lease.holdId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.release();
    } catch (error) {
      const { leaseSeconds } = this.origin.lease;
      this.ref.settings.logger.warn(
        `${this.ref.label}: the release was not confirmed; it may block others for up to ${leaseSeconds} s`,
        { error },
      );
    }
  }

  /** Elapsed time ran ahead of the timers, as in a freeze. */
  tick(): void {
    this.deadlineTimer?.cancel();
    this.armDeadline();
    this.heartbeat.catchUp();
  }

  private get guard(): Guard {
    this.guardOnceUsed ??= this.guardFor(this);
    return this.guardOnceUsed;
  }

  /** Whether the lock is held now; past its end, it becomes lost here. */
  private check(): boolean {
    if (this.state !== 'held' && this.state !== 'handing-over') return false;
    const nowMs = this.ref.manager.elapsedMs();
    if (nowMs < this.endMs()) {
      if (nowMs >= this.stopMs()) this.stopWork();
      return true;
    }
    const { invocationEndsMs = Infinity, lease } = this.origin;
    if (invocationEndsMs <= lease.deadlineMs) {
      this.lose('invocation-ended', 'the invocation that it belongs to has ended');
    } else {
      const pausedMs = this.manager.pausedMs(this.dueMs(), lease.deadlineMs);
      const pause = (pausedMs / 1000).toFixed(1);
      if (pausedMs > 0) this.lose('deadline', `no refresh could be sent: nothing ran in this process for ${pause} s`);
      else this.lose('deadline', 'no refresh was confirmed before its deadline', this.renewer.lastFailure);
    }
    return false;
  }

  private endMs(): number {
    const { lease, invocationEndsMs = Infinity } = this.origin;
    return Math.min(lease.deadlineMs, invocationEndsMs);
  }

  /** When the work is to stop, so that its lock can be released before the invocation is killed. */
  private stopMs(): number {
    const { invocationEndsMs = Infinity, reserveSeconds } = this.origin;
    return invocationEndsMs - reserveSeconds * 1000;
  }

  private stopWork(): void {
    if (this.controller.isAborted) return;
    const { reserveSeconds } = this.origin;
    const message = `${this.ref.label}: its invocation ends in ${reserveSeconds} s or less; stop now, while it is held`;
    this.controller.abort(new InvocationEndingError(message, this.ref.errorDetails()));
  }

  leftMs(): number {
    return this.endMs() - this.ref.manager.elapsedMs();
  }

  dueMs(): number {
    const { invocationEndsMs = Infinity, lease } = this.origin;
    const { confirmedSentMs, deadlineMs, leaseSeconds } = lease;
    // What lasts until the invocation's end needs no more: the hold ends there in any case.
    if (deadlineMs >= invocationEndsMs) return Infinity;
    return refreshDueMs(confirmedSentMs, deadlineMs, leaseSeconds);
  }

  /** The tick alone would tell up to its own length late. */
  private armDeadline(): void {
    if (!this.check()) return;
    const { manager } = this.ref;
    const untilStopMs = this.controller.isAborted ? Infinity : this.stopMs() - manager.elapsedMs();
    this.deadlineTimer = manager.clock.after(Math.min(this.leftMs(), untilStopMs), () => this.armDeadline());
  }

  private async releaseOnce(): Promise<void> {
    const { lease } = this.origin;
    if (this.state === 'handed-over') return;
    const isHeld = this.check();
    const release = new Release(this.ref, lease, this.tombstone);
    if (isHeld) {
      const leftMs = Math.max(LOST_RELEASE_BUDGET_MS, this.leftMs());
      this.finish('released');
      try {
        const released = release.within(releaseBudgetMs(lease.leaseSeconds, leftMs), this.callerEndsMs);
        await this.origin.reporter.releasing(released);
      } finally {
        // Also where it goes on unheard: the next caller may write over what stands, since the hold is given up.
        this.origin.waiter?.leave();
      }
    } else if (this.loss && !['taken', 'broken', 'gone'].includes(this.loss.reason)) {
      await release.within(LOST_RELEASE_BUDGET_MS, this.callerEndsMs).catch((error: unknown) => {
        this.ref.settings.logger.debug(`${this.ref.label}: a lost hold's entry was not cleaned up`, { error });
      });
    }
  }

  /** Its signal aborts with the caller's. */
  private follow(signal: AbortSignal): void {
    this.unfollow = whenAborted(signal, () => this.controller.abort(signal.reason));
  }

  lose(reason: LockLostReason, why: string, cause?: unknown): void {
    this.loss = this.lossError(reason, `${this.ref.label} was lost: ${why}`, cause);
    this.end('lost');
    if (this.isResting) this.origin.reporter.lapsed(this.loss);
    else this.origin.reporter.lost(this.loss);
    this.controller.abort(this.loss);
  }

  /** Ends the hold and lets the next local caller come forward. */
  private end(state: 'handed-over' | 'lost'): void {
    this.finish(state);
    this.origin.waiter?.leave();
  }

  private finish(state: 'handed-over' | 'released' | 'lost'): void {
    this.state = state;
    this.heartbeat.stop();
    this.deadlineTimer?.cancel();
    this.manager.removeWatcher(this);
    this.unfollow?.();
  }

  whyNotHeld(): LockLostError {
    if (this.loss) return this.loss;
    const reason = this.state as 'released' | 'handed-over';
    return this.lossError(reason, `${this.ref.label} is not held any more: it was ${reason.replace('-', ' ')}`);
  }

  private lossError(reason: LockLostReason, message: string, cause?: unknown): LockLostError {
    return new LockLostError(message, { ...this.ref.errorDetails(cause), reason });
  }
}
