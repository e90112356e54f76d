import type { LockEntry } from './entry.js';
import { safetyMarginMs } from './lease.js';
import { parseVersion } from './version.js';

/**
 * How a durable execution waits for a lock (docs/protocol.md, section 7): it polls, and is suspended between two polls.
 * Each poll and each wait is an operation of the execution, which has a limited number of them.
 */

/** Of the time waited so far, so much passes until the next poll. */
const PART_OF_WAIT = 0.15;
/** What is left of a lease that is longer than this is not polled before its end, within the limit. */
const SHORT_LEASE_SECONDS = 60;

/** What the clocks of DynamoDB's front ends differ by at most, with much to spare. */
const MOST_TOLERANCE_SECONDS = 60;

/** The version that polls have shown, and since when, by DynamoDB's clock. */
export interface SeenVersion extends Pick<LockEntry, 'version' | 'leaseSeconds'> {
  /** The `Date` of the first answer that showed it, in epoch milliseconds; undefined if that had none. */
  readonly sinceMs: number | undefined;
}

/** What is seen after an answer that showed `entry`. */
export function seenNow(
  seen: SeenVersion | undefined,
  { version, leaseSeconds }: LockEntry,
  dateMs: number | undefined,
): SeenVersion {
  const isSame = seen?.version === version && seen.leaseSeconds === leaseSeconds;
  return isSame && seen.sinceMs !== undefined ? seen : { version, leaseSeconds, sinceMs: dateMs };
}

/**
 * Whether the version has stood for its whole lease, by DynamoDB's clock: no clock of ours goes on over a suspension.
 * The front ends of DynamoDB may differ by the tolerance.
 */
export function isSeenExpired(
  { version, leaseSeconds, sinceMs }: SeenVersion,
  dateMs: number | undefined,
  clockToleranceSeconds: number,
): boolean {
  if (sinceMs === undefined || dateMs === undefined || leaseSeconds === 0) return false;
  const marginMs = parseVersion(version) ? 0 : safetyMarginMs(leaseSeconds);
  // `Infinity` turns off the rule for stamps, not this one.
  const toleranceSeconds = Math.min(clockToleranceSeconds, MOST_TOLERANCE_SECONDS);
  return dateMs - sinceMs > (leaseSeconds + toleranceSeconds) * 1000 + marginMs;
}

/** When to poll next. */
export interface PollMoment {
  /** Seconds waited so far. */
  readonly waitedSeconds: number;
  /** Seconds until the entry can be taken over, unless it is refreshed. */
  readonly untilTakeoverSeconds: number;
  readonly maxPollSeconds: number;
  /** What is left of the wait. */
  readonly leftSeconds: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/**
 * Whole seconds until the next poll: the longer the wait has been, the longer; not before a long lease can be over; and
 * never more than `maxPollSeconds`, within which a release is seen.
 */
export function pollSeconds(moment: PollMoment): number {
  const { waitedSeconds, untilTakeoverSeconds, maxPollSeconds, leftSeconds, random } = moment;
  const backoff = Math.max(1, waitedSeconds * PART_OF_WAIT) * (0.75 + random / 2);
  const isLong = untilTakeoverSeconds > SHORT_LEASE_SECONDS;
  const wished = isLong ? Math.max(backoff, untilTakeoverSeconds) : backoff;
  return Math.max(1, Math.ceil(Math.min(wished, maxPollSeconds, leftSeconds)));
}
