import { WaitBudget } from '../core/wait-budget.js';
import type { LockRef } from '../entry/lock-ref.js';
import { untilAnswered } from '../entry/retry.js';
import { safetyMarginMs } from '../protocol/lease.js';
import { LeaseState } from '../protocol/lease-state.js';
import { ANSWER_RESERVE_MS, RELEASE_WAIT_SECONDS } from '../protocol/schedule.js';

/** Further writes after one whose stamp does not keep the lock for as long as it is meant to stay taken, or longer. */
const CORRECTIONS = 2;

/** What is to stay of a hold's entry. */
export interface Tombstone {
  /** Monotonic time until which the lock stays taken, though nobody holds it. */
  readonly untilMs?: number | undefined;
  /** A note to leave there: JSON text. */
  readonly data?: string | undefined;
}

/** One version that was left, and how long it has to keep the lock, counted from when it was first sent. */
interface Left {
  readonly lease: LeaseState;
  readonly neededMs: number;
}

/**
 * The end of a hold's entry (docs/protocol.md, section 2): it is deleted, or where something of it has to
 * stay, the fencing token at least, replaced by a version under a hold id that nobody holds. That one is nobody's to refresh, and is
 * taken over by the same rules as a dead holder's.
 */
export class Release {
  private readonly left: Left[] = [];
  /** Whose entry makes way: the hold's, later what was left itself. */
  private ours: string;

  constructor(
    private readonly ref: LockRef,
    private readonly hold: LeaseState,
    private readonly tombstone: Tombstone = {},
  ) {
    this.ours = hold.holdId;
    // From here on nobody in this process believes in the hold, whatever becomes of its entry. Where something
    // stays, its entry still stands for that: until it is replaced, this process is not to take it over either.
    if (this.restMs() <= 0) ref.manager.abandon(hold.holdId);
  }

  /** One attempt. Where nothing of the hold stands any more, there is nothing left to do. */
  async attempt(budgetMs: number): Promise<void> {
    await this.write(budgetMs);
    // A copy of the hold's first write that comes late may yet put its entry back.
    this.ref.manager.abandon(this.hold.holdId);
  }

  /**
   * Attempts until one is answered, within the budget, for which a caller waits as long as a caller can be let wait
   * (docs/protocol.md, section 4). Then they go on behind its back, and keep no process alive. That harms nobody,
   * whenever one of them lands: each is on condition that what ends is the hold's still.
   * @param invocationEndsMs elapsed time at which the caller's invocation ends
   */
  async within(budgetMs: number, invocationEndsMs = Infinity): Promise<void> {
    const { ref } = this;
    const { manager, label, settings } = ref;
    const limits = { waitSeconds: RELEASE_WAIT_SECONDS, untilMs: invocationEndsMs - ANSWER_RESERVE_MS };
    const unanswered = (cause: unknown) => ref.notConfirmed('release', cause);
    const budget = new WaitBudget(manager, limits, undefined, unanswered);
    const attempts = untilAnswered(manager, { budgetMs, keepAlive: false, unanswered }, (attemptMs) => {
      budget.asks();
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
      const restMs = Math.max(0, this.restMs());
      if (restMs === 0 && !this.hold.fencing) {
        await ref.exchange(budgetMs, (signal) => store.release(name, this.ours, signal));
        return;
      }
      const left = { lease: this.drawLease(Math.ceil(restMs / 1000)), neededMs: restMs };
      const { leaseSeconds } = left.lease;
      // No deadline is shortened by what this stamp is behind: a wall clock set back since the last answer is to open
      // the lock to nobody until the answer to this write corrects it.
      const version = ref.draw(left.lease);
      this.left.push(left);
      const expiresAtSeconds = ref.expiresAtSeconds(leaseSeconds, this.hold.latestToken);
      const { ours } = this;
      const entry = { lockKey: name, ours, version, leaseSeconds, expiresAtSeconds, data: tombstone.data };
      const answer = await ref.exchange(budgetMs, (signal) => store.leave(entry, signal));
      const standing = answer.written ? version : answer.entry?.version;
      const landed = standing && this.left.find(({ lease }) => standing.includes(lease.holdId));
      if (!landed) return;
      // An answer that was lost had left it already.
      landed.lease.confirm(standing, answer.dateMs);
      this.ours = landed.lease.holdId;
      // Ahead, it would keep the lock for longer from those who go by its stamp alone.
      const isAhead = landed.lease.leaseSeconds > 0 && ref.isAhead(landed.lease);
      if ((isEnough(landed) && !isAhead) || corrections === CORRECTIONS) return;
    }
  }

  /** By the monotonic clock, which never runs ahead: a wall clock set forward must not shorten it. */
  private restMs(): number {
    const { untilMs = -Infinity } = this.tombstone;
    return untilMs - this.ref.manager.clock.monotonicMs();
  }

  /** Each attempt has a hold id of its own: it may leave another lease, and must not look the same. */
  private drawLease(leaseSeconds: number): LeaseState {
    return new LeaseState(
      this.ref.manager.drawTombstoneHoldId(`${this.hold.holdId} ${this.left.length}`),
      leaseSeconds,
    );
  }
}

/**
 * Whether a contender who goes by the stamp will wait long enough: where the stamp was behind DynamoDB's
 * clock, by how much less.
 */
function isEnough({ lease, neededMs }: Left): boolean {
  const { deadlineMs, confirmedSentMs, leaseSeconds } = lease;
  return deadlineMs + safetyMarginMs(leaseSeconds) - confirmedSentMs >= neededMs;
}
