import type { EntryOwner, LockRef } from '../entry/lock-ref.js';
import { LockEntryError, LynkError } from '../errors.js';
import { Release } from '../hold/release.js';
import type { LockEntry } from '../protocol/entry.js';
import { isEnoughToGrant } from '../protocol/lease.js';
import type { LeaseState } from '../protocol/lease-state.js';
import { LOST_RELEASE_BUDGET_MS } from '../protocol/schedule.js';

/** So many further writes may make a lease good that was taken with a wrong clock. After them it is given back. */
const WRITES_BEFORE_GRANT = 2;

/** Whether a lease just taken can be granted as it is. Most can: that costs no promise. */
export function isGrantable(ref: LockRef, lease: LeaseState): boolean {
  return isEnough(ref, lease) && !ref.isAhead(lease);
}

/** Whether enough of it is left, TTL leaves its entry alone for long enough, and its token is a new one. */
function isEnough(ref: LockRef, lease: LeaseState): boolean {
  const { deadlineMs, leaseSeconds } = lease;
  return (
    isEnoughToGrant(deadlineMs, ref.manager.elapsedMs(), leaseSeconds) && ref.isKept(lease) && !ref.isTokenBehind(lease)
  );
}

/**
 * Makes sure that a lease just taken is grantable (docs/protocol.md, section 4). If the clock was far off, or the
 * answer took long, a refresh by the corrected clock makes the lease good. A refresh cannot take back a stamp that is
 * ahead, nor raise a token: then a new hold replaces it.
 * @param budgetMs how long the next request may take; 0 if the caller has stopped waiting
 * @param giveBack called if the lease cannot be made good
 */
export async function ensureLease(
  ref: LockRef,
  lease: LeaseState,
  owner: EntryOwner,
  budgetMs: () => number,
  giveBack = (): Promise<void> => discardAcquisition(ref, lease),
): Promise<{ readonly granted: boolean; readonly cause?: unknown }> {
  const { manager, store, observed } = ref;
  let cause: unknown;
  for (let writes = 0; ; writes += 1) {
    const isLast = writes === WRITES_BEFORE_GRANT || budgetMs() <= 0;
    const isAhead = ref.isAhead(lease);
    // A lease that is only ahead can be held. If its holder dies, others may have to wait for longer than the lease.
    if (isEnough(ref, lease) && (isLast || !isAhead)) return { granted: true };
    if (isLast) break;
    if ((isAhead || ref.isTokenBehind(lease)) && !lease.former) {
      // It was not granted, so nobody relies on it.
      manager.abandon(lease.holdId);
      lease.renew(manager.drawHoldId(lease.holdId));
    }
    const version = ref.draw(lease);
    const entry = ref.newEntry(lease, version, owner);
    const { holdId, former } = lease;
    try {
      const answer = await ref.exchange(budgetMs(), (signal) =>
        former ? store.acquire(entry, former.confirmedVersion, signal) : store.refresh({ ...entry, holdId }, signal),
      );
      const standing = answer.written ? version : ownVersionIn(answer.entry, holdId);
      if (standing === undefined) {
        // A late copy of the first write may still put its entry where nothing stands.
        manager.abandon(holdId);
        if (former) await giveBack();
        return { granted: false };
      }
      lease.confirm(standing, answer.dateMs);
      // Another may have had the lock meanwhile, and a late copy of the first write have taken it anew.
      if (lease.fencing) lease.fencingToken = (answer.written ? entry : answer.entry)?.fencingToken;
      observed.noteToken(lease.fencingToken);
    } catch (error) {
      if (error instanceof LynkError) {
        await giveBack();
        throw error;
      }
      cause = error;
    }
  }
  await giveBack();
  return { granted: false, cause };
}

/**
 * Gives an acquisition back that nobody will use, whether or not any write of it landed: tries once to delete its
 * entry. From then on the entry counts as expired in this process. Never rejects.
 */
export async function discardAcquisition(ref: LockRef, lease: LeaseState): Promise<void> {
  if (lease.former) await discardAcquisition(ref, lease.former);
  try {
    await new Release(ref, lease).attempt(LOST_RELEASE_BUDGET_MS);
  } catch (error) {
    ref.settings.logger.debug(`${ref.label}: an abandoned acquisition was not cleaned up`, { error });
  }
}

/**
 * Whether a write that failed may still be in the table, or land later. The SDK repeats requests: it may be a later
 * copy that was refused than the one that landed. Only a server's refusal of a single copy is certain.
 */
export function mayHaveLanded(error: unknown): boolean {
  if (!(error instanceof LynkError)) return true;
  // Something else was seen to stand there.
  if (error instanceof LockEntryError) return false;
  const { $metadata } = (error.cause ?? {}) as { $metadata?: { attempts?: number; httpStatusCode?: number } };
  return $metadata?.attempts !== 1 || $metadata.httpStatusCode === undefined;
}

/** The entry's version, if it is of this hold. */
export function ownVersionIn(entry: LockEntry | undefined, holdId: string): string | undefined {
  return entry?.version.includes(holdId) ? entry.version : undefined;
}
