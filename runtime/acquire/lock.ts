import type { LockRef } from '../entry/lock-ref.js';
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
import type { AcquireRequest } from './acquire.js';
import { acquireHold, acquireRequest, type LockSettings, tryHold } from './acquire-request.js';
import type { LockClient } from './lock-client.js';
import { holdUnlessRefused, type TryOutcome } from './one-lock.js';

/** One of these locks, as `createLock` of a factory says. */
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
   * Asks once. Resolves to `undefined` where another holds the lock.
   * @throws LockUnavailableError where that could not be found out: its `cause` says why
   * @throws LockEntryError, LockTableError, LockOptionError, LockReentrancyError
   */
  async tryAcquire(options: TryOptions = {}): Promise<HeldLock | undefined> {
    refuseUnknown(options, TRY_OPTIONS, 'tryAcquire');
    const outcome = await tryHold(this.settings, options);
    return outcome instanceof Hold ? outcome : undefined;
  }

  /**
   * Holds the lock while `work` runs, and resolves to what `work` resolves to.
   * @throws what `work` throws; `LockLostError` where the lock was lost before `work` settled, with its error
   *   as `cause` or its value as `result`; otherwise as `acquire`
   */
  withLock<T>(work: Work<T>): Promise<T>;
  /** Waits for the lock, and holds it while `work` runs, with options for this call. */
  withLock<T>(options: AcquireOptions | undefined, work: Work<T>): Promise<T>;
  async withLock<T>(...args: WorkArguments<AcquireOptions, T>): Promise<T> {
    const { options, work } = workArguments(args, 'withLock');
    refuseUnknown(options, ACQUIRE_OPTIONS, 'withLock');
    return holdWhile(await acquireHold(this.settings, options), work);
  }

  /** As `withLock`, but asks once: where another holds the lock, `work` does not run, and the outcome says who. */
  tryWithLock<T>(work: Work<T>): Promise<TryOutcome<T>>;
  /** Tries once to get the lock, with options for this call. */
  tryWithLock<T>(options: TryOptions | undefined, work: Work<T>): Promise<TryOutcome<T>>;
  async tryWithLock<T>(...args: WorkArguments<TryOptions, T>): Promise<TryOutcome<T>> {
    const { options, work } = workArguments(args, 'tryWithLock');
    refuseUnknown(options, TRY_OPTIONS, 'tryWithLock');
    return holdUnlessRefused(await tryHold(this.settings, options), work);
  }

  /** @internal What is so where nothing else is asked. */
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
