import { randomBytes } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Lock, lockOf } from '../acquire/lock.js';
import {
  DEFAULT_CLOCK_TOLERANCE_SECONDS,
  DEFAULT_LEASE_SECONDS,
  DEFAULT_WAIT_SECONDS,
  LockClient,
} from '../acquire/lock-client.js';
import {
  holdOne,
  type TryOutcome,
  type TryWithLockOptions,
  tryOne,
  type WithLockOptions,
} from '../acquire/one-lock.js';
import { type Backend, testBackendInstead } from '../core/backend.js';
import { systemClock } from '../core/clock.js';
import { LockManager } from '../core/lock-manager.js';
import type { HoldStore, LockStore } from '../core/store.js';
import { LockOptionError } from '../errors.js';
import type { Work, WorkArguments } from '../hold/run-under.js';
import type { LockAttempt } from '../observe/events.js';
import { consoleLogger } from '../observe/logger.js';
import { Reporter } from '../observe/reporter.js';
import { DEFAULT_MAX_INVOCATION_LEASE_SECONDS } from '../options/invocation-lease.js';
import {
  FACTORY_SETTINGS,
  type FactorySettings,
  type LockOptions,
  type SingleFlightOptions,
} from '../options/options.js';
import { refuseUnknown, shown } from '../options/validate.js';
import { TABLE_NAME_VARIABLE } from '../protocol/wire.js';
import { holdSeveral, type WithLocksOptions, type WorkOnSeveral } from '../recipes/multi-lock.js';
import { flySingly } from '../recipes/single-flight.js';
import { connectionOf } from '../store/client.js';
import { DynamoDBStore } from '../store/dynamodb-store.js';
import { DynamoDBHoldStore } from '../store/hold-store.js';
import { defaultHostIdentifier, defaultsOfEnvironment, tableOfEnvironment } from './environment.js';
import { LockFactory } from './lock-factory.js';

/** What `getLockFactory` takes. */
export interface LockFactoryOptions extends FactorySettings {
  /**
   * A client of your own. It is used as it is: never reconfigured, never destroyed.
   * @default one client a process, made when first needed, with region, endpoint and credentials from the
   *   usual environment, kept-alive connections and short limits
   */
  readonly client?: DynamoDBClient | undefined;
}

/** A table's name, or its ARN. */
const TABLE = /^(?:arn:[^:]+:dynamodb:[^:]+:\d{12}:table\/)?[a-zA-Z0-9_.-]{3,255}$/;

let thisProcess: LockManager | undefined;
let defaultLocks: { readonly table: string; readonly client: LockClient } | undefined;

/**
 * A factory for the locks of one table; sends no request.
 * @param table the table's name or ARN, else the environment variable `LYNK_TABLE_NAME`, which
 *   `grantLock` of the construct sets for functions. For the locks of that table, `LYNK_LEASE_SECONDS`,
 *   `LYNK_WAIT_SECONDS` and `LYNK_CLOCK_TOLERANCE_SECONDS` give the defaults.
 * @throws LockOptionError
 */
export function getLockFactory(table?: string, options: LockFactoryOptions = {}): LockFactory {
  refuseUnknown(options, ['client', ...FACTORY_SETTINGS], 'getLockFactory');
  const { client, ...settings } = options;
  // Two copies of the SDK in one process are common, so it is not asked for its class.
  if (client !== undefined && typeof (client as Partial<DynamoDBClient> | null)?.send !== 'function') {
    throw new LockOptionError(`client is a DynamoDBClient, got ${shown(client)}`);
  }
  const ofEnvironment = tableOfEnvironment();
  const { manager, store } = backendFor(
    table ?? ofEnvironment,
    (tableName) => new DynamoDBStore(tableName, connectionOf(client)),
  );
  const defaults = store.tableName === ofEnvironment ? defaultsOfEnvironment() : {};
  const ownSettings = { ...defaults, ...given(settings) };
  return new LockFactory(manager, store, ownSettings, defaultHostIdentifier, testBackendInstead);
}

/** Where a test's locks stand in for DynamoDB, no table need be named; those locks then stay with the test. */
function backendFor<S extends HoldStore>(
  table: string | undefined,
  storeIn: (table: string) => S,
): Backend<S | LockStore> {
  const instead = table === undefined || table === '' ? testBackendInstead() : undefined;
  if (instead) return instead;
  thisProcess ??= new LockManager(systemClock, { bytes: randomBytes, fraction: Math.random });
  return { manager: thisProcess, store: storeIn(checkedTable(table)) };
}

/**
 * Holds the lock `name` in the table named by `LYNK_TABLE_NAME` while `work` runs, and resolves to what
 * `work` resolves to.
 *
 *     await withLock('account/42', async (held) => {
 *       const account = await load(42, { signal: held.signal });
 *       held.assertHeld();
 *       await save(account);
 *     });
 *
 * @throws what `work` throws; `LockNotGrantedError` where another held the lock for all of `waitSeconds`;
 *   `LockUnavailableError` where DynamoDB did not answer in that time;
 *   `LockLostError` where it was lost before `work` settled, with its error as `cause` or its value as `result`;
 *   `LockReentrancyError`, `LockEntryError`, `LockTableError`, `LockOptionError`
 */
export function withLock<T>(name: string, work: Work<T>): Promise<T>;
export function withLock<T>(name: string, options: WithLockOptions | undefined, work: Work<T>): Promise<T>;
export async function withLock<T>(name: string, ...args: WorkArguments<WithLockOptions, T>): Promise<T> {
  return holdOne(locksOfEnvironment(), name, args);
}

/** As `withLock`, but asks once: where another holds the lock, `work` does not run, and the outcome says who. */
export function tryWithLock<T>(name: string, work: Work<T>): Promise<TryOutcome<T>>;
export function tryWithLock<T>(
  name: string,
  options: TryWithLockOptions | undefined,
  work: Work<T>,
): Promise<TryOutcome<T>>;
export async function tryWithLock<T>(
  name: string,
  ...args: WorkArguments<TryWithLockOptions, T>
): Promise<TryOutcome<T>> {
  return tryOne(locksOfEnvironment(), name, args);
}

/**
 * Holds several locks in the table named by `LYNK_TABLE_NAME` while `work` runs: all of them, or none.
 *
 *     await withLocks([`account/${from}`, `account/${to}`], async (held) => {
 *       const [giver, taker] = await Promise.all([load(from), load(to)]);
 *       held.assertHeld({ forSeconds: 2 });
 *       await transfer(giver, taker, { signal: held.signal });
 *     });
 *
 * @param names 1 to 100, each once, in any order: no two such calls wait for each other
 * @throws as `withLock`
 */
export function withLocks<T>(names: readonly string[], work: WorkOnSeveral<T>): Promise<T>;
export function withLocks<T>(
  names: readonly string[],
  options: WithLocksOptions | undefined,
  work: WorkOnSeveral<T>,
): Promise<T>;
export async function withLocks<T>(
  names: readonly string[],
  ...args: WorkArguments<WithLocksOptions, T, WorkOnSeveral<T>>
): Promise<T> {
  return holdSeveral(locksOfEnvironment(), names, args);
}

/**
 * Of all who ask at once, in any number of functions, one does the work; the others wait for its result, and
 * those who ask later get it too, while it is fresh. In the table named by `LYNK_TABLE_NAME`.
 *
 *     const token = await singleFlight('partner-token', { freshSeconds: 300 }, () => fetchToken());
 *
 * @param work resolves to a JSON value of at most 4 KB, or to nothing; all get what JSON makes of it
 * @throws as `LockFactory.singleFlight`
 */
export async function singleFlight<T>(name: string, options: SingleFlightOptions, work: Work<T>): Promise<T> {
  return flySingly(locksOfEnvironment(), name, options, work);
}

/** One of the locks in the table named by `LYNK_TABLE_NAME`. */
export function lockOfEnvironment(name: string, options: LockOptions): Lock {
  return lockOf(locksOfEnvironment(), name, options);
}

/** The locks that `withLock` uses: those of the table named by `LYNK_TABLE_NAME`. */
function locksOfEnvironment(): LockClient {
  const table = tableOfEnvironment();
  // Without a table they are a test's, or an error: nothing to keep.
  if (!table) return locksIn(table);
  if (defaultLocks?.table !== table) defaultLocks = { table, client: locksIn(table) };
  return defaultLocks.client;
}

/** With nothing to settle but what the environment says: no logger of the function's own, no metrics. */
function locksIn(table: string | undefined): LockClient {
  const { manager, store } = backendFor(
    table,
    (tableName) => new DynamoDBHoldStore(tableName, connectionOf(undefined)),
  );
  const {
    leaseSeconds = DEFAULT_LEASE_SECONDS,
    waitSeconds = DEFAULT_WAIT_SECONDS,
    clockToleranceSeconds = DEFAULT_CLOCK_TOLERANCE_SECONDS,
  } = store.tableName === table ? defaultsOfEnvironment() : {};
  const target = {
    clockToleranceSeconds,
    logger: consoleLogger,
    reporterFor: (attempt: LockAttempt, manager: LockManager) => new Reporter(attempt, manager),
    hostIdentifier: defaultHostIdentifier,
  };
  const maxInvocationLeaseSeconds = DEFAULT_MAX_INVOCATION_LEASE_SECONDS;
  const settings = { leaseSeconds, maxInvocationLeaseSeconds, waitSeconds, fencing: false, target };
  return new LockClient(manager, store, settings, testBackendInstead);
}

/** Without the options that are there but undefined: those ask for the default. */
function given(settings: FactorySettings): FactorySettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function checkedTable(table: unknown): string {
  if (table === undefined || table === '') {
    throw new LockOptionError(
      `which table? Pass its name to getLockFactory, or set ${TABLE_NAME_VARIABLE} (the construct does, for functions)`,
    );
  }
  if (typeof table === 'string' && TABLE.test(table)) return table;
  throw new LockOptionError(
    `a table's name has 3 to 255 letters, digits, "_", "-" and ".", or is an ARN, got ${shown(table)}`,
  );
}
