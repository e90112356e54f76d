import { LockEntryError, LynkError } from '../errors.js';
import type { LockEntry } from '../protocol/entry.js';
import { isEnoughToGrant } from '../protocol/lease.js';
import type { Ledger } from '../protocol/ledger.js';
import { LOST_RELEASE_BUDGET_MS } from '../protocol/schedule.js';
import { Ending } from './ending.js';
import type { LockTarget } from './target.js';

/** Refreshes of a lease that began with too little left, before it is given back. */
const REFRESHES_BEFORE_GRANT = 2;

/**
 * Whether a lease just taken has enough left to begin with, and TTL leaves its entry alone for long enough. Most are
 * like that: it is to cost no promise.
 */
export function isGrantable(target: LockTarget, ledger: Ledger): boolean {
  const { deadlineMs, leaseSeconds } = ledger;
  return isEnoughToGrant(deadlineMs, target.process.elapsedMs(), leaseSeconds) && target.isKept(ledger);
}

/**
 * Makes sure that a lease just taken is grantable (docs/protocol.md, section 4): after a clock that was far
 * off, or an answer that took long, a refresh by the corrected clock makes it good.
 * @param budgetMs how long the next request may take; 0 where nobody waits any more
 * @param giveBack what becomes of the lease where that does not help
 */
export async function topUp(
  target: LockTarget,
  ledger: Ledger,
  budgetMs: () => number,
  giveBack = (): Promise<void> => abandon(target, ledger),
): Promise<{ readonly granted: boolean; readonly cause?: unknown }> {
  const { store, name } = target;
  let cause: unknown;
  for (let refreshes = 0; ; refreshes += 1) {
    if (isGrantable(target, ledger)) return { granted: true };
    if (refreshes === REFRESHES_BEFORE_GRANT || budgetMs() <= 0) break;
    const version = target.draw(ledger);
    const { holdId, fencingToken, latestToken } = ledger;
    const expiresAtSeconds = target.expiresAtSeconds(ledger.leaseSeconds, latestToken);
    ledger.asks(expiresAtSeconds);
    try {
      const answer = await target.exchange(budgetMs(), (signal) =>
        store.refresh({ lockKey: name, holdId, version, expiresAtSeconds, fencingToken }, signal),
      );
      const standing = answer.written ? version : ownVersionIn(answer.entry, ledger.holdId);
      if (standing === undefined) {
        // A late copy of the first write may yet put its entry where nothing stands.
        target.process.giveUp(ledger.holdId);
        return { granted: false };
      }
      ledger.confirm(standing, answer.dateMs);
      // The lock may have been another's meanwhile, and be had anew by a late copy of the first write.
      if (ledger.fencing && answer.entry) ledger.fencingToken = answer.entry.fencingToken;
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
 * Gives an acquisition back that nobody will use, whether or not anything of it landed: one attempt to
 * delete its entry, and from then on this process takes the entry for expired. Never rejects.
 */
export async function abandon(target: LockTarget, ledger: Ledger): Promise<void> {
  try {
    await new Ending(target, ledger).attempt(LOST_RELEASE_BUDGET_MS);
  } catch (error) {
    target.settings.logger.debug(`${target.label}: an abandoned acquisition was not cleaned up`, { error });
  }
}

/**
 * Whether a write that failed may be in the table all the same, or land yet. The SDK repeats requests: a refusal may
 * be of a later copy than the one that landed, and only that of a single copy is certain. So is none that no server gave.
 */
export function mayHaveLanded(error: unknown): boolean {
  if (!(error instanceof LynkError)) return true;
  // Something else than ours was seen to stand there.
  if (error instanceof LockEntryError) return false;
  const { $metadata } = (error.cause ?? {}) as { $metadata?: { attempts?: number; httpStatusCode?: number } };
  return $metadata?.attempts !== 1 || $metadata.httpStatusCode === undefined;
}

/** The entry's version, where it is of this hold. */
export function ownVersionIn(entry: LockEntry | undefined, holdId: string): string | undefined {
  return entry?.version.includes(holdId) ? entry.version : undefined;
}
