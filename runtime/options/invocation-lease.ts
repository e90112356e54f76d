import { LockOptionError } from '../errors.js';
import { safetyMarginMs } from '../protocol/lease.js';

/** What is left of an invocation for its locks' releases, and for the handler to answer in. */
export const DEFAULT_RESERVE_SECONDS = 1;
/** The longest lease that `invocation` stands for: for as long others may have to wait after a crash. */
export const DEFAULT_MAX_INVOCATION_LEASE_SECONDS = 60;
/** Until the write that takes the lock was sent, and by how much its stamp may be behind DynamoDB's clock. */
const SLACK_MS = 1000;

/** A lease: seconds, or what is left of the invocation. */
export type Lease = number | 'invocation';

/**
 * The lease in seconds. One for an invocation is just long enough that a hold which begins with it lasts until
 * the invocation's end without a refresh, its safety margin taken off.
 * @throws LockOptionError where it is to be the invocation's, and there is none
 */
export function leaseSecondsOf(lease: Lease, invocationSeconds: number, maxInvocationLeaseSeconds: number): number {
  if (lease !== 'invocation') return lease;
  if (invocationSeconds === Infinity) {
    throw new LockOptionError('leaseSeconds is "invocation", but no invocation is given: pass { context }');
  }
  const neededMs = Math.max(0, invocationSeconds * 1000) + SLACK_MS;
  let seconds = Math.max(1, Math.ceil(neededMs / 1000));
  while (seconds * 1000 - safetyMarginMs(seconds) < neededMs) seconds += 1;
  return Math.min(seconds, maxInvocationLeaseSeconds);
}
