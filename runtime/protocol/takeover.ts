import type { LockEntry } from './entry.js';
import { safetyMarginMs } from './lease.js';
import { latestTimeAt } from './server-clock.js';
import { parseVersion } from './version.js';

/**
 * When a contender may take a lock over (docs/protocol.md, section 3).
 *
 *     first answer that shows version v                         takeover, on condition that v still stands
 *       │◄──────────── the entry's whole lease ────────────────►│          (observed)
 *     ──┴───────────────────────────────────────────────────────┴──►  contender's monotonic clock
 *
 *     stamp of v                          Date of one answer that shows v, even the first
 *       │◄── lease ──►│◄── tolerance ──►│ │                                (stamped)
 *     ──┴─────────────┴─────────────────┴─┴────────────────────────►  DynamoDB's clock
 *
 * Either way the write demands exactly v, so a holder that refreshed meanwhile keeps its lock.
 */

/** A version that this process has seen, and since when. */
export interface ObservedVersion {
  readonly version: string;
  readonly leaseSeconds: number;
  /** Monotonic time at which the answer that first showed the version had arrived. */
  readonly sinceMs: number;
}

/** The observed version after an answer that showed `entry`: `former`, if that still stands. */
export function observe(former: ObservedVersion | undefined, entry: LockEntry, arrivedMs: number): ObservedVersion {
  if (former?.version === entry.version && former.leaseSeconds === entry.leaseSeconds) return former;
  return { version: entry.version, leaseSeconds: entry.leaseSeconds, sinceMs: arrivedMs };
}

/**
 * Monotonic time from which the observed rule lets a contender take the observed version over. The holder of another
 * client's version keeps no safety margin, so the contender adds one.
 */
export function observedExpiryMs({ version, leaseSeconds, sinceMs }: ObservedVersion): number {
  const margin = parseVersion(version) ? 0 : safetyMarginMs(leaseSeconds);
  return sinceMs + leaseSeconds * 1000 + margin;
}

/** Whether the stamped rule lets a contender take the entry over, by the `Date` of the answer that showed it. */
export function isStampExpired(entry: LockEntry, dateMs: number | undefined, clockToleranceSeconds: number): boolean {
  const version = parseVersion(entry.version);
  if (!version?.timed || dateMs === undefined) return false;
  return dateMs - version.stampMs > (entry.leaseSeconds + clockToleranceSeconds) * 1000;
}

/**
 * Whether the entry's stamp is ahead of DynamoDB's clock, by the `Date` of the answer that showed it. Then it does not
 * tell the entry's age, and the stamped rule lets nobody take it over for longer than its lease.
 */
export function isStampAhead(entry: LockEntry, dateMs: number | undefined): boolean {
  const version = parseVersion(entry.version);
  return version?.timed === true && dateMs !== undefined && version.stampMs > latestTimeAt(dateMs);
}

/** The times that tell when an entry can be taken over. */
export interface ObservationTime {
  /** Monotonic time of observed expiry. */
  readonly expiryMs: number;
  /** Monotonic time now. */
  readonly nowMs: number;
  /** DynamoDB's time now, in epoch milliseconds, as well as it is known. */
  readonly serverNowMs: number;
  readonly clockToleranceSeconds: number;
}

/**
 * Milliseconds until the entry can be taken over at the latest, if it stays as it is. By the stamp if that is sooner: a
 * process may see the entry only now.
 */
export function untilTakeoverMs(entry: LockEntry, time: ObservationTime): number {
  const { expiryMs, nowMs, serverNowMs, clockToleranceSeconds } = time;
  const version = parseVersion(entry.version);
  const byStampMs = version?.timed
    ? version.stampMs + (entry.leaseSeconds + clockToleranceSeconds) * 1000 - serverNowMs
    : Infinity;
  return Math.max(0, Math.min(expiryMs - nowMs, byStampMs));
}
