import type { Context, SQSEvent } from 'aws-lambda';
import { fifoHandler, handler } from '../../examples/orders/handler.js';
import { charged } from '../../examples/orders/orders.js';
import { Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';

let rig: Rig;
const before = { ...process.env };
beforeAll(async () => {
  rig = await Rig.start();
  Object.assign(process.env, clientEnvironment(rig.proxy.endpoint), { LYNK_TABLE_NAME: rig.tableName });
});
beforeEach(() => {
  charged.length = 0;
  rig.proxy.forget();
});
afterEach(() => rig.clear());
afterAll(async () => {
  process.env = before;
  await rig.stop();
});

const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 60_000 } as Context;

/** A message for each account, named by its place, in a message group by account. */
const eventFor = (...accounts: readonly string[]): SQSEvent => ({
  Records: accounts.map((accountId, index) => ({
    messageId: `message-${index}`,
    receiptHandle: '',
    body: JSON.stringify({ accountId, amount: index }),
    attributes: {
      ...{ ApproximateReceiveCount: '1', SentTimestamp: '0', SenderId: '', ApproximateFirstReceiveTimestamp: '0' },
      MessageGroupId: accountId,
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:orders',
    awsRegion: 'eu-west-1',
  })),
});
const failed = (...indexes: readonly number[]) => ({
  batchItemFailures: indexes.map((index) => ({ itemIdentifier: `message-${index}` })),
});
const amounts = (): number[] => charged.map(({ amount }) => amount);

test('every record is worked on under the lock of its account', async () => {
  expect(await handler(eventFor('a', 'b', 'c'), context)).toEqual(failed());
  expect(new Set(amounts())).toEqual(new Set([0, 1, 2]));
  expect(rig.proxy.counts).toEqual({ UpdateItem: 3, DeleteItem: 3 });
});

test('records of one account in one batch take turns', async () => {
  expect(await handler(eventFor('a', 'a', 'b', 'a'), context)).toEqual(failed());
  expect(new Set(amounts())).toEqual(new Set([0, 1, 2, 3]));
});

test('what is no order comes back, and is not charged', async () => {
  const event = eventFor('a', 'b');
  Object.assign(event.Records[1] as object, { body: '{}' });

  expect(await handler(event, context)).toEqual(failed(1));
  expect(amounts()).toEqual([0]);
});

test('a record whose lock is held elsewhere comes back; the others are done', async () => {
  await rig.putForeignEntry('account/busy', { leaseSeconds: 60 });

  expect(await handler(eventFor('a', 'busy', 'b'), context)).toEqual(failed(1));
  expect(new Set(amounts())).toEqual(new Set([0, 2]));
});

test('a batch of nothing but such records comes back, and is no error', async () => {
  await rig.putForeignEntry('account/busy', { leaseSeconds: 60 });

  expect(await handler(eventFor('busy'), context)).toEqual(failed(0));
  expect(amounts()).toEqual([]);
});

test('of a FIFO queue the rest of the group comes back with it, in order', async () => {
  await rig.putForeignEntry('account/busy', { leaseSeconds: 60 });

  expect(await fifoHandler(eventFor('a', 'busy', 'a', 'busy', 'b'), context)).toEqual(failed(1, 3));
  expect(amounts()).toEqual([0, 2, 4]);
});

test('and once the lock is free, it is all done in order', async () => {
  expect(await fifoHandler(eventFor('a', 'b', 'a', 'a'), context)).toEqual(failed());
  expect(amounts()).toEqual([0, 1, 2, 3]);
});
