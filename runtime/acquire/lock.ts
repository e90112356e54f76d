import type { LockRef } from '../entry/lock-ref.js';
import type { LockHolder } from '../errors.js';
import { Hold } from '../hold/hold.js';
import { holdWhile, type Work, type WorkArguments, workArguments } from '../hold/run-under.js';
import type { HeldLock } from '../options/held-lock.js';
import {
  ACQUIRE_OPTIONS,
  type AcquireOptions,
  LOCK_OPTIONS,
  type LockOptions,
  TRY_OPTIONS,
  type TryOptions,
} from '../options/options.js';
import { refuseUnknown } from '../options/validate.js';
import { acquireHold, tryHold } from './acquire.js';
import { type AcquireRequest, acquireRequest, type LockSettings } from './acquire-request.js';
import type { LockClient } from './lock-client.js';

/** The options of a factory's `withLock`: those of the lock and those of the call. */
export interface WithLockOptions extends LockOptions, AcquireOptions {}

/** The options of a factory's `tryWithLock`. */
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

/** Holds the lock while `work` runs, if it is free, as `tryWithLock` of a factory says. */
export async function tryOne<T>(
  client: LockClient,
  name: string,
  args: WorkArguments<TryWithLockOptions, T>,
): Promise<TryOutcome<T>> {
  const { options, work } = workArguments(args, 'tryWithLock');
  refuseUnknown(options, ['leaseSeconds', 'maxInvocationLeaseSeconds', 'fencing', ...TRY_OPTIONS], 'tryWithLock');
  return holdUnlessRefused(await tryHold(client.lockSettings(name, options), options), work);
}

/** Runs `work` under the hold of a try, if that was granted. */
async function holdUnlessRefused<T>(outcome: Hold | LockHolder, work: Work<T>): Promise<TryOutcome<T>> {
  if (!(outcome instanceof Hold)) return { acquired: false, holder: outcome };
  return { acquired: true, value: await holdWhile(outcome, work) };
}

/** Makes a lock, as `createLock` of a factory says. */
export function lockOf(client: LockClient, name: string, options: LockOptions): Lock {
  refuseUnknown(options, LOCK_OPTIONS, 'createLock');
  return new Lock(client.lockSettings(name, options));
}

/** A lock's name and settings, from `createLock`. Making one costs nothing and sends nothing. */
export class Lock {
  /** @internal */
  constructor(private readonly settings: LockSettings) {}

  /** The lock's name. */
  get name(): string {
    return this.settings.name;
  }

  /**
   * Waits until the lock is held. Callers of one process queue, first in first out.
   * @throws LockNotGrantedError after `waitSeconds`: another holds it, and `holder` says who
   * @throws LockUnavailableError after `waitSeconds`: DynamoDB did not answer, and `cause` says why
   * @throws LockEntryError, LockTableError, LockOptionError, LockReentrancyError
   */
  async acquire(options: AcquireOptions = {}): Promise<HeldLock> {
    refuseUnknown(options, ACQUIRE_OPTIONS, 'acquire');
    return acquireHold(this.settings, options);
  }

  /**
   * Tries once. Resolves to `undefined` if another holds the lock.
   * @throws LockUnavailableError if DynamoDB did not answer: its `cause` says why
   * @throws LockEntryError, LockTableError, LockOptionError, LockReentrancyError
   */
  async tryAcquire(options: TryOptions = {}): Promise<HeldLock | undefined> {
    refuseUnknown(options, TRY_OPTIONS, 'tryAcquire');
    const outcome = await tryHold(this.settings, options);
    return outcome instanceof Hold ? outcome : undefined;
  }

  /**
   * Holds the lock while `work` runs, and resolves to what `work` resolves to.
   * @throws what `work` throws; `LockLostError` if the lock was lost before `work` settled, with its error as `cause`
   *   or its value as `result`; otherwise as `acquire`
   */
  withLock<T>(work: Work<T>): Promise<T>;
  /** Waits for the lock, and holds it while `work` runs, with options for this call. */
  withLock<T>(options: AcquireOptions | undefined, work: Work<T>): Promise<T>;
  async withLock<T>(...args: WorkArguments<AcquireOptions, T>): Promise<T> {
    const { options, work } = workArguments(args, 'withLock');
    refuseUnknown(options, ACQUIRE_OPTIONS, 'withLock');
    return holdWhile(await acquireHold(this.settings, options), work);
  }

  /** As `withLock`, but tries once: if another holds the lock, `work` does not run, and the outcome says who. */
  tryWithLock<T>(work: Work<T>): Promise<TryOutcome<T>>;
  /** Tries once to get the lock, with options for this call. */
  tryWithLock<T>(options: TryOptions | undefined, work: Work<T>): Promise<TryOutcome<T>>;
  async tryWithLock<T>(...args: WorkArguments<TryOptions, T>): Promise<TryOutcome<T>> {
    const { options, work } = workArguments(args, 'tryWithLock');
    refuseUnknown(options, TRY_OPTIONS, 'tryWithLock');
    return holdUnlessRefused(await tryHold(this.settings, options), work);
  }

  /** @internal The lock's own settings. */
  get defaults(): Pick<LockSettings, 'leaseSeconds' | 'waitSeconds'> {
    return this.settings;
  }

  /** @internal Finds out which table it is in; sends no request. */
  target(): Promise<LockRef> {
    return this.settings.reach(this.settings.name);
  }

  /** @internal */
  ask(options: TryOptions): Promise<AcquireRequest> {
    return acquireRequest(this.settings, options);
  }
}
