/**
 * When the next request is due, and how long it may take (docs/protocol.md, sections 4 and 5).
 * Milliseconds throughout; `random` is uniform in [0, 1).
 */

const LONGEST_POLL_MS = 170;
/** A waiter that has just seen the lock change hands polls sooner again: the lock is held for short times. */
const LIVELY_POLL_MS = 50;
/** From this crowding on it polls less soon, in proportion: many waiters that poll soon would be a crowd again. */
const LIVELY_CROWDING = 7;

/**
 * A waiter's sleep before poll number `poll` (from 0): 20 ms, each 1.5 times the one before, up to 170 ms; times 0.5 to
 * 1.5, and times `crowding` (from 1; protocol/adaptive-backoff.ts). If the lock `isLively`, because it has changed hands
 * between two polls, the sleep grows to 50 ms only; to more in a crowd, and to 170 ms from a factor of 24.
 */
export function pollDelayMs(poll: number, random: number, crowding = 1, isLively = false): number {
  const livelyMs = LIVELY_POLL_MS * Math.max(1, crowding / LIVELY_CROWDING);
  const longestMs = isLively ? Math.min(livelyMs, LONGEST_POLL_MS) : LONGEST_POLL_MS;
  return Math.min(20 * 1.5 ** Math.min(poll, 10), longestMs) * (0.5 + random) * crowding;
}

/** The sleep after failure number `failure` (from 0) in transit: 25 ms doubling to 1 s, times 0.5 to 1.5. */
export function retryDelayMs(failure: number, random: number): number {
  return Math.min(25 * 2 ** Math.min(failure, 10), 1000) * (0.5 + random);
}

/**
 * Elapsed time at which the next refresh is due: half a lease after the last confirmed version was sent, or a quarter
 * lease before the deadline if that is sooner.
 */
export function refreshDueMs(confirmedSentMs: number, deadlineMs: number, leaseSeconds: number): number {
  return Math.min(confirmedSentMs + leaseSeconds * 500, deadlineMs - leaseSeconds * 250);
}

/**
 * The sleep before a failed refresh is tried again, `leftMs` before the deadline. The less is left, the shorter it is,
 * so that an outage which ends in time does not end the hold.
 */
export function refreshRetryDelayMs(failure: number, leftMs: number, random: number): number {
  return Math.min(retryDelayMs(failure, random), Math.max(20, leftMs / 8) * (0.5 + random));
}

/** One attempt may take this long: a connection that has gone silent must not cost a long lease half of it. */
const LONGEST_ATTEMPT_MS = 5000;

/**
 * How long one attempt at a holder's request or a release may take: half of what is left, so that another one fits, but
 * at least 0.5 s, and at most 5 s.
 */
export function refreshBudgetMs(leftMs: number): number {
  return Math.max(0, Math.min(leftMs, Math.max(500, leftMs / 2), LONGEST_ATTEMPT_MS));
}

/** How long one request of an acquire may take, a whole try, and a holder's call: half a lease, at most 5 s. */
export function tryBudgetMs(leaseSeconds: number): number {
  return Math.min(leaseSeconds * 500, 5000);
}

/**
 * How long a release is tried while held: a quarter lease, at least 1 s, but not beyond the deadline. Its caller waits
 * for less.
 */
export function releaseBudgetMs(leaseSeconds: number, leftMs: number): number {
  return Math.max(0, Math.min(Math.max(1000, leaseSeconds * 250), leftMs));
}

/** A release's caller waits this long at most, whatever the lease. The release goes on after that. */
export const RELEASE_WAIT_SECONDS = 3;

/** A release leaves this much of its caller's invocation: 300 ms to answer in, and 50 by which a timer may be late. */
export const ANSWER_RESERVE_MS = 350;

/** How long a release may take after the hold is lost: others have to wait for the entry's lease anyway. */
export const LOST_RELEASE_BUDGET_MS = 500;
