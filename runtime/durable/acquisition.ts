import { WaitBudget } from '../core/wait-budget.js';
import { assess } from '../entry/assess.js';
import type { LockRef } from '../entry/lock-ref.js';
import { retry } from '../entry/retry.js';
import { LockHolder, LockUnavailableError } from '../errors.js';
import type { Reporter } from '../observe/reporter.js';
import { ClaimedLease } from '../protocol/claimed-lease.js';
import { claimHoldId, claimIn, ordinalPrefix } from '../protocol/durable-hold-id.js';
import { isSeenExpired, type SeenVersion, seenNow } from '../protocol/durable-wait.js';
import type { LockEntry } from '../protocol/entry.js';
import { tryBudgetMs } from '../protocol/schedule.js';
import { hearClock, writeClaim } from './claim.js';

/** Answers to one poll that do not settle it: others come and go between them. */
const MOST_ROUNDS = 8;

/** What an execution asks for. */
export interface Asking {
  readonly acquisition: string;
  readonly leaseSeconds: number;
  readonly fencing: boolean;
  readonly hostIdentifier: string;
  /** The note for the entry: JSON text. */
  readonly data: string | undefined;
  readonly reporter: Reporter;
}

/** What one poll found. */
export type Polled =
  | { readonly kind: 'granted'; readonly fencingToken: bigint | undefined }
  | { readonly kind: 'held'; readonly seen: SeenVersion; readonly holder: LockHolder };

/**
 * Tries once to acquire the lock for the execution (docs/protocol.md, section 7): the entry is written with ordinal 0
 * on the conditions of every acquire, and then with ordinal 1 over that. An acquire's late copy so puts at most an
 * entry of ordinal 0 there, which nobody goes on from.
 * @param seen what polls before it have seen
 * @throws LockUnavailableError if no answer came in time: what was written meanwhile is found by the next poll
 */
export async function poll(ref: LockRef, asking: Asking, seen: SeenVersion | undefined): Promise<Polled> {
  const { manager } = ref;
  const waitSeconds = tryBudgetMs(asking.leaseSeconds) / 1000;
  const unanswered = (cause: unknown) =>
    new LockUnavailableError(`${ref.label}: no answer from DynamoDB within ${waitSeconds} s`, ref.errorDetails(cause));
  const budget = new WaitBudget(manager, { waitSeconds }, undefined, unanswered);
  try {
    return await budget.race(new Polling(ref, asking, budget).poll(seen));
  } finally {
    budget.close();
  }
}

class Polling {
  constructor(
    private readonly ref: LockRef,
    private readonly asking: Asking,
    private readonly budget: WaitBudget,
  ) {}

  async poll(seenBefore: SeenVersion | undefined): Promise<Polled> {
    const { ref } = this;
    const { clock } = ref.manager;
    const { acquisition } = this.asking;
    await this.answered(() => hearClock(ref, this.budget.leftMs()));
    let expiredVersion = ref.observed.expiredVersion(clock.monotonicMs());
    let seen = seenBefore;
    let holder: LockHolder | undefined;
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const { entry, dateMs, own } = await this.writeFirst(expiredVersion);
      const standing = own ?? (entry && claimIn(acquisition, entry.version) ? entry : undefined);
      if (standing) {
        const granted = await this.writeSecond(standing);
        if (granted) return granted;
        continue;
      }
      if (!entry) continue;
      const answer = { entry, dateMs, arrivedMs: clock.monotonicMs(), consistency: 'strong' as const };
      const verdict = assess(ref, answer);
      seen = seenNow(seen, entry, dateMs);
      if (!(verdict instanceof LockHolder)) expiredVersion = verdict.expiredVersion;
      else if (isSeenExpired(seen, dateMs, ref.settings.clockToleranceSeconds)) expiredVersion = entry.version;
      else {
        holder = verdict;
        break;
      }
    }
    if (seen && holder) return { kind: 'held', seen, holder };
    throw new LockUnavailableError(`${ref.label} changes hands faster than it can be asked for`, ref.errorDetails());
  }

  /** Resolves to the entry that it wrote, or to the one that stands in its way. */
  private async writeFirst(expiredVersion: string | undefined) {
    const { ref, asking } = this;
    const lease = this.draw(0);
    return this.answered(async () => {
      const version = ref.draw(lease);
      const entry = ref.newEntry(lease, version, asking);
      asking.reporter.attempts += 1;
      const answer = await ref.exchange(this.budget.leftMs(), (signal) =>
        ref.store.acquire(entry, expiredVersion, signal),
      );
      if (answer.replaced && expiredVersion !== undefined) asking.reporter.tookOverFrom(answer.replaced);
      const own: Own | undefined = answer.written ? entry : undefined;
      return { entry: answer.entry, dateMs: answer.dateMs, own };
    });
  }

  /** Resolves to nothing if another has taken the lock meanwhile. */
  private async writeSecond(first: Own): Promise<Polled | undefined> {
    const { ref, asking } = this;
    const { acquisition } = asking;
    const { fencingToken } = first;
    const granted: Polled = { kind: 'granted', fencingToken };
    const lease = this.draw(1);
    lease.fencingToken = fencingToken;
    for (let standing = first; ; ) {
      const claim = claimIn(acquisition, standing.version);
      if (!claim || standing.fencingToken !== fencingToken) return undefined;
      if (claim.holdId === lease.holdId) break;
      // A later run has claimed it already: this one is left over, and what it says will not be stored.
      if (claim.ordinal > 1) return granted;
      lease.goOnFrom(claim);
      const holdId = ordinalPrefix(acquisition, claim.ordinal);
      const answer = await this.answered(() => writeClaim(ref, lease, holdId, this.budget.leftMs()));
      if (answer.written) break;
      if (!answer.entry) return undefined;
      standing = answer.entry;
    }
    ref.observed.noteToken(fencingToken);
    return granted;
  }

  private draw(ordinal: number): ClaimedLease {
    const { acquisition, leaseSeconds, fencing } = this.asking;
    const holdId = claimHoldId(acquisition, ordinal, this.ref.manager.drawHoldId(acquisition));
    return new ClaimedLease(holdId, leaseSeconds, fencing);
  }

  private answered<A>(attempt: () => Promise<A>): Promise<A> {
    return retry(this.budget, () => {
      this.budget.sent();
      return attempt();
    });
  }
}

/** What is needed of an entry of this acquisition. */
interface Own extends Pick<LockEntry, 'version'> {
  readonly fencingToken?: bigint | undefined;
}
