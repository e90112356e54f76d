import {
  holdOne,
  type Lock,
  lockOf,
  type TryOutcome,
  type TryWithLockOptions,
  tryOne,
  type WithLockOptions,
} from '../acquire/lock.js';
import { locksOfEnvironment } from '../client/backend.js';
import { factoryOver } from '../client/factory.js';
import type { LockFactory } from '../client/lock-factory.js';
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
import { connectionEach } from '../store/connection.js';
import { LightConnection } from './connection.js';
import { credentialsOf, credentialsOfEnvironment } from './credentials.js';
import type { CredentialsProvider } from './kept.js';

/** What `getLockFactory` of `cdk-lynk/runtime/light` takes. */
export interface LockFactoryOptions extends FactorySettings {
  /**
   * Finds credentials. If they say when they expire, they are kept until some minutes before that; otherwise they are
   * asked for with each request.
   * @default those of the environment: Lambda's variables, or the endpoint of a container
   */
  readonly credentials?: CredentialsProvider | undefined;
}

const connectionBy = /* @__PURE__ */ connectionEach<CredentialsProvider, LightConnection>(
  (provider) => new LightConnection(provider ? credentialsOf(provider) : credentialsOfEnvironment()),
);

const locks = /* @__PURE__ */ locksOfEnvironment(() => connectionBy(undefined));

/**
 * Makes a factory for the locks of one table, as `getLockFactory` of `cdk-lynk/runtime`. Sends no request.
 * @param table the table's name or ARN. By default the environment variable `LYNK_TABLE_NAME`.
 * @param options defaults for all locks of the factory
 * @throws LockOptionError if no table is named, its name cannot be one, or an option is not allowed
 * @example
 * import { getLockFactory } from 'cdk-lynk/runtime/light';
 *
 * const factory = getLockFactory('my-locks', { leaseSeconds: 20 });
 * await factory.withLock('nightly', () => fetch('https://example.com/reports', { method: 'POST' }));
 */
export function getLockFactory(table?: string, options: LockFactoryOptions = {}): LockFactory {
  if ((options as { readonly client?: unknown } | null)?.client !== undefined) {
    throw new LockOptionError('a client of your own needs getLockFactory of cdk-lynk/runtime');
  }
  refuseUnknown(options, ['credentials', ...FACTORY_SETTINGS], 'getLockFactory');
  const { credentials, ...settings } = options;
  if (credentials !== undefined && typeof credentials !== 'function') {
    throw new LockOptionError(`credentials is a function that resolves to credentials, got ${shown(credentials)}`);
  }
  return factoryOver(connectionBy(credentials), table, settings);
}

/**
 * Waits for the lock `name`, and holds it while `work` runs, as `withLock` of `cdk-lynk/runtime`, whose errors it throws.
 * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
 * @param work runs once the lock is held, and gets the held lock
 * @example
 * import { withLock } from 'cdk-lynk/runtime/light';
 *
 * await withLock('account/42', async (held) => {
 *   await fetch('https://example.com/accounts/42', { method: 'POST', signal: held.signal });
 * });
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
 * Tries once to get the lock `name`, and holds it while `work` runs, as `tryWithLock` of `cdk-lynk/runtime`.
 * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
 * @param work runs if the lock was free, and gets the held lock
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
 * Holds several locks while `work` runs: all of them, or none, as `withLocks` of `cdk-lynk/runtime`.
 * @param names 1 to 100 names, each once
 * @param work runs once all locks are held, and gets them
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
 * Runs `work` once for all callers, in any number of functions, as `singleFlight` of `cdk-lynk/runtime`.
 * @param name the name of the lock that `work` runs under, and of its result
 * @param options how long a result is fresh, and what locks take
 * @param work resolves to a JSON value of at most 4 KB, or to undefined
 */
export async function singleFlight<T>(name: string, options: SingleFlightOptions, work: Work<T>): Promise<T> {
  return flySingly(locks(), name, options, work);
}

/** A lock in the table that `LYNK_TABLE_NAME` names. */
export function lockOfEnvironment(name: string, options: LockOptions): Lock {
  return lockOf(locks(), name, options);
}
