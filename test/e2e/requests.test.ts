import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LockFactory } from '../../runtime/index.js';
import { FOREIGN_HOST, Rig, until } from './rig.js';

let rig: Rig;
let client: DynamoDBClient;
let factory: LockFactory;

beforeAll(async () => {
  rig = await Rig.start();
  client = rig.client();
  factory = rig.factory({ client, hostIdentifier: 'here/1' });
});
beforeEach(() => rig.proxy.forget());
afterAll(() => rig.stop());

test('a factory and a lock send nothing', () => {
  rig.factory().createLock('nothing');

  expect(rig.proxy.counts).toEqual({});
});

test('a free lock is acquired and released in two writes, and no read', async () => {
  const held = await factory.createLock('free').acquire();
  expect(rig.proxy.counts).toEqual({ UpdateItem: 1 });
  await held.release();

  expect(rig.proxy.counts).toEqual({ UpdateItem: 1, DeleteItem: 1 });
  expect(await rig.versionOf('free')).toBeUndefined();
});

test('a refresh is one write', async () => {
  const held = await factory.createLock('refreshed').acquire();
  rig.proxy.forget();
  await held.refresh();

  expect(rig.proxy.counts).toEqual({ UpdateItem: 1 });
  await held.release();
});

test('a try on a lock held by another process is one request, and names the holder', async () => {
  const version = await rig.putForeignEntry('theirs', { leaseSeconds: 60 });
  const work = jest.fn();
  const outcome = await factory.tryWithLock('theirs', work);

  expect(rig.proxy.counts).toEqual({ UpdateItem: 1 });
  expect(work).not.toHaveBeenCalled();
  expect(outcome).toMatchObject({ acquired: false, holder: { hostIdentifier: FOREIGN_HOST, leaseSeconds: 60 } });
  expect(await rig.versionOf('theirs')).toBe(version);
});

test('a dead holder is taken over at first sight in two requests', async () => {
  const version = await rig.putForeignEntry('dead', { leaseSeconds: 2, ageSeconds: 10 });
  const held = await factory.createLock('dead').tryAcquire();

  expect(held?.isHeld).toBe(true);
  expect(rig.proxy.counts).toEqual({ UpdateItem: 2 });
  expect(await rig.versionOf('dead')).not.toBe(version);
  await held?.release();
});

test('a hand-over is one write on either side', async () => {
  const giver = await factory.createLock('handed over').acquire();
  rig.proxy.forget();
  const text = await giver.serialize();
  expect(rig.proxy.counts).toEqual({ UpdateItem: 1 });
  const receiver = await factory.deserializeLock(text);

  expect(rig.proxy.counts).toEqual({ UpdateItem: 2 });
  await receiver.release();
});

describe('two callers in one process', () => {
  test('the second try is refused without a request', async () => {
    const held = await factory.createLock('local').acquire();
    rig.proxy.forget();
    const outcome = await rig.factory({ client }).tryWithLock('local', () => 'ran');

    expect(outcome).toMatchObject({ acquired: false, holder: { hostIdentifier: 'here/1' } });
    expect(rig.proxy.counts).toEqual({});
    await held.release();
  });

  test('the second waiter asks only once the first has released', async () => {
    const lock = factory.createLock('queue', { leaseSeconds: 60 });
    const first = await lock.acquire();
    rig.proxy.forget();
    const second = lock.acquire();
    // Requests of another lock pass meanwhile: those of this one would have come too.
    await (await factory.createLock('beside').acquire()).release();
    expect(rig.proxy.counts).toEqual({ UpdateItem: 1, DeleteItem: 1 });
    rig.proxy.forget();

    await first.release();
    await (await second).release();
    expect(rig.proxy.counts).toEqual({ UpdateItem: 1, DeleteItem: 2 });
  });
});

test('a waiter polls with eventually consistent reads, and writes again only once the entry is gone', async () => {
  await rig.putForeignEntry('polled', { leaseSeconds: 60 });
  const waiting = factory.createLock('polled').acquire();
  await until(() => (rig.proxy.counts['GetItem'] ?? 0) >= 5);
  expect(rig.proxy.counts['UpdateItem']).toBe(1);
  await rig.clear();
  const held = await waiting;

  const { requests, counts } = rig.proxy;
  expect(counts).toEqual({ UpdateItem: 2, GetItem: requests.length - 2 });
  expect(requests.at(0)?.operation).toBe('UpdateItem');
  expect(requests.at(-1)?.operation).toBe('UpdateItem');
  const reads = requests.filter(({ operation }) => operation === 'GetItem');
  expect(reads.filter(({ input }) => input.ConsistentRead)).toEqual([]);
  await held.release();
});
