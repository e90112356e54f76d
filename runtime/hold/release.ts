import { Patience } from '../core/wait-budget.js';
import type { LockTarget } from '../entry/lock-ref.js';
import { untilAnswered } from '../entry/retry.js';
import { safetyMarginMs } from '../protocol/lease.js';
import { Ledger } from '../protocol/ledger.js';
import { ANSWER_RESERVE_MS, RELEASE_WAIT_SECONDS } from '../protocol/schedule.js';

/** Further writes after one whose stamp does not keep the lock for as long as it is meant to stay taken, or longer. */
const CORRECTIONS = 2;

/** What is to stay of a hold's entry. */
export interface Remains {
  /** Monotonic time until which the lock stays taken, though nobody holds it. */
  readonly untilMs?: number | undefined;
  /** A note to leave there: JSON text. */
  readonly data?: string | undefined;
}

/** One version that was left, and how long it has to keep the lock, counted from when it was first sent. */
interface Left {
  readonly ledger: Ledger;
  readonly neededMs: number;
}

/**
 * The end of a hold's entry (docs/protocol.md, section 2): it is deleted, or where something of it has to
 * stay, the fencing token at least, replaced by a version under a hold id that nobody holds. That one is nobody's to refresh, and is
 * taken over by the same rules as a dead holder's.
 */
export class Ending {
  private readonly left: Left[] = [];
  /** Whose entry makes way: the hold's, later what was left itself. */
  private ours: string;

  constructor(
    private readonly target: LockTarget,
    private readonly hold: Ledger,
    private readonly remains: Remains = {},
  ) {
    this.ours = hold.holdId;
    // From here on nobody in this process believes in the hold, whatever becomes of its entry. Where something
    // stays, its entry still stands for that: until it is replaced, this process is not to take it over either.
    if (this.restMs() <= 0) target.process.giveUp(hold.holdId);
  }

  /** One attempt. Where nothing of the hold stands any more, there is nothing left to do. */
  async attempt(budgetMs: number): Promise<void> {
    await this.write(budgetMs);
    // A copy of the hold's first write that comes late may yet put its entry back.
    this.target.process.giveUp(this.hold.holdId);
  }

  /**
   * Attempts until one is answered, within the budget, for which a caller waits as long as a caller can be let wait
   * (docs/protocol.md, section 4). Then they go on behind its back, and keep no process alive. That harms nobody,
   * whenever one of them lands: each is on condition that what ends is the hold's still.
   * @param invocationEndsMs elapsed time at which the caller's invocation ends
   */
  async within(budgetMs: number, invocationEndsMs = Infinity): Promise<void> {
    const { target } = this;
    const { process, label, settings } = target;
    const limits = { waitSeconds: RELEASE_WAIT_SECONDS, untilMs: invocationEndsMs - ANSWER_RESERVE_MS };
    const unanswered = (cause: unknown) => target.notConfirmed('release', cause);
    const patience = new Patience(process, limits, undefined, unanswered);
    const attempts = untilAnswered(process, { budgetMs, keepAlive: false, unanswered }, (attemptMs) => {
      patience.asks();
      return this.attempt(attemptMs).catch((error: unknown) => {
        patience.failed(error);
        throw error;
      });
    });
    attempts.catch((error: unknown) => {
      if (patience.isOver)
        settings.logger.debug(`${label}: a release that nobody waits for any more failed`, { error });
    });
    try {
      await patience.race(attempts);
    } finally {
      patience.close();
    }
  }

  private async write(budgetMs: number): Promise<void> {
    const { target, remains } = this;
    const { store, name } = target;
    for (let corrections = 0; ; corrections += 1) {
      const restMs = Math.max(0, this.restMs());
      if (restMs === 0 && !this.hold.fencing) {
        await target.exchange(budgetMs, (signal) => store.release(name, this.ours, signal));
        return;
      }
      const left = { ledger: this.drawLedger(Math.ceil(restMs / 1000)), neededMs: restMs };
      const { leaseSeconds } = left.ledger;
      // No deadline is shortened by what this stamp is behind: a wall clock set back since the last answer is to open
      // the lock to nobody until the answer to this write corrects it.
      const version = target.draw(left.ledger);
      this.left.push(left);
      const expiresAtSeconds = target.expiresAtSeconds(leaseSeconds, this.hold.latestToken);
      const { ours } = this;
      const entry = { lockKey: name, ours, version, leaseSeconds, expiresAtSeconds, data: remains.data };
      const answer = await target.exchange(budgetMs, (signal) => store.leave(entry, signal));
      const standing = answer.written ? version : answer.entry?.version;
      const landed = standing && this.left.find(({ ledger }) => standing.includes(ledger.holdId));
      if (!landed) return;
      // An answer that was lost had left it already.
      landed.ledger.confirm(standing, answer.dateMs);
      this.ours = landed.ledger.holdId;
      // Ahead, it would keep the lock for longer from those who go by its stamp alone.
      const isAhead = landed.ledger.leaseSeconds > 0 && target.isAhead(landed.ledger);
      if ((isEnough(landed) && !isAhead) || corrections === CORRECTIONS) return;
    }
  }

  /** By the monotonic clock, which never runs ahead: a wall clock set forward must not shorten it. */
  private restMs(): number {
    const { untilMs = -Infinity } = this.remains;
    return untilMs - this.target.process.clock.monotonicMs();
  }

  /** Each attempt has a hold id of its own: it may leave another lease, and must not look the same. */
  private drawLedger(leaseSeconds: number): Ledger {
    return new Ledger(this.target.process.drawNobodysHoldId(`${this.hold.holdId} ${this.left.length}`), leaseSeconds);
  }
}

/**
 * Whether a contender who goes by the stamp will wait long enough: where the stamp was behind DynamoDB's
 * clock, by how much less.
 */
function isEnough({ ledger, neededMs }: Left): boolean {
  const { deadlineMs, confirmedSentMs, leaseSeconds } = ledger;
  return deadlineMs + safetyMarginMs(leaseSeconds) - confirmedSentMs >= neededMs;
}
