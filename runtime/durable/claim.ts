import type { WriteAnswer } from '../core/store.js';
import type { LockRef } from '../entry/lock-ref.js';
import { untilAnswered } from '../entry/retry.js';
import { LockEntryError, LockLostError, type LockLostReason, LockUnavailableError } from '../errors.js';
import { isBroken, takenBy } from '../protocol/breaking.js';
import { ClaimedLease } from '../protocol/claimed-lease.js';
import {
  assessClaim,
  claimable,
  evictedLeaseSeconds,
  evictionWaitSeconds,
  leaseBeforeEviction,
  type Standing,
} from '../protocol/claiming.js';
import { type Claim, claimHoldId, claimIn, evictedHoldId } from '../protocol/durable-hold-id.js';
import type { LockEntry } from '../protocol/entry.js';
import { tryBudgetMs } from '../protocol/schedule.js';

/** Answers to one claim that do not settle it: runs of the execution that are left over may write between them. */
const MOST_ROUNDS = 8;
/** After an operation that learned nothing. */
const PAUSE_SECONDS = 1;

/** What a claim is for. */
export interface Purpose {
  readonly standing: Standing;
  readonly leaseSeconds: number;
  /** How much of the lease has to be left when the run begins. */
  readonly neededMs: number;
  /** Whether nothing runs under it: nobody believes in a stretch. */
  readonly isStretch: boolean;
}

/** What is to be checkpointed. */
export interface Progress {
  readonly ordinal: number;
  readonly isAtRest: boolean;
}

/**
 * `mine`: the run has the lock, with that lease. `again`: after that many seconds another operation goes on from there.
 */
export type Claimed =
  | { readonly kind: 'mine'; readonly lease: ClaimedLease }
  | ({ readonly kind: 'again'; readonly pauseSeconds: number; readonly cause?: unknown } & Progress)
  | { readonly kind: 'lost'; readonly error: LockLostError };

/** Claims the lock for one run of the execution that holds it (docs/protocol.md, section 7). Never waits for others. */
export async function claim(ref: LockRef, purpose: Purpose): Promise<Claimed> {
  try {
    return await new Claiming(ref, purpose).claim();
  } catch (error) {
    if (error instanceof LockUnavailableError) return unchanged(purpose.standing, error);
    if (!(error instanceof LockEntryError)) throw error;
    const what = `${ref.label} was lost: its item is no longer the entry of a lock`;
    return { kind: 'lost', error: new LockLostError(what, { ...ref.errorDetails(error), reason: 'taken' }) };
  }
}

/** Reads the entry if this process has not heard DynamoDB's clock: its stamps would be those of its own clock. */
export async function hearClock(ref: LockRef, budgetMs: number): Promise<LockEntry | undefined> {
  if (ref.serverFloorMs() !== undefined) return undefined;
  const { entry } = await ref.exchange(budgetMs, (signal) => ref.store.read(ref.name, 'strong', signal));
  return entry;
}

/** Writes the claim's next version, and its lease, over what contains `ours`. */
export async function writeClaim(
  ref: LockRef,
  lease: ClaimedLease,
  ours: string,
  budgetMs: number,
): Promise<WriteAnswer> {
  const { leaseSeconds, fencingToken } = lease;
  const version = ref.draw(lease);
  const expiresAtSeconds = ref.expiresAtSeconds(leaseSeconds, fencingToken);
  lease.asks(expiresAtSeconds);
  const refresh = { lockKey: ref.name, holdId: ours, version, expiresAtSeconds, fencingToken, leaseSeconds };
  const answer = await ref.exchange(budgetMs, (signal) => ref.store.refresh(refresh, signal));
  if (answer.written) lease.confirm(version, answer.dateMs);
  return answer;
}

/** Nothing is known but what was known before. */
function unchanged({ ordinal, isAtRest }: Standing, cause?: unknown): Claimed {
  return { kind: 'again', ordinal, isAtRest, pauseSeconds: PAUSE_SECONDS, cause };
}

class Claiming {
  private readonly ordinal: number;
  private readonly lease: ClaimedLease;

  constructor(
    private readonly ref: LockRef,
    private readonly purpose: Purpose,
  ) {
    const { standing, leaseSeconds } = purpose;
    this.ordinal = standing.ordinal + 1;
    const holdId = claimHoldId(standing.acquisition, this.ordinal, ref.manager.drawHoldId(standing.acquisition));
    this.lease = this.leaseOf(holdId, leaseSeconds);
  }

  async claim(): Promise<Claimed> {
    const { ref, lease } = this;
    const { standing, isStretch } = this.purpose;
    this.goOnFrom(await this.answered((budgetMs) => hearClock(ref, budgetMs)));
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const answer = await this.write(lease, claimable(standing));
      const { entry } = answer;
      if (answer.written) return this.ensured();
      switch (assessClaim(standing, entry, (version) => lease.hasSent(version))) {
        case 'mine':
          lease.confirm((entry as LockEntry).version, answer.dateMs);
          return this.ensured();
        case 'rise':
          this.goOnFrom(entry);
          break;
        case 'evict': {
          const evicted = await this.evict(entry as LockEntry);
          if (evicted) return evicted;
          break;
        }
        case 'evicted':
          return this.again(false, leaseBeforeEviction((entry as LockEntry).leaseSeconds) + 1);
        case 'interrupted':
          // Nobody believes in a stretch, so it leaves the lock as it found it.
          return this.again(isStretch && standing.isAtRest, 0);
        case 'overtaken':
          return this.lost('taken', 'a later run of its execution has it: this run is left over from an earlier one');
        case 'lost':
          return this.lostTo(entry);
      }
    }
    return this.unsettled();
  }

  /**
   * Replaces the hold of a run that may still believe in it by one that nobody believes in. It replaces exactly the
   * version that was seen: after a refresh in between, that run would believe for longer than is waited for.
   */
  private async evict(entry: LockEntry): Promise<Claimed | undefined> {
    const { acquisition } = this.purpose.standing;
    const evicted = evictedHoldId(acquisition, this.ordinal);
    const lease = this.leaseOf(evicted, evictedLeaseSeconds(entry.leaseSeconds));
    const { holdId } = claimIn(acquisition, entry.version) as Claim;
    for (let standing = entry; standing.version.includes(holdId); ) {
      lease.goOnFrom(claimIn(acquisition, standing.version) as Claim);
      const answer = await this.write(lease, standing.version);
      const isWritten = answer.written || answer.entry?.version.includes(evicted);
      if (isWritten) {
        const { clockToleranceSeconds } = this.ref.settings;
        return this.again(false, evictionWaitSeconds(standing, answer.dateMs, clockToleranceSeconds));
      }
      if (!answer.entry) return undefined;
      standing = answer.entry;
    }
    return undefined;
  }

  /** Makes sure that enough of the lease is left, and that TTL leaves the entry alone, before anybody believes. */
  private async ensured(): Promise<Claimed> {
    const { ref, lease } = this;
    const { neededMs } = this.purpose;
    for (let writes = 0; ; writes += 1) {
      const leftMs = lease.deadlineMs - ref.manager.elapsedMs();
      if (leftMs >= neededMs && ref.isKept(lease)) return { kind: 'mine', lease };
      // Nobody has believed in this ordinal, so the next one may replace it.
      if (writes === MOST_ROUNDS) return this.again(true, PAUSE_SECONDS);
      const answer = await this.write(lease, lease.holdId);
      if (answer.written) continue;
      if (!answer.entry?.version.includes(lease.holdId)) return this.unsettled();
      lease.confirm(answer.entry.version, answer.dateMs);
    }
  }

  /** Tries the write again until it is answered. */
  private write(lease: ClaimedLease, ours: string): Promise<WriteAnswer> {
    return this.answered((budgetMs) => writeClaim(this.ref, lease, ours, budgetMs));
  }

  private answered<A>(attempt: (budgetMs: number) => Promise<A>): Promise<A> {
    const { ref } = this;
    const bounds = {
      budgetMs: tryBudgetMs(this.purpose.leaseSeconds),
      keepAlive: true,
      unanswered: (cause: unknown) => ref.notConfirmed('refresh', cause),
    };
    return untilAnswered(ref.manager, bounds, attempt);
  }

  private leaseOf(holdId: string, leaseSeconds: number): ClaimedLease {
    const { fencingToken } = this.purpose.standing;
    const lease = new ClaimedLease(holdId, leaseSeconds, fencingToken !== undefined);
    lease.fencingToken = fencingToken;
    return lease;
  }

  private goOnFrom(entry: LockEntry | undefined): void {
    const standing = entry && claimIn(this.purpose.standing.acquisition, entry.version);
    if (standing) this.lease.goOnFrom(standing);
  }

  private again(isAtRest: boolean, pauseSeconds: number): Claimed {
    return { kind: 'again', ordinal: this.ordinal, isAtRest, pauseSeconds };
  }

  private unsettled(): Claimed {
    return unchanged(this.purpose.standing);
  }

  private lostTo(entry: LockEntry | undefined): Claimed {
    if (!entry) return this.lost('gone', 'its entry was deleted from the table');
    if (claimIn(this.purpose.standing.acquisition, entry.version)) {
      return this.lost('taken', 'an earlier state of its entry is back: somebody else may have held it meanwhile');
    }
    return this.lost(isBroken(entry) ? 'broken' : 'taken', takenBy(entry));
  }

  private lost(reason: LockLostReason, why: string): Claimed {
    const { ref } = this;
    const message = `${ref.label} was lost: ${why}`;
    return { kind: 'lost', error: new LockLostError(message, { ...ref.errorDetails(), reason }) };
  }
}
