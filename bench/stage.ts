import { randomBytes } from 'node:crypto';
import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { LockFactory } from '../runtime/client/lock-factory.js';
import { type Clock, systemClock } from '../runtime/core/clock.js';
import { LockManager, type Randomness } from '../runtime/core/lock-manager.js';
import { LightConnection } from '../runtime/light/connection.js';
import type { FactorySettings } from '../runtime/options/options.js';
import { factoryConnectionOf, ownConnection } from '../runtime/store/client.js';
import type { Connection } from '../runtime/store/connection.js';
import { DynamoDBStore } from '../runtime/store/dynamodb-store.js';
import { clientEnvironment, clientSettings, startServer, type TestServer } from '../test/server/index.js';
import { createTable, lockTable } from '../test/server/table.js';

/** A thousand requests at once queue for sockets. That is measured on purpose, so there is no warning. */
const PATIENT = { socketAcquisitionWarningTimeout: 600_000 };

/** The attempts that were sent, by operation. */
export type Counts = Readonly<Record<string, number>>;

/** A client that counts its attempts, and the connection by it. */
export interface Counted {
  readonly client: DynamoDBClient;
  readonly connection: Connection;
  /** The attempts since the last call. */
  take(): Counts;
}

/** Locks of this library, with a count of their attempts. */
export interface Ours {
  readonly locks: LockFactory;
  take(): Counts;
}

/** A server with an empty lock table. */
export class Stage {
  private readonly clients: DynamoDBClient[] = [];

  private constructor(
    private readonly server: TestServer,
    readonly table: string,
  ) {}

  static async set(): Promise<Stage> {
    const stage = new Stage(await startServer(), 'bench');
    await createTable(stage.client().client, lockTable(stage.table));
    return stage;
  }

  /** The environment of a process that uses the table. */
  get environment(): Record<string, string> {
    return { ...clientEnvironment(this.server.endpoint), LYNK_TABLE_NAME: this.table };
  }

  /** A client of the user's own. */
  client(): Counted {
    const client = new DynamoDBClient({ ...clientSettings(this.server.endpoint), requestHandler: PATIENT });
    return counted(client, factoryConnectionOf(client), this.clients);
  }

  /** The default client; with `isPatient` without its time limits, into which requests that queue for sockets run. */
  default(isPatient = false): Counted {
    const requestHandler = isPatient && { requestHandler: PATIENT };
    const connection = ownConnection({ ...clientSettings(this.server.endpoint), ...requestHandler });
    return counted(connection.client(), connection, this.clients);
  }

  /**
   * Locks of a process of their own, which shares neither queue nor memory with others here.
   * @param counted by the default client, if no other is given
   */
  ours(
    settings: FactorySettings = {},
    { connection, take } = this.default(),
    clock: Clock = systemClock,
    random: Randomness = { bytes: randomBytes, fraction: Math.random },
  ): Ours {
    const manager = new LockManager(clock, random);
    const store = new DynamoDBStore(this.table, connection);
    return { locks: new LockFactory(manager, store, settings, () => 'bench'), take };
  }

  /** The same by the light client. */
  light(settings: FactorySettings = {}): LockFactory {
    const { credentials } = clientSettings(this.server.endpoint);
    const connection = new LightConnection(async () => credentials, this.environment);
    const manager = new LockManager(systemClock, { bytes: randomBytes, fraction: Math.random });
    return new LockFactory(manager, new DynamoDBStore(this.table, connection), settings, () => 'bench');
  }

  async strike(): Promise<void> {
    for (const client of this.clients) client.destroy();
    await this.server.stop();
  }
}

/** Counts the attempts of a client that has sent nothing yet. */
export function counted(
  client: DynamoDBClient,
  connection: Connection = factoryConnectionOf(client),
  clients: DynamoDBClient[] = [],
): Counted {
  let counts: Record<string, number> = {};
  client.middlewareStack.add(
    (next, context) => (args) => {
      const operation = String(context['commandName']).replace(/Command$/, '');
      counts[operation] = (counts[operation] ?? 0) + 1;
      return next(args);
    },
    // After the retries, so that each attempt counts; before the default client's own, which is the last.
    { step: 'deserialize', name: 'benchCount' },
  );
  clients.push(client);
  return {
    client,
    connection,
    take: () => {
      const taken = counts;
      counts = {};
      return taken;
    },
  };
}

export function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** The baseline: the SDK alone puts and deletes an item with a lock's attributes, on conditions. */
export async function putAndDelete(client: DynamoDBClient, table: string, name: string): Promise<void> {
  const version = crypto.randomUUID();
  const Item = {
    lockKey: { S: name },
    leaseDuration: { N: '10' },
    versionNumber: { S: version },
    hostIdentifier: { S: 'bench' },
    expiresAt: { N: '2000000000' },
  };
  await client.send(
    new PutItemCommand({ TableName: table, Item, ConditionExpression: 'attribute_not_exists(lockKey)' }),
  );
  await client.send(
    new DeleteItemCommand({
      TableName: table,
      Key: { lockKey: { S: name } },
      ConditionExpression: 'versionNumber = :version',
      ExpressionAttributeValues: { ':version': { S: version } },
    }),
  );
}
