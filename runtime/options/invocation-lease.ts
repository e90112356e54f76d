import { LockOptionError } from '../errors.js';
import { safetyMarginMs } from '../protocol/lease.js';

/** The seconds kept free at the end of an invocation, for releases and for the handler's answer. */
export const DEFAULT_RESERVE_SECONDS = 1;
/** The longest lease that `invocation` may take. Others may have to wait that long after a crash. */
export const DEFAULT_MAX_INVOCATION_LEASE_SECONDS = 60;
/** Covers the time until the write that acquires the lock is sent, and a timestamp behind DynamoDB's clock. */
const SLACK_MS = 1000;

/** A lease: a number of seconds, or the remaining time of the Lambda invocation. */
export type Lease = number | 'invocation';

/**
 * The lease in seconds. The lease `invocation` is the shortest whose deadline, which is a safety margin earlier than
 * its end, is not before the invocation's end.
 * @throws LockOptionError if it is `invocation`, and there is no invocation
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
