/// <reference lib="esnext.disposable" preserve="true" />
import { orAborted } from '../core/abort.js';
import type { LocalQueue, Waiter } from '../core/local-queue.js';
import type { LockManager } from '../core/lock-manager.js';
import type { LockConditionCheck, TransactionItem } from '../core/store.js';
import type { LockRef } from '../entry/lock-ref.js';
import { LockHolder, type LockLostError, LockOptionError } from '../errors.js';
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
import { LOST_RELEASE_BUDGET_MS, releaseBudgetMs } from '../protocol/schedule.js';
import { GuardedWrites } from './guarded-writes.js';
import { handOverText } from './hand-over-text.js';
import { HeldState, type HoldOrigin } from './held-state.js';
import { LeaseRenewer } from './lease-renewer.js';
import { Release, type Tombstone } from './release.js';

/** What the next hold of the process takes over from one that it replaces. */
export interface ReplacedHold {
  readonly lease: LeaseState;
  readonly waiter: Waiter;
  /** Has still to hear how that hold ended. */
  readonly reporter: Reporter;
}

/** One acquisition of a lock (docs/protocol.md, section 4). */
export class Hold implements HeldLock {
  private readonly state: HeldState;
  private readonly renewer: LeaseRenewer;
  private releasing: Promise<void> | undefined;
  /** What the release leaves in the table, if anything. */
  private tombstone: Tombstone | undefined;
  private writes: GuardedWrites | undefined;

  constructor(
    private readonly ref: LockRef,
    origin: HoldOrigin,
  ) {
    const { lockAtLeastSeconds = 0, data, waiter } = origin;
    if (lockAtLeastSeconds > 0) this.keepTaken(lockAtLeastSeconds);
    this.state = new HeldState(ref, origin);
    waiter?.grant(this);
    this.renewer = new LeaseRenewer(this.state, data);
  }

  get name(): string {
    return this.ref.name;
  }

  get signal(): AbortSignal {
    return this.state.signal;
  }

  get fencingToken(): bigint {
    const { fencingToken } = this.state.lease;
    if (fencingToken !== undefined) return fencingToken;
    throw new LockOptionError(
      `${this.ref.label} is held without a fencing token; set fencing: true, for all of its clients`,
      this.ref.errorDetails(),
    );
  }

  get isHeld(): boolean {
    return this.state.isHeld;
  }

  get remainingSeconds(): number {
    return this.state.isHeld ? this.state.leftMs() / 1000 : 0;
  }

  assertHeld(options: { readonly forSeconds?: number } = {}): void {
    refuseUnknown(options, ['forSeconds'], 'assertHeld');
    const { forSeconds = 0 } = options;
    checkedForSeconds(forSeconds);
    if (!this.state.isHeld) throw this.state.whyNotHeld();
    const { remainingSeconds } = this;
    if (remainingSeconds < forSeconds) throw this.ref.tooShort(remainingSeconds, forSeconds, this.state.lastFailure);
  }

  async refresh(options: RefreshOptions = {}): Promise<void> {
    refuseUnknown(options, ['signal', 'data'], 'refresh');
    const data = checkedNote(options.data);
    const signal = checkedSignal(options.signal);
    if (this.state.phase === 'handed-over') return;
    this.assertNotHandingOver();
    await this.renewer.confirm({ data }, signal);
  }

  conditionCheck(): LockConditionCheck {
    return this.guardedWrites.conditionCheck();
  }

  async transactWrite(items: readonly TransactionItem[], options?: WaitOptions): Promise<void> {
    return this.guardedWrites.transactWrite(items, signalIn(options, 'transactWrite'));
  }

  async serialize(options?: WaitOptions): Promise<string> {
    const signal = signalIn(options, 'serialize');
    const { state } = this;
    this.assertNotHandingOver();
    state.become('handing-over');
    try {
      const version = await this.renewer.confirm({ handsOver: true }, signal);
      // If a release or the deadline came before this answer, the text is of no use.
      if (!state.isHeld) throw state.whyNotHeld();
      state.become('handed-over');
      state.origin.reporter.handedOver();
      return handOverText(this.name, version);
    } finally {
      // Not confirmed. Whichever write landed, the entry is still ours to keep alive.
      if (state.isHeld) state.become('held');
    }
  }

  async release(options?: WaitOptions): Promise<void> {
    const signal = signalIn(options, 'release');
    // A lock that stays with the process is not given back by work whose time is over.
    if (this.state.origin.isToStay && !this.state.isHeld) return;
    await orAborted(this.giveBack(), signal);
  }

  /**
   * From now on, the lock stays taken for that many seconds, though it is released sooner. Nobody holds it then.
   * @param data the note that it has meanwhile: JSON text
   */
  keepTaken(seconds: number, data?: string): void {
    this.tombstone = { untilMs: this.manager.clock.monotonicMs() + seconds * 1000, data };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.orWarn(this.release());
  }

  /** Gives back a lock that stays with the process. Work that still has it is told. Never rejects: it warns. */
  async takeBack(): Promise<void> {
    const { isHeld } = this.state;
    const givenBack = this.orWarn(this.giveBack());
    if (isHeld) this.state.tell(this.state.whyNotHeld());
    await givenBack;
  }

  /**
   * The work is over, and the lock stays with the process: it is not refreshed, and its end is no loss.
   * @param why what the work is told if it goes on
   * @param onOver called when the hold has ended, at once if it has already
   */
  rest(why: string, onOver: () => void): void {
    if (this.state.isHeld) this.state.rest('released', why);
    this.state.whenOver(onOver);
  }

  /**
   * Ends the hold for the next one of this process, which takes over its entry and its place in the local queue.
   * Returns nothing if it had ended. Unless it was handed over, its entry may be written over then, too.
   */
  replace(): ReplacedHold | undefined {
    const { state, stands } = this;
    const { lease, waiter, reporter } = state.origin;
    if (stands) state.become('released');
    if (state.phase !== 'handed-over') this.manager.abandon(lease.holdId);
    return stands && waiter ? { lease, waiter, reporter } : undefined;
  }

  /** Leaves the entry to another run of the same durable execution: this hold refreshes it no more. */
  passOn(): void {
    if (this.state.stands) this.state.become('handed-over');
  }

  /** Whether the lock is this process's by this hold, even if no work has it at the moment. */
  get stands(): boolean {
    return this.state.stands;
  }

  /** Whether it is a hold of this lock, or the hold of this id. */
  isOn(queue: LocalQueue, holdId?: string): boolean {
    return this.ref.queue === queue || this.state.lease.holdId === holdId;
  }

  get manager(): LockManager {
    return this.ref.manager;
  }

  /** Runs the work in the context that the lock's observers give it. */
  around<T>(work: () => T): T {
    return this.state.origin.reporter.around(work);
  }

  /** Why the work lost the lock, if it has. Reads the clock. */
  lossSoFar(): LockLostError | undefined {
    void this.state.stands;
    return this.state.loss;
  }

  /** Who holds it, for other callers of the process. */
  describe(): LockHolder {
    const { state } = this;
    const { hostIdentifier, leaseSeconds } = state.origin.reporter.attempt;
    const leftSeconds = state.stands ? state.leftMs() / 1000 : 0;
    return new LockHolder(hostIdentifier, leaseSeconds, leftSeconds, noteFrom(this.renewer.data));
  }

  private get guardedWrites(): GuardedWrites {
    this.writes ??= new GuardedWrites(this.state);
    return this.writes;
  }

  private assertNotHandingOver(): void {
    this.assertHeld();
    if (this.state.phase === 'handing-over') throw this.renewer.beingHandedOver();
  }

  private giveBack(): Promise<void> {
    this.releasing ??= this.releaseOnce();
    return this.releasing;
  }

  private async releaseOnce(): Promise<void> {
    const { ref, state, stands } = this;
    if (state.phase === 'handed-over') return;
    const { lease, waiter, reporter, isToStay, invocationEndsMs } = state.origin;
    const callerEndsMs = isToStay && !state.isHeld ? undefined : invocationEndsMs;
    const release = new Release(ref, lease, this.tombstone);
    if (stands) {
      const leftMs = Math.max(LOST_RELEASE_BUDGET_MS, state.leftMs());
      state.become('released');
      try {
        await reporter.releasing(release.within(releaseBudgetMs(lease.leaseSeconds, leftMs), callerEndsMs));
      } finally {
        // Also if it goes on with nobody waiting: the hold id is abandoned, so the next caller may write over the
        // entry.
        waiter?.leave();
      }
    } else if (state.loss && !['taken', 'broken', 'gone'].includes(state.loss.reason)) {
      await release.within(LOST_RELEASE_BUDGET_MS, callerEndsMs).catch((error: unknown) => {
        ref.settings.logger.debug(`${ref.label}: a lost hold's entry was not cleaned up`, { error });
      });
    }
  }

  private async orWarn(released: Promise<void>): Promise<void> {
    const { label, settings } = this.ref;
    await released.catch((error: unknown) => {
      const { leaseSeconds: seconds } = this.state.lease;
      settings.logger.warn(`${label}: the release was not confirmed; it may block others for up to ${seconds} s`, {
        error,
      });
    });
  }
}
