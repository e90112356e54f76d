import type { LockEntry } from './entry.js';
import { latestTimeAt } from './server-clock.js';
import { formatVersion, parseVersion, STAMP_LIMIT_MS } from './version.js';
import { BROKEN_BY } from './wire.js';

/**
 * The version by which a break replaces the one that was seen (docs/protocol.md, section 2). Its hold id is
 * nobody's: the holder learns of it at its next write, and then the lease runs out.
 *
 *     seen  ──refresh──●──refresh──●                  (refused)
 *                                      ●── break ──────────── lease ───────────►  takeover
 *
 * No takeover may come before the holder of the version seen stops relying on it, whatever the breaker's clock says. So
 * the new stamp is not below the one seen, unless that one is ahead of DynamoDB's clock: the holder counts from when it
 * sent that version, which was before it was seen. If the version seen has no stamp that counts, the new one has none
 * either. If it is not one of this library's, the new one is not either, so that contenders go on adding the margin
 * that such a holder does not keep.
 * @param dateMs the `Date` of the answer that showed the version
 */
export function breakingVersion(seen: string, holdId: string, nowMs: number, dateMs: number | undefined): string {
  const version = parseVersion(seen);
  const latestMs = Math.min(dateMs === undefined ? Infinity : latestTimeAt(dateMs), STAMP_LIMIT_MS - 1);
  const stampMs = Math.min(Math.max(0, Math.floor(nowMs), version?.stampMs ?? 0), latestMs);
  const replacement = formatVersion({ stampMs, timed: version?.timed ?? true, holdId });
  return version ? replacement : asForeign(replacement);
}

/** The same text as a UUIDv4, which says nothing to contenders. */
function asForeign(version: string): string {
  const DIGIT_OF_KIND = 14;
  return `${version.slice(0, DIGIT_OF_KIND)}4${version.slice(DIGIT_OF_KIND + 1)}`;
}

/** Whether the entry is that of a broken hold: nobody holds it, and its lease runs out. */
export function isBroken({ hostIdentifier }: Pick<LockEntry, 'hostIdentifier'>): boolean {
  return hostIdentifier.startsWith(BROKEN_BY);
}

/** The `hostIdentifier` of a broken hold. */
export function brokenBy(hostIdentifier: string, reason: string): string {
  return `${BROKEN_BY}${hostIdentifier}: ${reason}`;
}

/** Who has the lock now, to end a message with. */
export function takenBy({ hostIdentifier }: Pick<LockEntry, 'hostIdentifier'>): string {
  return isBroken({ hostIdentifier }) ? `it was ${hostIdentifier}` : `${hostIdentifier} holds it now`;
}
