import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AttributeValue, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { getLockFactory, type LockFactory, type LockFactoryOptions } from '../../runtime/index.js';
import { clientEnvironment, clientSettings, startServer, type TestServer } from '../server/index.js';
import { createTable, deleteTable, lockTable } from '../server/table.js';
import type { LynkVersion } from './python-lynk.js';
import type { Acquisition } from './task.js';
import { type WorkerPlace, WorkerProcess } from './worker-process.js';

export type Item = Record<string, AttributeValue>;

/** A real server with a lock table and a table of counters, and workers that use them. */
export class Rig {
  private workers = 0;

  private constructor(
    private readonly server: TestServer,
    private readonly client: DynamoDBClient,
    readonly lockTable: string,
    readonly counterTable: string,
  ) {}

  static async start(): Promise<Rig> {
    const server = await startServer(process.env['TEST_SERVER'] === 'dynamodb-local' ? 'dynamodb-local' : 'any');
    const client = new DynamoDBClient(clientSettings(server.endpoint));
    const suffix = randomBytes(6).toString('hex');
    const rig = new Rig(server, client, `interop-locks-${suffix}`, `interop-counters-${suffix}`);
    await createTable(client, lockTable(rig.lockTable));
    await createTable(client, lockTable(rig.counterTable));
    return rig;
  }

  async stop(): Promise<void> {
    await deleteTable(this.client, this.lockTable);
    await deleteTable(this.client, this.counterTable);
    this.client.destroy();
    await this.server.stop();
  }

  /** A process with locks of ours. */
  typescript(): Promise<WorkerProcess> {
    return WorkerProcess.typescript(this.place('typescript'));
  }

  /** A process with locks of this version of lynk. */
  python(version: LynkVersion): Promise<WorkerProcess> {
    return WorkerProcess.python(version, this.place('python'));
  }

  /** Locks of ours in this very process, for what the workers do not ask for. */
  locks(options: LockFactoryOptions = {}): LockFactory {
    return getLockFactory(this.lockTable, { client: this.client, hostIdentifier: 'in the test', ...options });
  }

  /** One of each kind. */
  pair(version: LynkVersion): Promise<[typescript: WorkerProcess, python: WorkerProcess]> {
    return Promise.all([this.typescript(), this.python(version)]);
  }

  /** What stands in the table for this lock; undefined where nothing does. */
  async entry(lock: string): Promise<Item | undefined> {
    const Key = { lockKey: { S: lock } };
    const command = new GetItemCommand({ TableName: this.lockTable, Key, ConsistentRead: true });
    return (await this.client.send(command)).Item;
  }

  async hostOf(lock: string): Promise<string | undefined> {
    return (await this.entry(lock))?.['hostIdentifier']?.S;
  }

  async versionOf(lock: string): Promise<string | undefined> {
    return (await this.entry(lock))?.['versionNumber']?.S;
  }

  async putEntry(item: Item): Promise<void> {
    await this.client.send(new PutItemCommand({ TableName: this.lockTable, Item: item }));
  }

  /** Where the server is, for a process of its own. */
  get environment(): Record<string, string> {
    // boto3 reads the region from a variable of its own.
    return { ...clientEnvironment(this.server.endpoint), AWS_DEFAULT_REGION: 'eu-west-1' };
  }

  private place(kind: string): WorkerPlace {
    this.workers += 1;
    return {
      tableName: this.lockTable,
      hostIdentifier: `${kind}-${this.workers}`,
      environment: this.environment,
    };
  }
}

/** An acquire that goes on in the background. */
export class Waiting {
  outcome: 'waiting' | 'granted' | 'refused' = 'waiting';
  /** Settles as the acquire does. */
  readonly settled: Promise<void>;

  constructor(worker: WorkerProcess, acquisition: Acquisition) {
    this.settled = worker.acquire(acquisition);
    this.settled.then(
      () => {
        this.outcome = 'granted';
      },
      () => {
        this.outcome = 'refused';
      },
    );
  }
}

/** Waits until it is so; the limit is for a machine that is busy, not a claim. */
export async function until(isSo: () => boolean | Promise<boolean>, limitSeconds = 20): Promise<void> {
  const deadline = performance.now() + limitSeconds * 1000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not so within ${limitSeconds} s: ${isSo}`);
    await sleep(20);
  }
}
