import { BoundedSet } from '../core/bounded.js';
import type { LockManager } from '../core/lock-manager.js';
import type { LockStore, NewEntry, WriteAnswer } from '../core/store.js';
import type { WaitBudget } from '../core/wait-budget.js';
import type { LockRef } from '../entry/lock-ref.js';
import { LockLostError, LockUnavailableError, LynkError } from '../errors.js';
import type { HandOver } from '../hold/hand-over-text.js';
import { takenBy } from '../protocol/breaking.js';
import type { LockEntry } from '../protocol/entry.js';
import { LeaseState } from '../protocol/lease-state.js';
import { retryDelayMs, tryBudgetMs } from '../protocol/schedule.js';
import { parseVersion } from '../protocol/version.js';
import type { Contender } from './contend.js';
import { discardAcquisition, ensureLease, mayHaveLanded, ownVersionIn } from './ensure-lease.js';

/** How many adoptions that ended without a hold one process remembers. */
const REMEMBERED = 1000;

/** The hold ids of adoptions that ended without a hold, each with the version that its text gives. */
const inVain = new WeakMap<LockManager, BoundedSet>();

/**
 * One try to go on holding what was handed over: a new hold id is written where exactly the given version stands
 * (docs/protocol.md, section 2). Where a try ends without a hold, its write may have landed unheard. Then the entry
 * stays for its lease, and the next try of this process with the same text goes on from there.
 */
export class Adoption {
  private readonly lease: LeaseState;
  /** Whether an entry of this try may stand. */
  private mayStand = false;

  constructor(
    private readonly ref: LockRef<LockStore>,
    private readonly handOver: HandOver,
    private readonly contender: Contender,
    private readonly budget: WaitBudget,
  ) {
    const { manager } = ref;
    const { leaseSeconds, requestId } = contender;
    this.lease = new LeaseState(manager.drawHoldId(requestId), leaseSeconds, contender.fencing);
  }

  /** @throws LockLostError where the given version stands no more: the text was used before, or its lease ran out */
  async adopt(): Promise<LeaseState> {
    try {
      return await this.untilAnswered();
    } catch (error) {
      // Refused for good, after an attempt without an answer that may have landed, or may land yet.
      if (this.mayStand && !(error instanceof LockUnavailableError)) await discardAcquisition(this.ref, this.lease);
      throw error;
    }
  }

  /**
   * It came to no hold, and its caller is told so. From now on another try with the same text may go on from it.
   * @param isCancelled the caller wants it no more: its entry, if there is one, is this process's to write over
   */
  endInVain(isCancelled: boolean): void {
    const { manager } = this.ref;
    const { holdId, former } = this.lease;
    const known = inVain.get(manager) ?? new BoundedSet(REMEMBERED);
    for (const each of [holdId, former?.holdId]) {
      if (each === undefined) continue;
      known.add(keyOf(this.handOver, each));
      if (isCancelled) manager.abandon(each);
    }
    inVain.set(manager, known);
  }

  private async untilAnswered(): Promise<LeaseState> {
    const { ref, lease, contender, budget } = this;
    const { manager, store } = ref;
    let { version: replacedVersion } = this.handOver;
    for (let failures = 0; !budget.isOver; failures += 1) {
      const version = ref.draw(lease);
      const entry = ref.newEntry(lease, version, contender);
      let answer: WriteAnswer;
      try {
        answer = await ref.exchange(this.budgetMs(), (signal) => store.adopt(entry, replacedVersion, signal));
      } catch (error) {
        this.mayStand ||= mayHaveLanded(error);
        if (error instanceof LynkError) throw error;
        budget.lastFailure = error;
        await budget.sleep(retryDelayMs(failures, manager.random.fraction()));
        continue;
      }
      const standing = answer.written ? version : ownVersionIn(answer.entry, lease.holdId);
      this.mayStand = standing !== undefined;
      if (standing !== undefined) {
        lease.confirm(standing, answer.dateMs);
        lease.fencingToken = (answer.written ? entry : answer.entry)?.fencingToken;
        ref.queue.noteToken(lease.fencingToken);
        if (answer.replaced) contender.reporter.wasGivenBy(answer.replaced);
        return await this.granted();
      }
      if (!this.isTokenInTheWay(answer.entry, replacedVersion, entry)) {
        replacedVersion = this.versionInVain(answer.entry);
      }
      ref.queue.noteToken(answer.entry?.fencingToken);
    }
    throw this.unavailable('no answer from DynamoDB in time', budget.lastFailure);
  }

  /** Whether all that kept the write out is a fencing token that this process had not seen. */
  private isTokenInTheWay(
    standing: LockEntry | undefined,
    replacedVersion: string,
    { fencingToken: ours }: NewEntry,
  ): boolean {
    const { version, fencingToken: theirs } = standing ?? {};
    return version === replacedVersion && ours !== undefined && theirs !== undefined && theirs >= ours;
  }

  /** What stands there of a try before this one, which may be replaced. */
  private versionInVain(entry: LockEntry | undefined): string {
    const { ref, handOver } = this;
    const holdId = entry && parseVersion(entry.version)?.holdId;
    if (entry && holdId && inVain.get(ref.manager)?.has(keyOf(handOver, holdId))) return entry.version;
    const now = entry ? takenBy(entry) : 'its entry is gone';
    throw new LockLostError(
      `${ref.label} cannot be taken from this hand-over text (used already, or too late): ${now}`,
      { ...ref.errorDetails(), reason: 'stale-hand-over' },
    );
  }

  /** Had, and made good where too little of its lease is left. */
  private async granted(): Promise<LeaseState> {
    const { ref, lease, contender } = this;
    const { granted, cause } = await ensureLease(
      ref,
      lease,
      contender,
      () => this.budgetMs(),
      async () => {},
    );
    if (granted) return lease;
    throw this.unavailable(
      `DynamoDB answered too late to leave half of a lease of ${lease.leaseSeconds} s`,
      cause ?? new Error('a slow answer'),
    );
  }

  private budgetMs(): number {
    return Math.min(this.budget.leftMs(), tryBudgetMs(this.contender.leaseSeconds));
  }

  private unavailable(why: string, cause: unknown): LockUnavailableError {
    return new LockUnavailableError(`${this.ref.label} was not taken over: ${why}`, this.ref.errorDetails(cause));
  }
}

function keyOf({ version }: HandOver, holdId: string): string {
  return `${version} ${holdId}`;
}
