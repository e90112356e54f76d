/**
 * When the next request is due, and how long it may take (docs/protocol.md, sections 4 and 5).
 * Milliseconds throughout; `random` is uniform in [0, 1).
 */

const LONGEST_POLL_MS = 170;
/** Who has just seen the lock change hands looks sooner again: it is held for short times. */
const LIVELY_POLL_MS = 50;
/** From this crowding on it looks less soon, in proportion: many who look soon would be a crowd again. */
const LIVELY_CROWDING = 7;

/**
 * A waiter's sleep before poll number `poll` (from 0): 20 ms doubling to 170 ms, times 0.5 to 1.5, and times
 * `crowding` (from 1) where many others wait (protocol/adaptive-backoff.ts). Where the lock `isLively`, as it has changed
 * hands between two looks, it doubles to 50 ms only; to more where it is crowded, and to 170 ms from a factor of 24.
 */
export function pollDelayMs(poll: number, random: number, crowding = 1, isLively = false): number {
  const livelyMs = LIVELY_POLL_MS * Math.max(1, crowding / LIVELY_CROWDING);
  const longestMs = isLively ? Math.min(livelyMs, LONGEST_POLL_MS) : LONGEST_POLL_MS;
  return Math.min(20 * 2 ** Math.min(poll, 10), longestMs) * (0.5 + random) * crowding;
}

/** The sleep after failure number `failure` (from 0) in transit: 25 ms doubling to 1 s, times 0.5 to 1.5. */
export function retryDelayMs(failure: number, random: number): number {
  return Math.min(25 * 2 ** Math.min(failure, 10), 1000) * (0.5 + random);
}

/**
 * Elapsed time at which the heartbeat is due: half a lease after the last confirmed version was sent,
 * or a quarter lease before the deadline where that is sooner.
 */
export function refreshDueMs(confirmedSentMs: number, deadlineMs: number, leaseSeconds: number): number {
  return Math.min(confirmedSentMs + leaseSeconds * 500, deadlineMs - leaseSeconds * 250);
}

/**
 * The sleep before a refresh that failed is tried again, `leftMs` before the deadline: the less is left, the
 * shorter, so that an outage which ends in time does not end the hold.
 */
export function refreshRetryDelayMs(failure: number, leftMs: number, random: number): number {
  return Math.min(retryDelayMs(failure, random), Math.max(20, leftMs / 8) * (0.5 + random));
}

/** What one attempt may take at most: a connection that has gone silent is not to cost a long lease half of it. */
const LONGEST_ATTEMPT_MS = 5000;

/**
 * What one attempt may take of a holder's request or a release: half of what is left, so that another still fits, but
 * not less than 0.5 s, and at most 5 s.
 */
export function refreshBudgetMs(leftMs: number): number {
  return Math.max(0, Math.min(leftMs, Math.max(500, leftMs / 2), LONGEST_ATTEMPT_MS));
}

/** What one request of an acquire may take, and a whole try, and a holder's call: half a lease, at most 5 s. */
export function tryBudgetMs(leaseSeconds: number): number {
  return Math.min(leaseSeconds * 500, 5000);
}

/**
 * For how long a release is tried while held: a quarter lease, at least 1 s, but not beyond the deadline. Its caller
 * waits for less.
 */
export function releaseBudgetMs(leaseSeconds: number, leftMs: number): number {
  return Math.max(0, Math.min(Math.max(1000, leaseSeconds * 250), leftMs));
}

/** For how long a release's caller waits at most, whatever the lease: what it takes longer goes on behind its back. */
export const RELEASE_WAIT_SECONDS = 3;

/** What a release that is waited for leaves of an invocation: 300 ms to answer in, and 50 by which a timer may be late. */
export const ANSWER_RESERVE_MS = 350;

/** What a release may take once the hold is lost: the entry is somebody else's to wait for anyway. */
export const LOST_RELEASE_BUDGET_MS = 500;
