import type { LockEntry } from './entry.js';
import { latestTimeAt } from './server-clock.js';
import { formatVersion, parseVersion, STAMP_LIMIT_MS } from './version.js';
import { BROKEN_BY } from './wire.js';

/**
 * The version that a break puts in place of the one seen (docs/protocol.md, section 2): of a hold id that
 * nobody holds, so the holder is told at its next write, and the lease then runs out under it.
 *
 *     seen  ──refresh──●──refresh──●                  (fails: told)
 *                                      ●── break ──────────── lease ───────────►  takeover
 *
 * No takeover may come sooner than the holder of the version seen stops believing, whatever the breaker's clock
 * says. So the new stamp is not below the one seen, except where that is ahead of DynamoDB's clock: the holder
 * counts from when it sent that version, and that was before it was seen. Without a stamp that counts, the new
 * version has none either; and where it is not ours, neither is the new one, so that contenders go on adding the
 * margin that such a holder does not keep.
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

/** Whether the entry is that of a hold which was broken: nobody holds it, and its lease runs out. */
export function isBroken({ hostIdentifier }: Pick<LockEntry, 'hostIdentifier'>): boolean {
  return hostIdentifier.startsWith(BROKEN_BY);
}

/** What `hostIdentifier` says of a hold that was broken. */
export function brokenBy(hostIdentifier: string, reason: string): string {
  return `${BROKEN_BY}${hostIdentifier}: ${reason}`;
}

/** Who has the lock now, to end a message with that says that another had it. */
export function takenBy({ hostIdentifier }: Pick<LockEntry, 'hostIdentifier'>): string {
  return isBroken({ hostIdentifier }) ? `it was ${hostIdentifier}` : `${hostIdentifier} holds it now`;
}
