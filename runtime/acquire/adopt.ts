import { BoundedSet } from '../core/bounded.js';
import type { LockManager } from '../core/lock-manager.js';
import type { LockStore, NewEntry, WriteAnswer } from '../core/store.js';
import type { WaitBudget } from '../core/wait-budget.js';
import type { LockRef } from '../entry/lock-ref.js';
import { retry } from '../entry/retry.js';
import { LockLostError, LockUnavailableError } from '../errors.js';
import type { HandOver } from '../hold/hand-over-text.js';
import { takenBy } from '../protocol/breaking.js';
import type { LockEntry } from '../protocol/entry.js';
import { LeaseState } from '../protocol/lease-state.js';
import { tryBudgetMs } from '../protocol/schedule.js';
import { parseVersion } from '../protocol/version.js';
import type { AnyRequest } from './acquire-request.js';
import { discardAcquisition, ensureLease, mayHaveLanded, ownVersionIn } from './ensure-lease.js';

/** So many adoptions that ended without a hold one process remembers. */
const REMEMBERED = 1000;

/** The hold ids of adoptions that ended without a hold, each with the version in its text. */
const inVain = new WeakMap<LockManager, BoundedSet>();

/**
 * One try to go on holding what was handed over: it writes a new hold id over exactly the given version
 * (docs/protocol.md, section 2). If a try ends without a hold, its write may have landed without an answer. Then the
 * entry stays for its lease, and the next try of this process with the same text goes on from there.
 */
export class Adoption {
  private readonly lease: LeaseState;
  /** Whether an entry of this try may stand. */
  private mayStand = false;

  constructor(
    private readonly ref: LockRef<LockStore>,
    private readonly handOver: HandOver,
    private readonly request: AnyRequest,
    private readonly budget: WaitBudget,
  ) {
    const { manager } = ref;
    const { leaseSeconds, requestId, fencing } = request;
    this.lease = new LeaseState(manager.drawHoldId(requestId), leaseSeconds, fencing);
  }

  /** @throws LockLostError if the given version does not stand any more: the text was used, or its lease ran out */
  async adopt(): Promise<LeaseState> {
    try {
      return await this.write();
    } catch (error) {
      // Refused for good, after an attempt without an answer that may have landed, or may land yet.
      const isRefused = !this.budget.isOver && !(error instanceof LockUnavailableError);
      if (this.mayStand && isRefused) await discardAcquisition(this.ref, this.lease);
      throw error;
    }
  }

  /**
   * To be called if the try ends without a hold. From now on another try with the same text may go on from it.
   * @param isCancelled the caller aborted: this process may write over the entry, if there is one
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

  private async write(): Promise<LeaseState> {
    const { ref, lease, request } = this;
    const { observed } = ref;
    for (let { version: replacedVersion } = this.handOver; ; ) {
      const { version, entry, answer } = await retry(this.budget, () => this.send(replacedVersion));
      const standing = answer.written ? version : ownVersionIn(answer.entry, lease.holdId);
      this.mayStand = standing !== undefined;
      if (standing !== undefined) {
        lease.confirm(standing, answer.dateMs);
        lease.fencingToken = (answer.written ? entry : answer.entry)?.fencingToken;
        observed.noteToken(lease.fencingToken);
        if (answer.replaced) request.reporter.wasGivenBy(answer.replaced);
        return await this.granted();
      }
      if (!this.isTokenInTheWay(answer.entry, replacedVersion, entry)) {
        replacedVersion = this.versionInVain(answer.entry);
      }
      observed.noteToken(answer.entry?.fencingToken);
    }
  }

  private async send(
    replacedVersion: string,
  ): Promise<{ readonly version: string; readonly entry: NewEntry; readonly answer: WriteAnswer }> {
    const { ref, lease, request } = this;
    const version = ref.draw(lease);
    const entry = ref.newEntry(lease, version, request);
    this.budget.sent();
    try {
      const answer = await ref.exchange(this.budgetMs(), (signal) => ref.store.adopt(entry, replacedVersion, signal));
      return { version, entry, answer };
    } catch (error) {
      this.mayStand ||= mayHaveLanded(error);
      throw error;
    }
  }

  /** Whether only a fencing token that this process had not seen kept the write out. */
  private isTokenInTheWay(
    standing: LockEntry | undefined,
    replacedVersion: string,
    { fencingToken: ours }: NewEntry,
  ): boolean {
    const { version, fencingToken: theirs } = standing ?? {};
    return version === replacedVersion && ours !== undefined && theirs !== undefined && theirs >= ours;
  }

  /** The version that an earlier try in vain left: this one may replace it. */
  private versionInVain(entry: LockEntry | undefined): string {
    const { ref, handOver } = this;
    const holdId = entry && parseVersion(entry.version)?.holdId;
    if (entry && holdId && inVain.get(ref.manager)?.has(keyOf(handOver, holdId))) return entry.version;
    const now = entry ? takenBy(entry) : 'its entry is gone';
    throw new LockLostError(
      `${ref.label} cannot be taken from this hand-over token (used already, or too late): ${now}`,
      { ...ref.errorDetails(), reason: 'stale-hand-over' },
    );
  }

  private async granted(): Promise<LeaseState> {
    const { ref, lease, request } = this;
    const { granted, cause } = await ensureLease(
      ref,
      lease,
      request,
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
    return Math.min(this.budget.leftMs(), tryBudgetMs(this.request.leaseSeconds));
  }

  private unavailable(why: string, cause: unknown): LockUnavailableError {
    return new LockUnavailableError(`${this.ref.label} was not taken over: ${why}`, this.ref.errorDetails(cause));
  }
}

function keyOf({ version }: HandOver, holdId: string): string {
  return `${version} ${holdId}`;
}
