import type { LockRef } from '../entry/lock-ref.js';
import { refuseReentry } from '../entry/scope.js';
import type { LockHolder } from '../errors.js';
import type { Hold } from '../hold/hold.js';
import { DEFAULT_RESERVE_SECONDS, type Lease, leaseSecondsOf } from '../options/invocation-lease.js';
import type { AcquireOptions, TryOptions } from '../options/options.js';
import {
  checkedAtLeast,
  checkedContext,
  checkedNote,
  checkedReserve,
  checkedSignal,
  checkedWait,
} from '../options/validate.js';
import { type AcquireRequest, askForHold, must, takeHold, waitForHold } from './acquire.js';

/** What can be asked for: how it is reached, and the lease that it is to have. */
interface Askable<T> {
  readonly name: string;
  readonly leaseSeconds: Lease;
  readonly maxInvocationLeaseSeconds: number;
  readonly lockAtLeastSeconds?: number;
  readonly fencing?: boolean;
  /** Finds out which table it is in; sends no request. */
  readonly reach: (name: string) => Promise<T>;
}

/** A lock's settings, and how it is reached. */
export interface LockSettings extends Required<Askable<LockRef>> {
  readonly waitSeconds: number;
}

/** Waits until the lock is held, as `acquire` of a lock says. */
export async function acquireHold(settings: LockSettings, options: AcquireOptions): Promise<Hold> {
  const asked = checkedWait(options.waitSeconds, settings.waitSeconds);
  const ask = await acquireRequest(settings, options);
  refuseReentry(ask.ref);
  const waitSeconds = waitSecondsWithin(asked, ask);
  if (waitSeconds > 0) return must(await waitForHold(ask, waitSeconds));
  return must(await takeHold(ask, limitOfOne(asked)));
}

/** Asks once; resolves to who holds it where that is another. */
export async function tryHold(settings: LockSettings, options: TryOptions): Promise<Hold | LockHolder> {
  const ask = await acquireRequest(settings, options);
  refuseReentry(ask.ref);
  return must(await askForHold(ask));
}

/** What is left of the wait asked for, within its invocation; 0 or less asks once. */
export function waitSecondsWithin(
  asked: number,
  { invocationSeconds, reserveSeconds }: AcquireRequest<unknown>,
): number {
  return Math.min(asked, invocationSeconds - reserveSeconds);
}

/** Why an asking is made once, as the error of one that is refused says it. */
export function limitOfOne(askedSeconds: number): string {
  return askedSeconds > 0 ? 'so late in its invocation' : 'at once';
}

/** Reaches the lock on a caller's behalf. The caller's signal, where aborted already, ends that at once. */
export async function acquireRequest<T extends Pick<LockRef, 'manager' | 'settings' | 'store'>>(
  { name, leaseSeconds: lease, maxInvocationLeaseSeconds, fencing = false, reach, ...settings }: Askable<T>,
  options: TryOptions,
): Promise<AcquireRequest<T>> {
  const signal = checkedSignal(options.signal);
  const context = checkedContext(options.context);
  const data = checkedNote(options.data);
  const lockAtLeastSeconds = checkedAtLeast(options.lockAtLeastSeconds, settings.lockAtLeastSeconds ?? 0);
  signal?.throwIfAborted();
  const reserveSeconds = checkedReserve(options.releaseReserveSeconds, DEFAULT_RESERVE_SECONDS);
  const requestId = context?.awsRequestId;
  const ref = await reach(name);
  const { manager } = ref;
  // Both at one moment, after all that is awaited: the hold is not to outlive its invocation by what that took.
  const invocationSeconds = context ? context.getRemainingTimeInMillis() / 1000 : Infinity;
  const invocationEndsMs = context && manager.elapsedMs() + invocationSeconds * 1000;
  const leaseSeconds = leaseSecondsOf(lease, invocationSeconds, maxInvocationLeaseSeconds);
  const hostIdentifier = ref.settings.hostIdentifier(requestId);
  const attempt = { lockName: name, tableName: ref.store.tableName, hostIdentifier, leaseSeconds, requestId };
  return {
    ref,
    leaseSeconds,
    hostIdentifier,
    data,
    lockAtLeastSeconds,
    fencing,
    requestId,
    reporter: ref.settings.reporterFor(attempt, manager),
    signal,
    invocationSeconds,
    reserveSeconds,
    invocationEndsMs,
  };
}
