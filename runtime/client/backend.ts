import { randomBytes } from 'node:crypto';
import {
  DEFAULT_CLOCK_TOLERANCE_SECONDS,
  DEFAULT_LEASE_SECONDS,
  DEFAULT_WAIT_SECONDS,
  LockClient,
} from '../acquire/lock-client.js';
import { type Backend, testBackendInstead } from '../core/backend.js';
import { systemClock } from '../core/clock.js';
import { LockManager } from '../core/lock-manager.js';
import type { HoldStore, LockStore } from '../core/store.js';
import { LockOptionError } from '../errors.js';
import type { LockAttempt } from '../observe/events.js';
import { consoleLogger } from '../observe/logger.js';
import { Reporter } from '../observe/reporter.js';
import { DEFAULT_MAX_INVOCATION_LEASE_SECONDS } from '../options/invocation-lease.js';
import { shown } from '../options/validate.js';
import { TABLE_NAME_VARIABLE } from '../protocol/wire.js';
import type { Connection } from '../store/connection.js';
import { DynamoDBHoldStore } from '../store/hold-store.js';
import { defaultHostIdentifier, defaultsOfEnvironment, tableOfEnvironment } from './environment.js';

/** A table's name, or its ARN. */
const TABLE = /^(?:arn:[^:]+:dynamodb:[^:]+:\d{12}:table\/)?[a-zA-Z0-9_.-]{3,255}$/;

let thisProcess: LockManager | undefined;

/** A test's locks need no table: then they use the test's backend for good. */
export function backendFor<S extends HoldStore>(
  table: string | undefined,
  storeIn: (table: string) => S,
): Backend<S | LockStore> {
  const instead = table === undefined || table === '' ? testBackendInstead() : undefined;
  if (instead) return instead;
  thisProcess ??= new LockManager(systemClock, { bytes: randomBytes, fraction: Math.random });
  return { manager: thisProcess, store: storeIn(checkedTable(table)) };
}

/** Finds the locks of the table that `LYNK_TABLE_NAME` names, each time, over this connection. `withLock` uses them. */
export function locksOfEnvironment(connect: () => Connection): () => LockClient {
  let kept: { readonly table: string; readonly client: LockClient } | undefined;
  return () => {
    const table = tableOfEnvironment();
    // Without a table, a test's locks are used, or it is an error. Neither is kept.
    if (!table) return locksIn(table, connect);
    if (kept?.table !== table) kept = { table, client: locksIn(table, connect) };
    return kept.client;
  };
}

/** Not made by `settled`, so that a bundle of `withLock` has no loggers, metrics or observers in it. */
function locksIn(table: string | undefined, connect: () => Connection): LockClient {
  const { manager, store } = backendFor(table, (tableName) => new DynamoDBHoldStore(tableName, connect()));
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
