import { WaitBudget } from '../core/wait-budget.js';
import type { LockRef } from '../entry/lock-ref.js';
import { untilAnswered } from '../entry/retry.js';
import { safetyMarginMs } from '../protocol/lease.js';
import { LeaseState } from '../protocol/lease-state.js';
import { ANSWER_RESERVE_MS, RELEASE_WAIT_SECONDS } from '../protocol/schedule.js';

/**
 * Further writes if the stamp of the tombstone does not keep the lock for as long as it has to stay taken, or longer.
 */
const CORRECTIONS = 2;

/** What stays of a hold's entry. */
export interface Tombstone {
  /** Monotonic time until which the lock stays taken, though nobody holds it. */
  readonly untilMs?: number | undefined;
  /** The note in it: JSON text. */
  readonly data?: string | undefined;
}

/** One version of the tombstone, and how long it has to keep the lock, counted from when it was first sent. */
interface TombstoneVersion {
  readonly lease: LeaseState;
  readonly neededMs: number;
}

/**
 * Ends a hold's entry (docs/protocol.md, section 2): deletes it, or replaces it by a tombstone if something has to
 * stay: the fencing token, or the lock taken for some time. A tombstone has a hold id that nobody refreshes. It is
 * taken over by the rules for a dead holder's entry.
 */
export class Release {
  private readonly tombstones: TombstoneVersion[] = [];
  /** The hold id of the entry that makes way: the hold's own, later that of the last tombstone. */
  private ours: string;

  constructor(
    private readonly ref: LockRef,
    private readonly lease: LeaseState,
    private readonly tombstone: Tombstone = {},
  ) {
    this.ours = lease.holdId;
    // From here on this process may take the entry over, whatever becomes of it. But while the lock has to stay taken,
    // the entry stands for that until a tombstone replaces it.
    if (this.keepMs() <= 0) ref.manager.abandon(lease.holdId);
  }

  /** One attempt. If nothing of the hold stands any more, it has nothing to do. */
  async attempt(budgetMs: number): Promise<void> {
    await this.write(budgetMs);
    // A late copy of the hold's first write may still put its entry back.
    this.ref.manager.abandon(this.lease.holdId);
  }

  /**
   * Attempts until one is answered, within the budget. The caller waits only for as long as a release may take
   * (docs/protocol.md, section 4). After that the attempts go on with nobody waiting, and keep no process alive. That
   * is safe whenever one of them lands: its condition is that the entry is still this hold's.
   * @param invocationEndsMs elapsed time at which the caller's invocation ends
   */
  async within(budgetMs: number, invocationEndsMs = Infinity): Promise<void> {
    const { ref } = this;
    const { manager, label, settings } = ref;
    const limits = { waitSeconds: RELEASE_WAIT_SECONDS, untilMs: invocationEndsMs - ANSWER_RESERVE_MS };
    const unanswered = (cause: unknown) => ref.notConfirmed('release', cause);
    const budget = new WaitBudget(manager, limits, undefined, unanswered);
    const attempts = untilAnswered(manager, { budgetMs, keepAlive: false, unanswered }, (attemptMs) => {
      budget.sent();
      return this.attempt(attemptMs).catch((error: unknown) => {
        budget.failed(error);
        throw error;
      });
    });
    attempts.catch((error: unknown) => {
      if (budget.isOver) settings.logger.debug(`${label}: a release that nobody waits for any more failed`, { error });
    });
    try {
      await budget.race(attempts);
    } finally {
      budget.close();
    }
  }

  private async write(budgetMs: number): Promise<void> {
    const { ref, tombstone } = this;
    const { store, name } = ref;
    for (let corrections = 0; ; corrections += 1) {
      const keepMs = Math.max(0, this.keepMs());
      if (keepMs === 0 && !this.lease.fencing) {
        await ref.exchange(budgetMs, (signal) => store.release(name, this.ours, signal));
        return;
      }
      const lease = this.drawLease(Math.ceil(keepMs / 1000));
      const { leaseSeconds } = lease;
      // A stamp behind DynamoDB's clock would open the lock too early. `draw` stamps no earlier than DynamoDB's time
      // certainly is, even if the wall clock was set back since the last answer; the answer to this write tells the
      // rest.
      const version = ref.draw(lease);
      this.tombstones.push({ lease, neededMs: keepMs });
      const expiresAtSeconds = ref.expiresAtSeconds(leaseSeconds, this.lease.latestToken);
      const { ours } = this;
      const entry = { lockKey: name, ours, version, leaseSeconds, expiresAtSeconds, data: tombstone.data };
      const answer = await ref.exchange(budgetMs, (signal) => store.leave(entry, signal));
      const standing = answer.written ? version : answer.entry?.version;
      const landed = standing && this.tombstones.find((sent) => standing.includes(sent.lease.holdId));
      if (!landed) return;
      // It may be an earlier one, whose answer was lost.
      landed.lease.confirm(standing, answer.dateMs);
      this.ours = landed.lease.holdId;
      // A stamp that is ahead would keep the lock for longer from contenders who go by it alone.
      const isAhead = landed.lease.leaseSeconds > 0 && ref.isAhead(landed.lease);
      if ((isEnough(landed) && !isAhead) || corrections === CORRECTIONS) return;
    }
  }

  /** For how long the lock has to stay taken. By the monotonic clock: a wall clock set forward must not shorten it. */
  private keepMs(): number {
    const { untilMs = -Infinity } = this.tombstone;
    return untilMs - this.ref.manager.clock.monotonicMs();
  }

  /** Each write has a hold id of its own: its lease may differ, so it must not look the same. */
  private drawLease(leaseSeconds: number): LeaseState {
    const salt = `${this.lease.holdId} ${this.tombstones.length}`;
    return new LeaseState(this.ref.manager.drawTombstoneHoldId(salt), leaseSeconds);
  }
}

/**
 * Whether a contender who goes by the stamp waits long enough: for less time if the stamp was behind DynamoDB's clock.
 */
function isEnough({ lease, neededMs }: TombstoneVersion): boolean {
  const { deadlineMs, confirmedSentMs, leaseSeconds } = lease;
  return deadlineMs + safetyMarginMs(leaseSeconds) - confirmedSentMs >= neededMs;
}
