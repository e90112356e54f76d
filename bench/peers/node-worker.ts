/** A process with locks of one of the libraries for Node.js: `node node-worker.mjs ASSIGNMENT`, as JSON. */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { getLockFactory } from '../../runtime/index.js';
import { type Assignment, type Library, type Release, serve } from './library.js';

const assignment = JSON.parse(process.argv[2] ?? '') as Assignment;
const { endpoint, table, floorTable, leaseSeconds } = assignment;
const leaseMs = leaseSeconds * 1000;
/** The heartbeat of the other libraries: four times a lease, their default. */
const heartbeatMs = leaseMs / 4;
/** The folder where install.ts has installed it. */
const installed = createRequire(resolve('.cache/bench/npm/package.json'));

type Sdk = typeof import('@aws-sdk/client-dynamodb');

async function putAndDelete(sdk: Pick<Sdk, 'PutItemCommand' | 'DeleteItemCommand'>, client: DynamoDBClient) {
  const guid = randomUUID();
  const Key = { lockKey: { S: 'floor' } };
  const Item = { ...Key, guid: { S: guid }, owner: { S: 'bench' }, lease: { N: String(leaseMs) } };
  const isFree = 'attribute_not_exists(lockKey)';
  await client.send(new sdk.PutItemCommand({ TableName: floorTable, Item, ConditionExpression: isFree }));
  const isOurs = {
    ConditionExpression: 'guid = :guid',
    ExpressionAttributeValues: { ':guid': { S: guid } },
  };
  await client.send(new sdk.DeleteItemCommand({ TableName: floorTable, Key, ...isOurs }));
}

function ours(): Library {
  const client = new DynamoDBClient({ endpoint });
  const locks = getLockFactory(table, { client, leaseSeconds, waitSeconds: Infinity });
  return {
    acquire: async (lock) => {
      const held = await locks.createLock(lock).acquire();
      return () => held.release();
    },
    tryAcquire: async (lock) => {
      const held = await locks.createLock(lock).tryAcquire();
      return held && (() => held.release());
    },
    putAndDelete: () => putAndDelete({ PutItemCommand, DeleteItemCommand }, client),
  };
}

/** The part of `@deliveryhero/dynamodb-lock` that is used here. */
interface DeliveryHero {
  readonly LockNotGrantedError: new () => Error;
  dynamoDBLockClientFactory(
    client: unknown,
    config: object,
  ): {
    lock(group: string, id: string, options: object): Promise<object>;
    releaseLock(lock: object): Promise<void>;
  };
}

/** With `trustLocalTime`, it polls and takes over by wall clocks. Otherwise it sleeps for a lease at a time. */
function deliveryHero(trustsLocalTime: boolean): Library {
  const { DynamoDBDocument } = installed('@aws-sdk/lib-dynamodb');
  const sdk = installed('@aws-sdk/client-dynamodb') as Sdk;
  const { dynamoDBLockClientFactory, LockNotGrantedError } = installed('@deliveryhero/dynamodb-lock') as DeliveryHero;
  const client = new sdk.DynamoDBClient({ endpoint });
  const locks = dynamoDBLockClientFactory(DynamoDBDocument.from(client), { tableName: table });
  const trusting = trustsLocalTime ? { trustLocalTime: true, waitDurationInMs: 200 } : {};
  const options = { leaseDurationInMs: leaseMs, prolongEveryMs: heartbeatMs, ...trusting };
  const acquire = async (lock: string, more: object = {}): Promise<Release> => {
    const held = await locks.lock('bench', lock, { ...options, ...more });
    return () => locks.releaseLock(held);
  };
  const refused = async (lock: string): Promise<Release | undefined> =>
    acquire(lock, { waitDurationInMs: 0, maxRetryCount: 0 }).catch((error: unknown) => {
      if (error instanceof LockNotGrantedError) return undefined;
      throw error;
    });
  return {
    acquire: (lock) => acquire(lock),
    ...(trustsLocalTime && { tryAcquire: refused }),
    putAndDelete: () => putAndDelete(sdk, client),
  };
}

/** The parts of `dynamodb-lock-client` and of the second version of the AWS SDK that are used here. */
interface TristansLock {
  on(event: 'error', listener: () => void): void;
  release(callback: (error?: Error) => void): void;
}
interface TristansClient {
  acquireLock(id: string, callback: (error: (Error & { code?: string }) | undefined, lock: TristansLock) => void): void;
}

/** FailOpen has leases, FailClosed has none. Its `retryCount` limits the waiting. */
function tristans(variant: string): Library {
  const AWS = installed('aws-sdk');
  const { FailOpen, FailClosed } = installed('dynamodb-lock-client');
  const dynamodb = new AWS.DynamoDB.DocumentClient({ endpoint });
  const base = { dynamodb, lockTable: table, partitionKey: 'id' };
  const make = (retryCount: number): TristansClient =>
    variant === 'FailClosed'
      ? new FailClosed({ ...base, acquirePeriodMs: 10_000, retryCount })
      : new FailOpen({
          ...base,
          leaseDurationMs: leaseMs,
          heartbeatPeriodMs: heartbeatMs,
          retryCount,
          ...(variant === 'trustLocalTime' && { trustLocalTime: true }),
        });
  const acquire = (client: TristansClient, lock: string): Promise<Release> =>
    new Promise((settle, reject) => {
      client.acquireLock(lock, (error, held) => {
        if (error) return reject(error);
        // Without a listener, an error would end the process.
        held.on('error', () => {});
        const release = (): Promise<void> =>
          new Promise((done, fail) => held.release((failure) => (failure ? fail(failure) : done())));
        settle(release);
      });
    });
  const [patient, impatient] = [make(1_000_000), make(0)];
  const floor = async (): Promise<void> => {
    const guid = randomUUID();
    const Key = { lockKey: 'floor' };
    const put = {
      TableName: floorTable,
      Item: { ...Key, guid, owner: 'bench', lease: leaseMs },
      ConditionExpression: 'attribute_not_exists(lockKey)',
    };
    await dynamodb.put(put).promise();
    const condition = { ConditionExpression: 'guid = :guid', ExpressionAttributeValues: { ':guid': guid } };
    await dynamodb.delete({ TableName: floorTable, Key, ...condition }).promise();
  };
  const refused = (lock: string): Promise<Release | undefined> =>
    acquire(impatient, lock).catch((error: { code?: string }) => {
      if (error.code === 'FailedToAcquireLock') return undefined;
      throw error;
    });
  return {
    acquire: (lock) => acquire(patient, lock),
    ...(variant === 'FailClosed' && { tryAcquire: refused }),
    putAndDelete: floor,
  };
}

const LIBRARIES: Readonly<Record<string, () => Library>> = {
  ours,
  deliveryhero: () => deliveryHero(false),
  'deliveryhero-trusting': () => deliveryHero(true),
  FailOpen: () => tristans('FailOpen'),
  trustLocalTime: () => tristans('trustLocalTime'),
  FailClosed: () => tristans('FailClosed'),
};
const make = LIBRARIES[assignment.variant];
if (!make) throw new Error(`no such library: ${assignment.variant}`);
serve(make());
