import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { GIVE_BACK_CODE } from '../../lib/give-back-code.js';
import { CODE_FILE, giveBackCode } from '../../packaging/give-back/bundle.js';
import { getLockFactory, LockLostError } from '../../runtime/index.js';
import { formatVersion, holdIdFrom, isTombstone, parseVersion } from '../../runtime/protocol/version.js';
import { clientEnvironment } from '../server/index.js';
import { EntryExecution, FOREIGN, HOST, TABLE, TestTable } from './entry-execution.js';

const DURABLE = 'arn:aws:lambda:eu-west-1:123456789012:function:approve:$LATEST/durable-execution/order-1/9f7d84c9';
const OTHER = `${HOST}0`;
const NOW = Date.now();
const QUIET = { warn: () => {}, debug: () => {} };

interface Ended {
  readonly execution: string;
  readonly endedMs?: number;
}
type Handler = (event: object) => Promise<void>;

let table: TestTable;
let handler: Handler;
let said: string[];
let names = 0;

beforeAll(async () => {
  table = await TestTable.start();
  Object.assign(process.env, clientEnvironment(table.server.endpoint), { LYNK_TABLE_NAME: TABLE });
  // As Lambda runs it: the text that is in the template, as a CommonJS module.
  const module = { exports: {} as { handler: Handler } };
  new Function('module', 'exports', 'require', GIVE_BACK_CODE)(module, module.exports, require);
  handler = module.exports.handler;
});
afterAll(() => table.stop());
beforeEach(() => {
  said = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line));
});
afterEach(() => jest.restoreAllMocks());

/** What SQS brings. */
const ended = (...executions: Ended[]) =>
  handler({ Records: executions.map((execution) => ({ body: JSON.stringify(execution) })) });
const machineEnded: Ended = { execution: HOST, endedMs: NOW };
const durableEnded: Ended = { execution: DURABLE };
const newName = () => `lock ${names++}`;

/** A version of a state machine, as acquire writes it. */
const statesVersion = (sentMs: number) => randomUUID().slice(0, 24) + String(Math.floor(sentMs / 10)).padStart(12, '0');
const ourVersion = (holdId = holdIdFrom(Uint8Array.from({ length: 10 }, () => 255))) =>
  formatVersion({ stampMs: NOW, timed: true, holdId });

/** Puts an entry, and returns the name of its lock. */
async function put(versionNumber: string, hostIdentifier: string, more: Record<string, AttributeValue> = {}) {
  const name = newName();
  const rest = {
    leaseDuration: { N: '3600' },
    versionNumber: { S: versionNumber },
    hostIdentifier: { S: hostIdentifier },
  };
  await table.put(name, { ...rest, ...more });
  return name;
}

test('the code in lib/ is that of its source', async () => {
  expect(readFileSync(CODE_FILE, 'utf8')).toBe(await giveBackCode());
});

test('a lock that a state machine took is free once its execution has ended', async () => {
  const name = newName();
  const execution = new EntryExecution(table.client, { name, hold: randomUUID() });
  expect(await execution.acquire(NOW)).toBe(true);
  const lock = getLockFactory(TABLE, { client: table.client }).createLock(name);
  expect(await lock.tryAcquire()).toBeUndefined();
  await ended({ execution: HOST, endedMs: NOW + 5 });
  await (await lock.tryAcquire())?.release();
  expect(await table.entry(name)).toBeUndefined();
  expect(said.map((line) => JSON.parse(line))).toEqual([
    { message: 'a lock of an ended execution was given back', lockName: name, execution: HOST },
  ]);
});

test('every permit, every lock, and each ended execution of one batch', async () => {
  const given = [
    await put(statesVersion(NOW - 60_000), HOST),
    await put(statesVersion(NOW - 1), HOST),
    await put(ourVersion(), DURABLE),
  ];
  await ended(machineEnded, durableEnded, machineEnded);
  for (const name of given) expect(await table.entry(name)).toBeUndefined();
  expect(said).toHaveLength(3);
});

test.each([
  ['another execution’s', statesVersion(NOW - 1), OTHER],
  ['taken after the end, by a redrive', statesVersion(NOW + 10), HOST],
  ['a function’s that calls itself by the execution', ourVersion(), HOST],
  ['Python’s', FOREIGN, HOST],
  ['a broken hold’s', ourVersion(), 'broken by somebody'],
  ['a tombstone that keeps a lock taken', ourVersion('8abc-9def-000000000000'), DURABLE],
  ['a state machine’s that calls itself by a durable execution', statesVersion(NOW), DURABLE],
])('left alone: %s', async (_, version, host) => {
  const name = await put(version, host);
  const before = await table.entry(name);
  await ended(machineEnded, durableEnded);
  expect(await table.entry(name)).toEqual(before);
  expect(said).toEqual([]);
});

test.each([
  ['no version', { versionNumber: { N: '1' } }],
  ['a lease in text', { leaseDuration: { S: 'long' } }],
])('what is no lock’s entry is left alone: %s', async (_, more) => {
  const name = await put(statesVersion(NOW - 1), HOST, more as Record<string, AttributeValue>);
  await ended(machineEnded);
  expect(await table.entry(name)).toMatchObject(more);
});

test('an execution that ended, was redriven and ended again gives back what it took since', async () => {
  const name = await put(statesVersion(NOW + 30), HOST);
  await ended(machineEnded, { execution: HOST, endedMs: NOW + 60 });
  expect(await table.entry(name)).toBeUndefined();
});

test('the end of one execution says nothing of another in the same batch', async () => {
  const name = await put(statesVersion(NOW + 30), HOST);
  await ended(machineEnded, { execution: OTHER, endedMs: NOW + 60 });
  expect(await table.entry(name)).toBeDefined();
});

test('it reads what stands, not an earlier state', async () => {
  const send = jest.spyOn(DynamoDBClient.prototype, 'send');
  await ended(machineEnded);
  expect(send.mock.calls.map(([{ input }]) => input)).toEqual([expect.objectContaining({ ConsistentRead: true })]);
});

test('a fencing token stays, for the next holder to go above', async () => {
  const factory = getLockFactory(TABLE, {
    client: table.client,
    fencing: true,
    hostIdentifier: DURABLE,
    logger: QUIET,
  });
  const name = newName();
  const held = await factory.createLock(name, { leaseSeconds: 3600 }).acquire();
  const before = await table.entry(name);
  await ended(durableEnded);
  const after = await table.entry(name);
  expect(after).toEqual({
    ...before,
    leaseDuration: { N: '0' },
    versionNumber: { S: expect.stringMatching(new RegExp(`^${before?.['versionNumber']?.S?.slice(0, 14)}`)) },
  });
  expect(isTombstone(parseVersion(after?.['versionNumber']?.S ?? '')?.holdId ?? '')).toBe(true);

  // Who still believes learns that it has lost the lock, and the next one gets it at once.
  await expect(held.refresh()).rejects.toThrow(LockLostError);
  const next = await getLockFactory(TABLE, { client: table.client, fencing: true }).createLock(name).tryAcquire();
  expect(next?.fencingToken).toBeGreaterThan(held.fencingToken ?? Infinity);
  await next?.release();
});

/** Does something when the function is about to delete, so many times. */
function beforeDeleting(times: number, change: () => Promise<void>): void {
  const send = DynamoDBClient.prototype.send as (...args: unknown[]) => Promise<unknown>;
  let left = times;
  jest.spyOn(DynamoDBClient.prototype, 'send').mockImplementation(async function (this: unknown, ...args: unknown[]) {
    if (args[0] instanceof DeleteItemCommand && left > 0) {
      left -= 1;
      await change();
    }
    return send.apply(this, args);
  } as never);
}

test('an entry that another has taken over meanwhile is left alone', async () => {
  const name = await put(statesVersion(NOW - 1), HOST);
  const others = { leaseDuration: { N: '20' }, versionNumber: { S: FOREIGN }, hostIdentifier: { S: 'elsewhere' } };
  beforeDeleting(1, () => table.put(name, others));
  await ended(machineEnded);
  expect(await table.entry(name)).toEqual({ lockKey: { S: name }, ...others });
  expect(JSON.parse(said.join())).toMatchObject({ message: 'a lock of an ended execution changed meanwhile' });
});

test('one that the step of a stopped execution has refreshed meanwhile is given back all the same', async () => {
  const factory = getLockFactory(TABLE, { client: table.client, hostIdentifier: DURABLE, logger: QUIET });
  const name = newName();
  const held = await factory.createLock(name, { leaseSeconds: 3600 }).acquire();
  beforeDeleting(4, () => held.refresh());
  await ended(durableEnded);
  expect(await table.entry(name)).toBeUndefined();
  await expect(held.refresh()).rejects.toThrow(LockLostError);
  expect(said).toHaveLength(5);
});

test('what changes all the time is tried again later', async () => {
  const factory = getLockFactory(TABLE, { client: table.client, hostIdentifier: DURABLE, logger: QUIET });
  const held = await factory.createLock(newName()).acquire();
  beforeDeleting(100, () => held.refresh());
  await expect(ended(durableEnded)).rejects.toThrow('entries of ended executions change all the time');
  jest.restoreAllMocks();
  await held.release();
});

test('a request that fails fails the batch, which SQS then delivers again', async () => {
  const name = await put(statesVersion(NOW - 1), HOST);
  beforeDeleting(1, () => Promise.reject(new Error('throttled')));
  await expect(ended(machineEnded)).rejects.toThrow('throttled');
  await ended(machineEnded);
  expect(await table.entry(name)).toBeUndefined();
});

test('of thousands of entries, over several pages, it gives back exactly those of the execution', async () => {
  const note = 'x'.repeat(1000);
  const entries = Array.from({ length: 3000 }, (_, index) => ({
    lockKey: { S: `many/${index}` },
    leaseDuration: { N: '3600' },
    versionNumber: { S: statesVersion(NOW - index - 1) },
    hostIdentifier: { S: index % 300 === 7 ? HOST : OTHER },
    data: { S: note },
  }));
  for (let at = 0; at < entries.length; at += 25) {
    const puts = entries.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
    await table.client.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: puts } }));
  }
  const firstPage = await table.client.send(new ScanCommand({ TableName: TABLE, Select: 'COUNT' }));
  expect(firstPage.LastEvaluatedKey).toBeDefined();
  await ended(machineEnded);
  expect(said).toHaveLength(10);
  const given = said.map((line) => JSON.parse(line).lockName as string);
  expect(new Set(given)).toEqual(
    new Set(entries.filter((_, index) => index % 300 === 7).map(({ lockKey }) => lockKey.S)),
  );
  expect(await table.entry('many/7')).toBeUndefined();
  expect(await table.entry('many/8')).toBeDefined();
});
