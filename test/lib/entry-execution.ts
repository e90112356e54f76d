import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { acquiredKnowledge, acquireRequest, releaseRequest } from '../../lib/entry-requests.js';
import { clientSettings, startServer, type TestServer } from '../server/index.js';
import { createTable, lockTable } from '../server/table.js';
import { evaluated } from './jsonata.js';

export const TABLE = 'locks';
export const SHARED = { tableName: TABLE, variable: '$lock' };
export const HOST = 'arn:aws:states:eu-west-1:123456789012:execution:machine:1';
/** A version that somebody else wrote. */
export const FOREIGN = '5f2b4a1e-8a0e-4a35-a3c1-6f3d6a0f2c11';

/** A lock table on a real server. */
export class TestTable {
  private constructor(
    readonly server: TestServer,
    readonly client: DynamoDBClient,
  ) {}

  static async start(): Promise<TestTable> {
    const server = await startServer();
    const client = new DynamoDBClient(clientSettings(server.endpoint));
    await createTable(client, lockTable(TABLE));
    return new TestTable(server, client);
  }

  async stop(): Promise<void> {
    this.client.destroy();
    await this.server.stop();
  }

  async entry(name: string) {
    const Key = { lockKey: { S: name } };
    return (await this.client.send(new GetItemCommand({ TableName: TABLE, Key, ConsistentRead: true }))).Item;
  }

  async put(name: string, rest: object): Promise<void> {
    await this.client.send(new PutItemCommand({ TableName: TABLE, Item: { lockKey: { S: name }, ...rest } }));
  }
}

export const entryOf = (versionNumber: string, leaseSeconds: number | string) => ({
  versionNumber: { S: versionNumber },
  leaseDuration: { N: String(leaseSeconds) },
  hostIdentifier: { S: 'elsewhere' },
});

/** What an execution knows, and the requests of its states, sent as they are at a given time. */
export class EntryExecution<Known extends object> {
  constructor(
    protected readonly client: DynamoDBClient,
    public known: Known,
  ) {}

  /** Whether the lock was taken. */
  async acquire(nowMs: number): Promise<boolean> {
    const sight = { variables: { lock: this.known }, states: { context: { Execution: { Id: HOST } } }, nowMs };
    const request = (await evaluated(acquireRequest(SHARED, 40), sight)) as UpdateItemCommandInput;
    const result = await conditional(this.client.send(new UpdateItemCommand(request)));
    if (result) await this.learn(acquiredKnowledge(SHARED), result, nowMs);
    return result !== undefined;
  }

  /** Whether the entry was this execution's. */
  async release(nowMs: number): Promise<boolean> {
    const request = await evaluated(releaseRequest(SHARED), { variables: { lock: this.known }, nowMs });
    const sent = this.client.send(new DeleteItemCommand(request as DeleteItemCommandInput));
    return (await conditional(sent)) !== undefined;
  }

  protected async learn(knowledge: string, result: object, nowMs: number): Promise<void> {
    const sight = { variables: { lock: this.known }, states: { result }, nowMs };
    this.known = (await evaluated(knowledge, sight)) as Known;
  }
}

async function conditional<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  });
}
