import type { LockHolder } from '../errors.js';
import { Hold } from '../hold/hold.js';
import { holdWhile, type Work, type WorkArguments, workArguments } from '../hold/run-under.js';
import {
  ACQUIRE_OPTIONS,
  type AcquireOptions,
  LOCK_OPTIONS,
  type LockOptions,
  TRY_OPTIONS,
  type TryOptions,
} from '../options/options.js';
import { refuseUnknown } from '../options/validate.js';
import { acquireHold, tryHold } from './acquire-request.js';
import type { LockClient } from './lock-client.js';

/** What `withLock` of a factory takes: the lock's options and those of the call. */
export interface WithLockOptions extends LockOptions, AcquireOptions {}

/** What `tryWithLock` of a factory takes. */
export interface TryWithLockOptions
  extends TryOptions,
    Pick<LockOptions, 'leaseSeconds' | 'maxInvocationLeaseSeconds' | 'fencing'> {}

/** The names of all that `withLock` takes. */
export const WITH_LOCK_OPTIONS = [...new Set([...LOCK_OPTIONS, ...ACQUIRE_OPTIONS])];

/** What `tryWithLock` resolves to. */
export type TryOutcome<T> =
  | { readonly acquired: true; readonly value: T }
  | { readonly acquired: false; readonly holder: LockHolder };

/** Holds the lock while `work` runs, as `withLock` of a factory says. */
export async function holdOne<T>(
  client: LockClient,
  name: string,
  args: WorkArguments<WithLockOptions, T>,
): Promise<T> {
  const { options, work } = workArguments(args, 'withLock');
  refuseUnknown(options, WITH_LOCK_OPTIONS, 'withLock');
  return holdWhile(await acquireHold(client.lockSettings(name, options), options), work);
}

/** The same where the lock is free, as `tryWithLock` of a factory says. */
export async function tryOne<T>(
  client: LockClient,
  name: string,
  args: WorkArguments<TryWithLockOptions, T>,
): Promise<TryOutcome<T>> {
  const { options, work } = workArguments(args, 'tryWithLock');
  refuseUnknown(options, ['leaseSeconds', 'maxInvocationLeaseSeconds', 'fencing', ...TRY_OPTIONS], 'tryWithLock');
  return holdUnlessRefused(await tryHold(client.lockSettings(name, options), options), work);
}

/** Runs `work` under what a try was granted, if anything. */
export async function holdUnlessRefused<T>(outcome: Hold | LockHolder, work: Work<T>): Promise<TryOutcome<T>> {
  if (!(outcome instanceof Hold)) return { acquired: false, holder: outcome };
  return { acquired: true, value: await holdWhile(outcome, work) };
}
