import { newController, whenAborted } from '../core/abort.js';
import type { Waiter } from '../core/local-queue.js';
import type { LockRef } from '../entry/lock-ref.js';
import { InvocationEndingError, LockEntryError, LockLostError, type LockLostReason } from '../errors.js';
import type { Reporter } from '../observe/reporter.js';
import { isBroken, takenBy } from '../protocol/breaking.js';
import type { LockEntry } from '../protocol/entry.js';
import type { LeaseState } from '../protocol/lease-state.js';
import { refreshDueMs } from '../protocol/schedule.js';

/** Where a hold comes from, and what bounds it. */
export interface HoldOrigin {
  readonly lease: LeaseState;
  /** The note in its entry: JSON text. */
  readonly data?: string | undefined;
  /** Seconds, from now on, for which the lock stays taken even if it is released sooner. */
  readonly lockAtLeastSeconds?: number | undefined;
  /** Its place in the local queue. The hold leaves it at its end. */
  readonly waiter?: Waiter | undefined;
  /** The caller's signal: `held.signal` aborts with it. */
  readonly signal?: AbortSignal | undefined;
  /** Elapsed time at which its invocation ends. */
  readonly invocationEndsMs?: number | undefined;
  /** Seconds before that end at which the work has to stop. */
  readonly reserveSeconds: number;
  /** Whether the lock stays with the process when its work or its invocation is over: a sticky lock. */
  readonly isToStay?: boolean | undefined;
  /** Hears what becomes of the hold. */
  readonly reporter: Reporter;
}

/**
 *     held ◄─► handing-over ──► handed-over    another process goes on with it
 *       └───┬───────┘ ├───────► released
 *           ▼         ├───────► lost
 *        resting ─────┘                        the lock stays, but nobody works under it
 */
export type HoldPhase = 'held' | 'handing-over' | 'resting' | 'handed-over' | 'released' | 'lost';

/**
 * Whether one hold has its lock, and why not: the only place that decides it (docs/protocol.md, section 4). It has no
 * timer. Whoever reads it past the hold's end finds the hold ended.
 */
export class HeldState {
  phase: HoldPhase = 'held';
  /** Why the work lost the lock: the first reason. */
  loss: LockLostError | undefined;
  /** The failed refresh that no answer has followed yet. It is the cause if the deadline passes. */
  lastFailure: unknown;
  /** Called after each change of the phase. */
  onChange: (() => void) | undefined;
  private controller: AbortController | undefined;
  private aborted: { readonly reason: unknown } | undefined;
  private onOver: (() => void) | undefined;

  constructor(
    readonly ref: LockRef,
    readonly origin: HoldOrigin,
  ) {
    const { signal } = origin;
    if (signal) this.onOver = whenAborted(signal, () => this.abort(signal.reason));
  }

  get lease(): LeaseState {
    return this.origin.lease;
  }

  /** Whether the work has the lock now. Reads the clock. */
  get isHeld(): boolean {
    return this.stands && this.phase !== 'resting';
  }

  /** Whether this process has the lock by this hold, even if nobody works under it. Reads the clock. */
  get stands(): boolean {
    if (this.isOver) return false;
    const nowMs = this.ref.manager.elapsedMs();
    if (nowMs >= this.endMs()) {
      this.endByTime();
      return this.stands;
    }
    if (nowMs >= this.stopMs()) this.stopWork();
    return !this.isOver;
  }

  /** Whether the hold has ended. Does not read the clock. */
  get isOver(): boolean {
    return this.phase !== 'held' && this.phase !== 'handing-over' && this.phase !== 'resting';
  }

  /** Made when first asked for: a signal takes as much memory as the rest of a hold, and few are asked for. */
  get signal(): AbortSignal {
    void this.stands;
    if (!this.controller) {
      this.controller = newController();
      if (this.aborted) this.controller.abort(this.aborted.reason);
    }
    return this.controller.signal;
  }

  /** Milliseconds until its end. */
  leftMs(): number {
    return this.endMs() - this.ref.manager.elapsedMs();
  }

  /**
   * Elapsed time at which the next refresh is due. `Infinity` if the lease outlasts the hold: it ends with its
   * invocation.
   */
  dueMs(): number {
    const { confirmedSentMs, deadlineMs, leaseSeconds } = this.lease;
    const { invocationEndsMs = Infinity, isToStay } = this.origin;
    if (deadlineMs >= invocationEndsMs && !isToStay) return Infinity;
    return refreshDueMs(confirmedSentMs, deadlineMs, leaseSeconds);
  }

  /** Elapsed time at which it has to be read, since something ends then: the work's time, or the hold. */
  nextMs(): number {
    return this.aborted ? this.endMs() : Math.min(this.endMs(), this.stopMs());
  }

  /** Changes the phase. A lock that another process has from now on is left to the next local caller at once. */
  become(phase: HoldPhase): void {
    this.phase = phase;
    if (this.isOver) this.onOver?.();
    if (phase === 'handed-over' || phase === 'lost') this.origin.waiter?.leave();
    this.onChange?.();
  }

  lose(reason: LockLostReason, why: string, cause?: unknown): void {
    const { reporter } = this.origin;
    const isResting = this.phase === 'resting';
    const loss = this.lostError(reason, `was lost: ${why}`, cause);
    this.loss ??= loss;
    this.become('lost');
    if (isResting) reporter.lapsed(loss);
    else reporter.lost(loss);
    this.abort(this.loss);
  }

  /** Another entry stands in the place of the hold's, or none. */
  loseTo(entry: LockEntry | undefined): void {
    if (entry?.version.includes(this.lease.holdId)) {
      this.lose('taken', 'its fencing token has changed: somebody else held it meanwhile, or changed its entry');
    } else if (entry) this.lose(isBroken(entry) ? 'broken' : 'taken', takenBy(entry));
    else this.lose('gone', 'its entry was deleted from the table');
  }

  /**
   * Ends the hold if the error says that an item which is no lock's entry stands in its place. Returns whether it does.
   */
  loseToNoEntry(error: unknown): boolean {
    if (!(error instanceof LockEntryError && this.stands)) return false;
    this.lose('taken', 'its item is no longer the entry of a lock', error);
    return true;
  }

  /** The work has the lock no more, but the process keeps it. */
  rest(reason: LockLostReason, why: string): void {
    this.become('resting');
    this.tell(this.lostError(reason, `is not held any more: ${why}`));
  }

  /** Tells the work that it has the lock no more. The first reason stays. */
  tell(error: LockLostError): void {
    this.loss ??= error;
    this.abort(error);
  }

  /** Calls back when the hold is over, at once if it is. */
  whenOver(callback: () => void): void {
    this.onOver = callback;
    if (this.isOver) callback();
  }

  whyNotHeld(): LockLostError {
    if (this.loss) return this.loss;
    const reason = this.phase as 'released' | 'handed-over';
    return this.lostError(reason, `is not held any more: it was ${reason.replace('-', ' ')}`);
  }

  /** Elapsed time at which it ends, or begins to rest. */
  private endMs(): number {
    const { deadlineMs } = this.lease;
    const { invocationEndsMs = Infinity } = this.origin;
    return this.phase === 'resting' ? deadlineMs : Math.min(deadlineMs, invocationEndsMs);
  }

  /** When the work has to stop, so that its lock can be released before the invocation is killed. */
  private stopMs(): number {
    const { invocationEndsMs = Infinity, reserveSeconds } = this.origin;
    return invocationEndsMs - reserveSeconds * 1000;
  }

  private endByTime(): void {
    const { lease } = this;
    const { invocationEndsMs = Infinity, isToStay } = this.origin;
    if (this.phase !== 'resting' && invocationEndsMs <= lease.deadlineMs) {
      if (isToStay) this.rest('invocation-ended', 'the invocation that uses it has ended');
      else this.lose('invocation-ended', 'the invocation that it belongs to has ended');
      return;
    }
    const pausedMs = this.ref.manager.pausedMs(this.dueMs(), lease.deadlineMs);
    const pause = (pausedMs / 1000).toFixed(1);
    if (pausedMs > 0) this.lose('deadline', `no refresh could be sent: nothing ran in this process for ${pause} s`);
    else this.lose('deadline', 'no refresh was confirmed before its deadline', this.lastFailure);
  }

  private stopWork(): void {
    if (this.aborted) return;
    const { ref } = this;
    const { reserveSeconds } = this.origin;
    const message = `${ref.label}: its invocation ends in ${reserveSeconds} s or less; stop now, while it is held`;
    this.abort(new InvocationEndingError(message, ref.errorDetails()));
  }

  /** Further calls do nothing. */
  private abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = { reason };
    this.controller?.abort(reason);
  }

  private lostError(reason: LockLostReason, what: string, cause?: unknown): LockLostError {
    return new LockLostError(`${this.ref.label} ${what}`, { ...this.ref.errorDetails(cause), reason });
  }
}
