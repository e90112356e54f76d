import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { LockFactory as LockFactoryClass } from '../../runtime/client/lock-factory.js';
import { systemClock } from '../../runtime/core/clock.js';
import { LockManager } from '../../runtime/core/lock-manager.js';
import { getLockFactory, type LockFactory, type LockFactoryOptions } from '../../runtime/index.js';
import type { FactorySettings } from '../../runtime/options/options.js';
import { formatVersion, holdIdFrom } from '../../runtime/protocol/version.js';
import { factoryConnectionOf } from '../../runtime/store/client.js';
import { DynamoDBStore } from '../../runtime/store/dynamodb-store.js';
import { FaultProxy } from '../server/fault-proxy.js';
import { clientSettings, startServer, type TestServer } from '../server/index.js';
import { createTable, deleteTable, lockTable } from '../server/table.js';

/** A foreign entry, for `Rig.putForeignEntry`. */
export interface ForeignEntry {
  readonly leaseSeconds: number;
  /** How long ago its holder wrote it last. */
  readonly ageSeconds?: number;
  /** @default FOREIGN_HOST */
  readonly hostIdentifier?: string;
}

/** Whom a foreign entry says that it is held by. */
export const FOREIGN_HOST = 'elsewhere/4711';

/** A real server with a lock table, and a fault proxy in front of it. */
export class Rig {
  private readonly clients: DynamoDBClient[] = [];

  private constructor(
    readonly server: TestServer,
    readonly proxy: FaultProxy,
    readonly tableName: string,
    /** A client that goes past the proxy. */
    readonly direct: DynamoDBClient,
  ) {}

  static async start(): Promise<Rig> {
    const server = await startServer(process.env['TEST_SERVER'] === 'dynamodb-local' ? 'dynamodb-local' : 'any');
    const direct = new DynamoDBClient(clientSettings(server.endpoint));
    const tableName = `e2e-${randomBytes(6).toString('hex')}`;
    await createTable(direct, lockTable(tableName));
    return new Rig(server, await FaultProxy.to(server.endpoint), tableName, direct);
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await deleteTable(this.direct, this.tableName);
    this.direct.destroy();
    await this.proxy.close();
    await this.server.stop();
  }

  /** A client that goes through the proxy. */
  client(config: DynamoDBClientConfig = {}): DynamoDBClient {
    const client = new DynamoDBClient({ ...clientSettings(this.proxy.endpoint), ...config });
    this.clients.push(client);
    return client;
  }

  /** The locks of this process, through the proxy. */
  factory(options: LockFactoryOptions = {}): LockFactory {
    return getLockFactory(this.tableName, { ...options, client: options.client ?? this.client() });
  }

  /** Locks as another process has them, past the proxy: it shares neither queue nor memory with this one. */
  factoryOfAnotherProcess(settings: FactorySettings = {}): LockFactory {
    const other = new LockManager(systemClock, { bytes: randomBytes, fraction: Math.random });
    const store = new DynamoDBStore(this.tableName, factoryConnectionOf(this.direct));
    return new LockFactoryClass(other, store, settings, () => FOREIGN_HOST);
  }

  /** Writes an entry as another process of ours would; returns its version. */
  async putForeignEntry(lockName: string, entry: ForeignEntry): Promise<string> {
    const { leaseSeconds, ageSeconds = 0, hostIdentifier = FOREIGN_HOST } = entry;
    const stampMs = Date.now() - ageSeconds * 1000;
    const version = formatVersion({ stampMs, timed: true, holdId: holdIdFrom(randomBytes(10)) });
    await this.direct.send(
      new PutItemCommand({
        TableName: this.tableName,
        Item: {
          lockKey: { S: lockName },
          leaseDuration: { N: String(leaseSeconds) },
          versionNumber: { S: version },
          hostIdentifier: { S: hostIdentifier },
        },
      }),
    );
    return version;
  }

  /** The version that stands in the table; undefined where there is no entry. */
  async versionOf(lockName: string): Promise<string | undefined> {
    const Key = { lockKey: { S: lockName } };
    const command = new GetItemCommand({ TableName: this.tableName, Key, ConsistentRead: true });
    const { Item } = await this.direct.send(command);
    return Item?.['versionNumber']?.S;
  }

  /** Deletes a lock's entry, past the proxy. */
  async remove(lockName: string): Promise<void> {
    const Key = { lockKey: { S: lockName } };
    await this.direct.send(new DeleteItemCommand({ TableName: this.tableName, Key }));
  }

  /** Deletes all entries, so that what one test left does not fail the next; returns the names of their locks. */
  async clear(): Promise<(string | undefined)[]> {
    const names = await this.lockNames();
    for (const name of names) await this.remove(name ?? '');
    return names;
  }

  /** The names of all locks that have an entry. */
  async lockNames(): Promise<(string | undefined)[]> {
    const command = new ScanCommand({ TableName: this.tableName, ConsistentRead: true });
    const { Items = [] } = await this.direct.send(command);
    return Items.map((item) => item['lockKey']?.S);
  }
}

/** Waits until it is so; the limit is for a machine that is busy, not a claim. */
export async function until(isSo: () => boolean | Promise<boolean>, limitSeconds = 20): Promise<void> {
  const deadline = performance.now() + limitSeconds * 1000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not so within ${limitSeconds} s: ${isSo}`);
    await sleep(10);
  }
}

/** The error that the promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('expected a rejection');
    },
    (error: unknown) => error,
  );
}

/** What waits on `opened` goes on after `open`. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
