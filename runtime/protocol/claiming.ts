import { claimIn, evictedHoldId, ordinalPrefix } from './durable-hold-id.js';
import type { LockEntry } from './entry.js';
import { parseVersion } from './version.js';

/**
 * How a run of a durable execution claims the lock that the execution holds (docs/protocol.md, section 7): a step, or
 * a stretch in which nothing runs.
 *
 *     checkpointed ordinal b ──► claim ordinal b + 1 ──► run ──► checkpoint b + 1, at rest
 *
 * A run that was interrupted has written b + 1, and may run on. Its entry is taken away (evicted), and its lease is
 * waited out, before another run believes.
 */

/** What the checkpoint says of the lock. */
export interface Standing {
  readonly acquisition: string;
  /** The ordinal of the last run that was checkpointed. */
  readonly ordinal: number;
  /** Whether nobody believes in that ordinal any more: its run has ended, or has been waited out. */
  readonly isAtRest: boolean;
  /** The token of the acquisition, if it has one. */
  readonly fencingToken: bigint | undefined;
}

/**
 * What an answer shows that did not write:
 * - `mine`: an earlier attempt of this claim has landed
 * - `rise`: the version to be replaced has a later stamp
 * - `evict`: a run that may still believe in it stands there
 * - `evicted`: an interrupted run of this operation evicted it
 * - `interrupted`: an interrupted run of this operation claimed it
 * - `overtaken`: a later run claimed it; this one is left over
 * - `lost`: the acquisition's entry stands no more
 */
export type ClaimAnswer = 'mine' | 'rise' | 'evict' | 'evicted' | 'interrupted' | 'overtaken' | 'lost';

/** What the version that a claim replaces has to contain. */
export function claimable({ acquisition, ordinal, isAtRest }: Standing): string {
  return isAtRest ? ordinalPrefix(acquisition, ordinal) : evictedHoldId(acquisition, ordinal);
}

/**
 * @param entry what stands, by the answer to a claim that was refused
 * @param isMine whether this claim has sent that version. Its hold id alone would not tell: the random part of it is
 *   short, and an interrupted run of the same operation has the same ordinal
 */
export function assessClaim(
  standing: Standing,
  entry: LockEntry | undefined,
  isMine: (version: string) => boolean,
): ClaimAnswer {
  const { acquisition, ordinal, isAtRest, fencingToken } = standing;
  const claim = entry && claimIn(acquisition, entry.version);
  if (!entry || !claim) return 'lost';
  // Others had the lock since, and a late copy of an earlier write brought the entry back.
  if (fencingToken !== undefined && entry.fencingToken !== fencingToken) return 'lost';
  if (isMine(entry.version)) return 'mine';
  if (claim.ordinal === ordinal) return isAtRest || claim.isEvicted ? 'rise' : 'evict';
  if (claim.ordinal === ordinal + 1) return claim.isEvicted ? 'evicted' : 'interrupted';
  return claim.ordinal > ordinal ? 'overtaken' : 'lost';
}

/** The lease of an entry that is evicted: the run that was interrupted, the wait for it, and the next operation. */
export function evictedLeaseSeconds(leaseSeconds: number): number {
  return leaseSeconds * 2 + 60;
}

/** The lease that was evicted, by the lease of the entry that took its place. */
export function leaseBeforeEviction(evictedSeconds: number): number {
  return Math.max(1, Math.ceil((evictedSeconds - 60) / 2));
}

/**
 * Seconds until no earlier run can believe in an evicted entry: what stood of its lease, by its stamp if that tells, and
 * a second more. Counted from the answer that confirmed the eviction.
 */
export function evictionWaitSeconds(
  evicted: Pick<LockEntry, 'version' | 'leaseSeconds'>,
  dateMs: number | undefined,
  clockToleranceSeconds: number,
): number {
  const { leaseSeconds } = evicted;
  const version = parseVersion(evicted.version);
  const byStamp =
    version?.timed && dateMs !== undefined
      ? leaseSeconds + clockToleranceSeconds - (dateMs - version.stampMs) / 1000
      : Infinity;
  return Math.ceil(Math.max(0, Math.min(leaseSeconds, byStamp)) + 1);
}
