import type { WriteAnswer } from '../core/store.js';
import type { LockRef } from '../entry/lock-ref.js';
import { untilAnswered } from '../entry/retry.js';
import { LockEntryError, type LockLostError, type LockLostReason, LynkError } from '../errors.js';
import type { Reporter } from '../observe/reporter.js';
import { isBroken, takenBy } from '../protocol/breaking.js';
import type { LockEntry } from '../protocol/entry.js';
import type { LeaseState } from '../protocol/lease-state.js';
import { refreshBudgetMs, tryBudgetMs } from '../protocol/schedule.js';
import type { Pulse } from './heartbeat.js';

/** The hold that is refreshed. */
export interface Refreshed {
  /** Whether it is held now; reads the clock. */
  readonly isHeld: boolean;
  /** Milliseconds until its end. */
  leftMs(): number;
  /** Elapsed time at which its next refresh is due. */
  dueMs(): number;
  lose(reason: LockLostReason, why: string, cause?: unknown): void;
  whyNotHeld(): LockLostError;
  /** Where it is told what becomes of it. */
  readonly reporter: Reporter;
}

/** What a refresh is for, besides the lease. */
interface Purpose {
  /** Nobody knows when the receiver comes: the entry gets no expiry. */
  readonly handsOver?: boolean;
  /** The note to put there: JSON text. */
  readonly data?: string | undefined;
}

/** The refreshes of one hold, and what their answers tell of it (docs/protocol.md, sections 2 and 4). */
export class LeaseRenewer implements Pulse {
  /** The failure in transit that no answer has followed yet: the cause, should the deadline pass. */
  lastFailure: unknown;
  private isHandingOver = false;

  constructor(
    private readonly ref: LockRef,
    private readonly lease: LeaseState,
    /** The note that the entry carries: JSON text. */
    public data: string | undefined,
    private readonly hold: Refreshed,
  ) {}

  isAlive(): boolean {
    return this.hold.isHeld;
  }

  dueMs(): number {
    return this.hold.dueMs();
  }

  leftMs(): number {
    return this.hold.leftMs();
  }

  async refresh(): Promise<void> {
    await this.once();
  }

  /**
   * One refresh, one answer. Resolves to what stands of ours, or to nothing where the hold ended meanwhile;
   * rejects for a failure in transit.
   */
  async once(
    { handsOver = false, data }: Purpose = {},
    signal?: AbortSignal,
    budgetMs = refreshBudgetMs(this.hold.leftMs()),
  ): Promise<Pick<LockEntry, 'version' | 'data'> | undefined> {
    const { ref, lease, hold } = this;
    // While handing over, no other refresh may follow: the text would name a version that is gone.
    if (this.isHandingOver !== handsOver || !hold.isHeld) return undefined;
    const version = ref.draw(lease);
    const lockKey = ref.name;
    const { holdId, fencingToken } = lease;
    const expiresAtSeconds = handsOver ? undefined : ref.expiresAtSeconds(lease.leaseSeconds, fencingToken);
    let answer: WriteAnswer;
    try {
      answer = await ref.exchange(
        budgetMs,
        (budget) => ref.store.refresh({ lockKey, holdId, version, expiresAtSeconds, fencingToken, data }, budget),
        signal,
      );
    } catch (error) {
      // The caller's own reason, whatever it is, tells nothing of the lock.
      if (signal?.aborted) throw error;
      if (loseToNoEntry(hold, error)) return undefined;
      this.lastFailure = error;
      if (hold.isHeld) hold.reporter.refreshFailed(error, hold.leftMs());
      throw error;
    }
    // An answer that comes after the deadline, or after the release, changes nothing any more.
    if (!hold.isHeld) return undefined;
    this.lastFailure = undefined;
    const standing = answer.written ? { version, ...(data !== undefined && { data }) } : answer.entry;
    if (standing?.version.includes(holdId) && (answer.written || hasToken(answer.entry, lease))) {
      const before = { dueMs: hold.dueMs(), remainedMs: hold.leftMs() };
      lease.confirm(standing.version, answer.dateMs);
      hold.reporter.refreshed(before, hold.leftMs());
      return standing;
    }
    loseTo(hold, lease, answer.entry);
    return undefined;
  }

  /** Refreshes until confirmed, at most for as long as a try may take and the hold lasts. */
  async confirm(purpose: Purpose, signal: AbortSignal | undefined): Promise<string> {
    const { ref, hold } = this;
    const { data } = purpose;
    const bounds = {
      budgetMs: tryBudgetMs(this.lease.leaseSeconds),
      leftMs: () => hold.leftMs(),
      signal,
      keepAlive: true,
      unanswered: (cause: unknown) => (hold.isHeld ? ref.notConfirmed('refresh', cause) : hold.whyNotHeld()),
    };
    const standing = await untilAnswered(ref.manager, bounds, async (budgetMs) => {
      const answer = await this.once(purpose, signal, budgetMs);
      // A beat of the heart that overtook it kept its note out: the entry is ours, but says something else.
      if (answer && data !== undefined && answer.data !== data) throw new Error('another refresh came first');
      return answer;
    });
    if (standing === undefined) throw hold.isHeld ? this.beingHandedOver() : hold.whyNotHeld();
    if (data !== undefined) this.data = data;
    return standing.version;
  }

  /** The version that the receiver of the hand-over is to find. From here on no other refresh is sent, unless it fails. */
  async handOver(signal: AbortSignal | undefined): Promise<string> {
    this.isHandingOver = true;
    try {
      return await this.confirm({ handsOver: true }, signal);
    } catch (error) {
      this.isHandingOver = false;
      throw error;
    }
  }

  /** For whoever else would write meanwhile. It is no loss: the hand-over may yet fail, and the hold go on. */
  beingHandedOver(): LynkError {
    const { label } = this.ref;
    return new LynkError(`${label} is being handed over; wait for that call`, this.ref.errorDetails());
  }
}

/** Ends a hold in whose place something stands that is no entry of a lock, where that is the error. */
export function loseToNoEntry(hold: Pick<Refreshed, 'isHeld' | 'lose'>, error: unknown): boolean {
  if (!(error instanceof LockEntryError && hold.isHeld)) return false;
  hold.lose('taken', 'what stands in its place is no entry of a lock', error);
  return true;
}

/** Whether the entry carries the hold's own fencing token, if it has one. */
function hasToken(entry: LockEntry | undefined, { fencingToken }: LeaseState): boolean {
  return fencingToken === undefined || entry?.fencingToken === fencingToken;
}

/** Ends a hold in whose place this entry stands, or none. */
export function loseTo(hold: Pick<Refreshed, 'lose'>, { holdId }: LeaseState, entry: LockEntry | undefined): void {
  if (entry?.version.includes(holdId)) {
    hold.lose('taken', 'its fencing token is another now: somebody else held it meanwhile, or changed its entry');
  } else if (entry) hold.lose(isBroken(entry) ? 'broken' : 'taken', takenBy(entry));
  else hold.lose('gone', 'its entry was deleted from the table');
}
