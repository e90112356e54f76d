import { randomBytes } from 'node:crypto';
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { systemClock } from '../../../runtime/core/clock.js';
import type { LockStore } from '../../../runtime/core/store.js';
import { factoryConnectionOf, ownConnection } from '../../../runtime/store/client.js';
import type { Connection } from '../../../runtime/store/connection.js';
import { DynamoDBStore } from '../../../runtime/store/dynamodb-store.js';
import { MemoryStore } from '../../../runtime/store/memory-store.js';
import { Faults } from '../../../runtime/testing/fault.js';
import { FaultyStore } from '../../../runtime/testing/faulty-store.js';
import { clientSettings, startServer } from '../../server/index.js';
import { createTable, lockTable } from '../../server/table.js';
import { lightConnectionTo } from '../light/to.js';

export type StoredItem = Readonly<Record<string, AttributeValue>>;

/** A store to test, and direct access to its items. */
export interface StoreFixture {
  readonly store: LockStore;
  put(item: StoredItem): Promise<void>;
  get(lockKey: string): Promise<StoredItem | undefined>;
  remove(lockKey: string): Promise<void>;
  close(): Promise<void>;
}

export async function memoryFixture(): Promise<StoreFixture> {
  const store = new MemoryStore('locks');
  return {
    store,
    put: async (item) => void store.items.set(item['lockKey']?.S ?? '', item),
    get: async (lockKey) => store.items.get(lockKey) as StoredItem | undefined,
    remove: async (lockKey) => void store.items.delete(lockKey),
    close: async () => {},
  };
}

/** The store of test locks, without a fault. */
export async function testKitFixture(): Promise<StoreFixture> {
  const memory = await memoryFixture();
  const faults = new Faults(() => systemClock.monotonicMs());
  return { ...memory, store: new FaultyStore(memory.store, faults, systemClock) };
}

/** A store on the server that the environment names, reached by an SDK client. */
export function dynamoDBFixture(): Promise<StoreFixture> {
  return onServer((client) => factoryConnectionOf(client));
}

/** The same, reached by the default client. */
export function defaultFixture(): Promise<StoreFixture> {
  return onServer((_, endpoint) => ownConnection(clientSettings(endpoint)));
}

/** The same, reached by the light client. */
export function lightFixture(): Promise<StoreFixture> {
  return onServer((_, endpoint) => lightConnectionTo(endpoint));
}

async function onServer(connect: (client: DynamoDBClient, endpoint: string) => Connection): Promise<StoreFixture> {
  const server = await startServer(process.env['TEST_SERVER'] === 'dynamodb-local' ? 'dynamodb-local' : 'any');
  const client = new DynamoDBClient(clientSettings(server.endpoint));
  const TableName = `contract-${randomBytes(6).toString('hex')}`;
  await createTable(client, lockTable(TableName));
  const keyOf = (lockKey: string) => ({ TableName, Key: { lockKey: { S: lockKey } } });
  return {
    store: new DynamoDBStore(TableName, connect(client, server.endpoint)),
    put: async (item) => void (await client.send(new PutItemCommand({ TableName, Item: { ...item } }))),
    get: async (lockKey) => (await client.send(new GetItemCommand({ ...keyOf(lockKey), ConsistentRead: true }))).Item,
    remove: async (lockKey) => void (await client.send(new DeleteItemCommand(keyOf(lockKey)))),
    close: async () => {
      client.destroy();
      await server.stop();
    },
  };
}
