import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  holdOne,
  type Lock,
  lockOf,
  type TryOutcome,
  type TryWithLockOptions,
  tryOne,
  type WithLockOptions,
} from '../acquire/lock.js';
import { LockOptionError } from '../errors.js';
import type { Work, WorkArguments } from '../hold/run-under.js';
import {
  FACTORY_SETTINGS,
  type FactorySettings,
  type LockOptions,
  type SingleFlightOptions,
} from '../options/options.js';
import { refuseUnknown, shown } from '../options/validate.js';
import { holdSeveral, type WithLocksOptions, type WorkOnSeveral } from '../recipes/multi-lock.js';
import { flySingly } from '../recipes/single-flight.js';
import { connectionOf, factoryConnectionOf } from '../store/client.js';
import { locksOfEnvironment } from './backend.js';
import { factoryOver } from './factory.js';
import type { LockFactory } from './lock-factory.js';

/** What `getLockFactory` takes. */
export interface LockFactoryOptions extends FactorySettings {
  /**
   * A client of your own. It is used as it is: never reconfigured, never destroyed.
   * @default one client for the process, made when it is first needed. Region, endpoint and credentials come from the
   *   usual environment. It keeps connections alive, and has short time limits.
   */
  readonly client?: DynamoDBClient | undefined;
}

const locks = /* @__PURE__ */ locksOfEnvironment(() => connectionOf(undefined));

/**
 * Makes a factory for the locks of one table. Sends no request.
 * @param table the table's name or ARN. By default the environment variable `LYNK_TABLE_NAME`, which the construct's
 *   `connect` sets for functions. Locks of that table have their defaults from `LYNK_LEASE_SECONDS`,
 *   `LYNK_WAIT_SECONDS` and `LYNK_CLOCK_TOLERANCE_SECONDS`.
 * @param options defaults for all locks of the factory
 * @throws LockOptionError if no table is named, its name cannot be one, or an option or one of these variables is not
 *   allowed
 * @example
 * import { getLockFactory } from 'cdk-lynk/runtime';
 *
 * const factory = getLockFactory('my-locks', { leaseSeconds: 20 });
 * const outcome = await factory.tryWithLock('nightly', async (held) => {
 *   await fetch('https://example.com/reports', { method: 'POST', signal: held.signal });
 * });
 * if (!outcome.acquired) console.log(`already running: ${outcome.holder}`);
 */
export function getLockFactory(table?: string, options: LockFactoryOptions = {}): LockFactory {
  refuseUnknown(options, ['client', ...FACTORY_SETTINGS], 'getLockFactory');
  const { client, ...settings } = options;
  // No instanceof: two copies of the SDK in one process are common.
  if (client !== undefined && typeof (client as Partial<DynamoDBClient> | null)?.send !== 'function') {
    throw new LockOptionError(`client is a DynamoDBClient, got ${shown(client)}`);
  }
  return factoryOver(factoryConnectionOf(client), table, settings);
}

/**
 * Waits for the lock `name`, holds it while `work` runs, and resolves to what `work` resolves to. The table is the one
 * in the environment variable `LYNK_TABLE_NAME`.
 * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
 * @param work runs once the lock is held, and gets the held lock
 * @throws what `work` throws
 * @throws LockNotGrantedError if another held the lock for all of `waitSeconds`; `work` did not run
 * @throws LockUnavailableError if DynamoDB did not answer within `waitSeconds`; `work` did not run
 * @throws LockLostError if the lock was lost before `work` settled. What `work` threw is its `cause`, what it resolved
 *   to is its `result`.
 * @throws LockReentrancyError if it is called inside a `withLock` that holds the same lock
 * @throws LockTableError if the table cannot be used, or the caller may not use it
 * @throws LockEntryError if the table's item with this name is not a lock's entry
 * @throws LockOptionError if no table is named, or the name or an option is not allowed
 * @example
 * import { withLock } from 'cdk-lynk/runtime';
 *
 * const status = await withLock('account/42', async (held) => {
 *   const response = await fetch('https://example.com/accounts/42', { method: 'POST', signal: held.signal });
 *   return response.status;
 * });
 * console.log(status);
 */
export function withLock<T>(name: string, work: Work<T>): Promise<T>;
/**
 * Holds a lock while `work` runs, with options for this call. Its errors are those of `withLock` without options.
 * @param options for this call; they override the defaults
 */
export function withLock<T>(name: string, options: WithLockOptions | undefined, work: Work<T>): Promise<T>;
export async function withLock<T>(name: string, ...args: WorkArguments<WithLockOptions, T>): Promise<T> {
  return holdOne(locks(), name, args);
}

/**
 * Tries once to get the lock `name`, in the table that `LYNK_TABLE_NAME` names, and holds it while `work` runs. If
 * another holds the lock, `work` does not run.
 * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
 * @param work runs if the lock was free, and gets the held lock
 * @returns whether the lock was held, and what `work` resolved to; or who holds the lock
 * @throws LockUnavailableError if DynamoDB did not answer: then it is not known whether another holds the lock
 * @throws the other errors of `withLock`, except for `LockNotGrantedError`
 * @example
 * import { tryWithLock } from 'cdk-lynk/runtime';
 *
 * const outcome = await tryWithLock('nightly', () => fetch('https://example.com/reports', { method: 'POST' }));
 * console.log(outcome.acquired ? outcome.value.status : `already running: ${outcome.holder}`);
 */
export function tryWithLock<T>(name: string, work: Work<T>): Promise<TryOutcome<T>>;
/**
 * Tries once to get a lock, with options for this call. Its errors are those of `tryWithLock` without options.
 * @param options for this call; they override the defaults
 */
export function tryWithLock<T>(
  name: string,
  options: TryWithLockOptions | undefined,
  work: Work<T>,
): Promise<TryOutcome<T>>;
export async function tryWithLock<T>(
  name: string,
  ...args: WorkArguments<TryWithLockOptions, T>
): Promise<TryOutcome<T>> {
  return tryOne(locks(), name, args);
}

/**
 * Holds several locks while `work` runs: all of them, or none. If one is lost, `held.signal` aborts. The table is the
 * one in the environment variable `LYNK_TABLE_NAME`.
 * @param names 1 to 100 names, each once. Calls never deadlock, whatever the order of their names.
 * @param work runs once all locks are held, and gets them
 * @throws LockNotGrantedError or LockUnavailableError about the lock that was not granted within `waitSeconds`, which
 *   is for all locks together. Those that had been granted are released again.
 * @throws LockLostError if one of the locks was lost before `work` settled
 * @throws LockOptionError if a name is given twice, there are none or more than 100, or an option is not allowed
 * @throws what `work` throws, and the other errors of `withLock`
 * @example
 * import { withLocks } from 'cdk-lynk/runtime';
 *
 * await withLocks(['account/1', 'account/2'], async (held) => {
 *   held.assertHeld({ forSeconds: 2 });
 *   await fetch('https://example.com/transfers', { method: 'POST', body: '1 to 2', signal: held.signal });
 * });
 */
export function withLocks<T>(names: readonly string[], work: WorkOnSeveral<T>): Promise<T>;
/**
 * Holds several locks while `work` runs, with options for this call. Its errors are those without options.
 * @param options for this call; they override the defaults
 */
export function withLocks<T>(
  names: readonly string[],
  options: WithLocksOptions | undefined,
  work: WorkOnSeveral<T>,
): Promise<T>;
export async function withLocks<T>(
  names: readonly string[],
  ...args: WorkArguments<WithLocksOptions, T, WorkOnSeveral<T>>
): Promise<T> {
  return holdSeveral(locks(), names, args);
}

/**
 * Runs `work` once for all callers, in any number of functions: one caller runs it, and the others wait for its result.
 * Later callers get the same result as long as it is fresh. It is kept in the table that `LYNK_TABLE_NAME` names.
 * @param work resolves to a JSON value of at most 4 KB, or to undefined. Every caller gets the value as read from JSON.
 * @param name the name of the lock that `work` runs under, and of its result
 * @param options how long a result is fresh, and what locks take
 * @throws what `work` throws, to the caller that ran it; another caller runs `work` then
 * @throws LockNotGrantedError if another caller's `work` was still running after `waitSeconds`
 * @throws LockOptionError if the result is not a JSON value, or too long; or if the name or an option is not allowed
 * @throws the other errors of `withLock`
 * @example
 * import { singleFlight } from 'cdk-lynk/runtime';
 *
 * const rates = await singleFlight('exchange-rates', { freshSeconds: 300 }, async (held) => {
 *   const response = await fetch('https://example.com/rates', { signal: held.signal });
 *   return response.text();
 * });
 * console.log(rates);
 */
export async function singleFlight<T>(name: string, options: SingleFlightOptions, work: Work<T>): Promise<T> {
  return flySingly(locks(), name, options, work);
}

/** A lock in the table that `LYNK_TABLE_NAME` names. */
export function lockOfEnvironment(name: string, options: LockOptions): Lock {
  return lockOf(locks(), name, options);
}
