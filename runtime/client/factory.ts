import { testBackendInstead } from '../core/backend.js';
import type { FactorySettings } from '../options/options.js';
import type { Connection } from '../store/connection.js';
import { DynamoDBStore } from '../store/dynamodb-store.js';
import { backendFor } from './backend.js';
import { defaultHostIdentifier, defaultsOfEnvironment, tableOfEnvironment } from './environment.js';
import { LockFactory } from './lock-factory.js';

/** The factory for the locks of one table, which is reached over this connection. */
export function factoryOver(connection: Connection, table: string | undefined, settings: FactorySettings): LockFactory {
  const ofEnvironment = tableOfEnvironment();
  const { manager, store } = backendFor(
    table ?? ofEnvironment,
    (tableName) => new DynamoDBStore(tableName, connection),
  );
  const defaults = store.tableName === ofEnvironment ? defaultsOfEnvironment() : {};
  const ownSettings = { ...defaults, ...given(settings) };
  return new LockFactory(manager, store, ownSettings, defaultHostIdentifier, testBackendInstead);
}

/** Without the options that are undefined: those must not override the environment's. */
function given(settings: FactorySettings): FactorySettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
