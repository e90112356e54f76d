import { LockEntryError, LockHolder, LockLostError, type LockLostReason, LynkError } from '../errors.js';
import type { Ledger } from '../protocol/ledger.js';
import {
  LOST_RELEASE_BUDGET_MS,
  refreshBudgetMs,
  refreshDueMs,
  refreshRetryDelayMs,
  releaseBudgetMs,
  retryDelayMs,
  tryBudgetMs,
} from '../protocol/schedule.js';
import { orAborted } from './abort.js';
import type { Chronicle } from './chronicle.js';
import { handOverText } from './hand-over.js';
import { Heartbeat } from './heartbeat.js';
import type { HeldLock, WaitOptions } from './held-lock.js';
import type { LocalLock, Place } from './local-lock.js';
import { checkedForSeconds } from './options.js';
import type { LockProcess } from './process.js';
import type { WriteAnswer } from './store.js';
import type { LockTarget } from './target.js';

/** Where a hold comes from, and what bounds it. */
export interface HoldOrigin {
  readonly ledger: Ledger;
  /** The place in the local queue, which the hold gives up at its end. */
  readonly place?: Place | undefined;
  /** The caller's signal: `held.signal` aborts with it. */
  readonly signal?: AbortSignal | undefined;
  /** Elapsed time at which the invocation ends that the hold belongs to. */
  readonly invocationEndsMs?: number | undefined;
  /** Where it is told what becomes of the hold. */
  readonly chronicle: Chronicle;
}

/** One acquisition of a lock (docs/protocol.md, section 4). */
export class Hold implements HeldLock {
  private state: 'held' | 'handing-over' | 'handed-over' | 'released' | 'lost' = 'held';
  private loss: LockLostError | undefined;
  private releasing: Promise<void> | undefined;
  /** The failure in transit that no answer has followed yet: the cause, should the deadline pass. */
  private lastFailure: unknown;
  private readonly controller = new AbortController();
  private readonly heartbeat: Heartbeat;
  private readonly unwatch: () => void;

  constructor(
    private readonly target: LockTarget,
    private readonly origin: HoldOrigin,
  ) {
    const { process } = target;
    this.heartbeat = new Heartbeat(process, {
      isAlive: () => this.check(),
      dueMs: () => this.dueMs(),
      leftMs: () => this.leftMs(),
      refresh: () => this.refreshOnce().then(() => {}),
    });
    this.unwatch = process.watch(() => {
      if (this.check()) this.heartbeat.catchUp();
    });
    origin.place?.grant(() => this.describe());
    origin.signal?.addEventListener('abort', this.onCallerAbort, { once: true });
    if (origin.signal?.aborted) this.onCallerAbort();
    this.heartbeat.start();
    this.armDeadline();
  }

  get name(): string {
    return this.target.name;
  }

  get signal(): AbortSignal {
    this.check();
    return this.controller.signal;
  }

  get isHeld(): boolean {
    return this.check();
  }

  get remainingSeconds(): number {
    return this.check() ? this.leftMs() / 1000 : 0;
  }

  assertHeld({ forSeconds = 0 }: { readonly forSeconds?: number } = {}): void {
    checkedForSeconds(forSeconds);
    if (!this.check()) throw this.whyNotHeld();
    const { remainingSeconds } = this;
    if (remainingSeconds >= forSeconds) return;
    throw this.lossError(
      'deadline',
      `${this.target.label} is held for ${remainingSeconds.toFixed(3)} s more, not for the ${forSeconds} s asked for`,
      this.lastFailure,
    );
  }

  /** Whether it is a hold on this lock. */
  isOn(local: LocalLock): boolean {
    return this.target.local === local;
  }

  /** The process it is held by. */
  get process(): LockProcess {
    return this.target.process;
  }

  /** The loss that ended this hold before its time; reads the clock. */
  lossSoFar(): LockLostError | undefined {
    this.check();
    return this.loss;
  }

  /** Who holds it, for callers of the same process that ask. */
  private describe(): LockHolder {
    const { hostIdentifier, leaseSeconds } = this.origin.chronicle.asking;
    return new LockHolder(hostIdentifier, leaseSeconds, this.remainingSeconds);
  }

  async refresh({ signal }: WaitOptions = {}): Promise<void> {
    if (this.state === 'handed-over') return;
    this.assertHeld();
    await this.confirmRefresh('keep', signal);
  }

  async serialize({ signal }: WaitOptions = {}): Promise<string> {
    this.assertHeld();
    if (this.state === 'handing-over') throw this.whyNotHeld();
    this.state = 'handing-over';
    this.heartbeat.stop();
    try {
      const version = await this.confirmRefresh('hand-over', signal);
      this.end('handed-over');
      this.origin.chronicle.handedOver();
      return handOverText(this.name, version);
    } finally {
      if (this.check()) {
        // Not confirmed: whatever landed, it is still ours to keep alive.
        this.state = 'held';
        this.heartbeat.start();
      }
    }
  }

  release({ signal }: WaitOptions = {}): Promise<void> {
    this.releasing ??= this.releaseOnce();
    if (!signal) return this.releasing;
    return orAborted(this.releasing, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.release();
    } catch (error) {
      const { leaseSeconds } = this.origin.ledger;
      this.target.settings.logger.warn(
        `${this.target.label}: the release was not confirmed; it may block others for up to ${leaseSeconds} s`,
        { error },
      );
    }
  }

  /** Whether the lock is held now; past its end, it becomes lost here. */
  private check(): boolean {
    if (this.state !== 'held' && this.state !== 'handing-over') return false;
    if (this.target.process.elapsedMs() < this.endMs()) return true;
    const { invocationEndsMs = Number.POSITIVE_INFINITY, ledger } = this.origin;
    if (invocationEndsMs <= ledger.deadlineMs) {
      this.lose('invocation-ended', 'the invocation that it belongs to has ended');
    } else {
      this.lose('deadline', 'no refresh was confirmed before its deadline', this.lastFailure);
    }
    return false;
  }

  private endMs(): number {
    const { ledger, invocationEndsMs = Number.POSITIVE_INFINITY } = this.origin;
    return Math.min(ledger.deadlineMs, invocationEndsMs);
  }

  private leftMs(): number {
    return this.endMs() - this.target.process.elapsedMs();
  }

  private dueMs(): number {
    const { confirmedSentMs, deadlineMs, leaseSeconds } = this.origin.ledger;
    return refreshDueMs(confirmedSentMs, deadlineMs, leaseSeconds);
  }

  /** The tick alone would tell up to its own length late. */
  private armDeadline(): void {
    if (!this.check()) return;
    const { process } = this.target;
    const timer = process.clock.after(this.leftMs(), () => this.armDeadline());
    this.cancelDeadline = () => timer.cancel();
  }
  private cancelDeadline: () => void = () => {};

  /**
   * One refresh, one answer. Resolves to the version of ours that stands, or to nothing where the hold
   * ended meanwhile; rejects for a failure in transit.
   */
  private async refreshOnce(purpose: 'keep' | 'hand-over' = 'keep', signal?: AbortSignal): Promise<string | undefined> {
    const { target } = this;
    const { ledger } = this.origin;
    // While handing over, no other refresh may follow: the text would name a version that is gone.
    if (purpose === 'keep' && this.state !== 'held') return undefined;
    const version = target.draw(ledger);
    const lockKey = target.name;
    const expiresAtSeconds = purpose === 'keep' ? target.expiresAtSeconds(ledger.leaseSeconds) : undefined;
    const budgetMs = refreshBudgetMs(this.leftMs());
    let answer: WriteAnswer;
    try {
      answer = await target.exchange(
        budgetMs,
        (budget) => target.store.refresh({ lockKey, holdId: ledger.holdId, version, expiresAtSeconds }, budget),
        signal,
      );
    } catch (error) {
      if (error instanceof LockEntryError && this.check()) {
        this.lose('taken', 'what stands in its place is no entry of a lock', error);
        return undefined;
      }
      if (!signal?.aborted) this.lastFailure = error;
      this.origin.chronicle.refreshFailed(error, this.leftMs());
      throw error;
    }
    // An answer that comes after the deadline, or after the release, changes nothing any more.
    if (!this.check()) return undefined;
    this.lastFailure = undefined;
    const standing = answer.written ? version : answer.entry?.version;
    if (standing?.includes(ledger.holdId)) {
      const before = { dueMs: this.dueMs(), remainedMs: this.leftMs() };
      ledger.confirm(standing, answer.dateMs);
      this.origin.chronicle.refreshed(before, this.leftMs());
      return standing;
    }
    if (answer.entry) this.lose('taken', `${answer.entry.hostIdentifier} holds it now`);
    else this.lose('gone', 'its entry was deleted from the table');
    return undefined;
  }

  /** Refreshes until confirmed, at most for as long as a try may take and the hold lasts. */
  private async confirmRefresh(purpose: 'keep' | 'hand-over', signal: AbortSignal | undefined): Promise<string> {
    const { process } = this.target;
    const limitMs = process.elapsedMs() + tryBudgetMs(this.origin.ledger.leaseSeconds);
    for (let failures = 0; ; failures += 1) {
      signal?.throwIfAborted();
      try {
        const version = await this.refreshOnce(purpose, signal);
        if (version === undefined) throw this.whyNotHeld();
        return version;
      } catch (error) {
        signal?.throwIfAborted();
        if (!this.check()) throw this.whyNotHeld();
        // Lost, or not to be had by asking again.
        if (error instanceof LynkError) throw error;
        if (process.elapsedMs() >= limitMs) throw this.notConfirmed('refresh', error);
      }
      await this.pause(refreshRetryDelayMs(failures, this.leftMs(), process.random.fraction()), signal);
    }
  }

  private async releaseOnce(): Promise<void> {
    const { process } = this.target;
    if (this.state === 'handed-over') return;
    // From here on nobody in this process believes in this hold, whatever becomes of its entry: a copy of
    // its first write that comes late may even put it back.
    process.giveUp(this.origin.ledger.holdId);
    if (this.check()) {
      const leftMs = Math.max(LOST_RELEASE_BUDGET_MS, this.leftMs());
      this.finish('released');
      try {
        const released = this.deleteEntry(releaseBudgetMs(this.origin.ledger.leaseSeconds, leftMs));
        await this.origin.chronicle.releasing(released);
      } finally {
        this.origin.place?.leave();
      }
    } else if (this.loss && this.loss.reason !== 'taken' && this.loss.reason !== 'gone') {
      await this.deleteEntry(LOST_RELEASE_BUDGET_MS).catch((error: unknown) => {
        this.target.settings.logger.debug(`${this.target.label}: a lost hold's entry was not cleaned up`, { error });
      });
    }
  }

  /** Deletes this hold's entry, trying again within the budget. */
  private async deleteEntry(budgetMs: number): Promise<void> {
    const { process, store, name } = this.target;
    const { holdId } = this.origin.ledger;
    const limitMs = process.elapsedMs() + budgetMs;
    for (let failures = 0; ; failures += 1) {
      const leftMs = limitMs - process.elapsedMs();
      try {
        await this.target.exchange(refreshBudgetMs(leftMs), (signal) => store.release(name, holdId, signal));
        return;
      } catch (error) {
        if (error instanceof LynkError) throw error;
        const delayMs = retryDelayMs(failures, process.random.fraction());
        if (process.elapsedMs() + delayMs >= limitMs) throw this.notConfirmed('release', error);
        await this.pause(delayMs, undefined);
      }
    }
  }

  private pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    const slept = new Promise<void>((resolve) => {
      this.target.process.clock.after(delayMs, resolve, { keepAlive: true });
    });
    return signal ? orAborted(slept, signal) : slept;
  }

  private readonly onCallerAbort = (): void => this.controller.abort(this.origin.signal?.reason);

  private lose(reason: LockLostReason, why: string, cause?: unknown): void {
    this.loss = this.lossError(reason, `${this.target.label} was lost: ${why}`, cause);
    this.end('lost');
    this.origin.chronicle.lost(this.loss);
    this.controller.abort(this.loss);
  }

  /** Ends the hold and lets the next local caller come forward. */
  private end(state: 'handed-over' | 'lost'): void {
    this.finish(state);
    this.origin.place?.leave();
  }

  private finish(state: 'handed-over' | 'released' | 'lost'): void {
    this.state = state;
    this.heartbeat.stop();
    this.cancelDeadline();
    this.unwatch();
    this.origin.signal?.removeEventListener('abort', this.onCallerAbort);
  }

  private whyNotHeld(): LockLostError {
    if (this.loss) return this.loss;
    const reason = this.state === 'released' ? this.state : 'handed-over';
    return this.lossError(reason, `${this.target.label} is not held any more: it was ${reason.replace('-', ' ')}`);
  }

  private lossError(reason: LockLostReason, message: string, cause?: unknown): LockLostError {
    return new LockLostError(message, { ...this.target.errorDetails(cause), reason });
  }

  private notConfirmed(what: 'refresh' | 'release', cause: unknown): LynkError {
    return new LynkError(
      `${this.target.label}: the ${what} was not confirmed in time`,
      this.target.errorDetails(cause),
    );
  }
}
