import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldLock, LockFactory, Semaphore } from '../../runtime/index.js';
import { FOREIGN_HOST, gate, Rig, rejectionOf, until } from './rig.js';

let rig: Rig;
let factory: LockFactory;
beforeAll(async () => {
  rig = await Rig.start();
  factory = rig.factory({ hostIdentifier: 'here/1' });
});
beforeEach(() => rig.proxy.forget());
afterEach(() => rig.clear());
afterAll(() => rig.stop());

const occupy = (name: string, count: number): Promise<unknown> =>
  Promise.all(
    Array.from({ length: count }, (_, index) => rig.putForeignEntry(`${name}#${index}`, { leaseSeconds: 60 })),
  );
const byText = (one = '', other = ''): number => one.localeCompare(other);

describe('requests on the wire', () => {
  test('a free permit is acquired and released in two writes, and no read', async () => {
    const held = await factory.createSemaphore('free', { permits: 100 }).acquire();
    expect(rig.proxy.counts).toEqual({ UpdateItem: 1 });
    await held.release();

    expect(rig.proxy.counts).toEqual({ UpdateItem: 1, DeleteItem: 1 });
  });

  test('a try on a full semaphore is one write and one look, and names the holders', async () => {
    await occupy('full', 3);
    const full = factory.createSemaphore('full', { permits: 3 });
    expect(await full.tryAcquire()).toBeUndefined();
    expect(rig.proxy.counts).toEqual({ UpdateItem: 1, BatchGetItem: 1 });

    const error = await rejectionOf(full.acquire({ waitSeconds: 0 }));
    expect(error).toMatchObject({ name: 'LockNotGrantedError', lockName: 'full', permits: 3 });
    expect(String(error)).toContain(`its 3 permits are held by ${FOREIGN_HOST}`);
  });

  test('the last free one of a hundred is found in one look', async () => {
    await occupy('hundred', 100);
    const waiting = factory.createSemaphore('hundred', { permits: 100 }).acquire();
    await until(() => (rig.proxy.counts['BatchGetItem'] ?? 0) >= 2);
    await rig.remove('hundred#77');

    expect(await waiting).toMatchObject({ name: 'hundred#77', isHeld: true });
    expect(rig.proxy.counts).toMatchObject({ UpdateItem: 2 });
    expect(rig.proxy.counts['GetItem']).toBeUndefined();
    await (await waiting).release();
  });

  test('a waiter looks with eventual consistency, and writes only once one is free', async () => {
    await occupy('polled', 3);
    const waiting = factory.createSemaphore('polled', { permits: 3 }).acquire();
    await until(() => (rig.proxy.counts['BatchGetItem'] ?? 0) >= 5);
    expect(rig.proxy.counts['UpdateItem']).toBe(1);
    await rig.remove('polled#2');

    expect((await waiting).name).toBe('polled#2');
    const looks = rig.proxy.requests.filter(({ operation }) => operation === 'BatchGetItem');
    for (const { input } of looks) expect(JSON.stringify(input)).toContain('"ConsistentRead":false');
    expect(rig.proxy.counts['UpdateItem']).toBe(2);
    await (await waiting).release();
  });

  test('callers of this process send nothing while it holds all permits', async () => {
    const semaphore = factory.createSemaphore('local', { permits: 2, leaseSeconds: 60 });
    const held = await Promise.all([semaphore.acquire(), semaphore.acquire()]);
    rig.proxy.forget();
    const waiting = semaphore.acquire();
    expect(await semaphore.tryAcquire()).toBeUndefined();
    await (await factory.createLock('beside').acquire()).release();
    expect(rig.proxy.counts).toEqual({ UpdateItem: 1, DeleteItem: 1 });

    await held[0].release();
    await (await waiting).release();
    await held[1].release();
    expect(rig.proxy.counts).toEqual({ UpdateItem: 2, DeleteItem: 4 });
  });
});

test('a crashed holder’s permit comes back at first sight', async () => {
  await rig.putForeignEntry('crashed#0', { leaseSeconds: 2, ageSeconds: 10 });
  const held = await factory.createSemaphore('crashed', { permits: 1 }).tryAcquire();

  expect(held).toMatchObject({ name: 'crashed#0', isHeld: true });
  expect(rig.proxy.counts).toEqual({ UpdateItem: 2 });
  await held?.release();
});

test('one that a look shows to be crashed is taken over in that one write', async () => {
  await occupy('mixed', 3);
  await rig.putForeignEntry('mixed#1', { leaseSeconds: 2, ageSeconds: 10 });
  const semaphore = factory.createSemaphore('mixed', { permits: 3 });
  const held = await semaphore.tryAcquire();

  expect(held).toMatchObject({ name: 'mixed#1' });
  expect(rig.proxy.counts['UpdateItem']).toBe(2);
  await held?.release();
});

test('a lost answer is no lost permit, and leaves no orphan', async () => {
  rig.proxy.spoilNext('drop-answer', ({ operation }) => operation === 'UpdateItem');
  const held = await factory.createSemaphore('lost answer', { permits: 3 }).acquire();

  expect((await rig.lockNames()).length).toBe(1);
  await held.release();
  expect(await rig.lockNames()).toEqual([]);
});

test('over several processes, no more hold than there are permits, and everybody gets one', async () => {
  const PERMITS = 3;
  const semaphores = [factory, rig.factoryOfAnotherProcess(), rig.factoryOfAnotherProcess()].map((one) =>
    one.createSemaphore('shared', { permits: PERMITS, waitSeconds: 120 }),
  );
  const holding = new Set<string>();
  const full = gate();
  let most = 0;
  const work = async (held: HeldLock): Promise<void> => {
    expect(holding.has(held.name)).toBe(false);
    holding.add(held.name);
    most = Math.max(most, holding.size);
    if (holding.size === PERMITS) full.open();
    // Once, all permits are held; were more given out, they would be by the end.
    await full.opened;
    await sleep(5);
    holding.delete(held.name);
  };
  const ask = (semaphore: Semaphore): Promise<void>[] => Array.from({ length: 8 }, () => semaphore.withPermit(work));
  await Promise.all(semaphores.flatMap(ask));

  expect(most).toBe(PERMITS);
  expect(await rig.lockNames()).toEqual([]);
}, 180_000);

test('permits raised and lowered by other clients: the entries are ordinary locks', async () => {
  const lowered = rig.factoryOfAnotherProcess().createSemaphore('changed', { permits: 1, waitSeconds: 0 });
  const raised = factory.createSemaphore('changed', { permits: 3, waitSeconds: 60 });
  const held = await Promise.all([raised.acquire(), raised.acquire(), raised.acquire()]);
  expect((await rig.lockNames()).sort(byText)).toEqual(['changed#0', 'changed#1', 'changed#2']);
  expect(await lowered.tryAcquire()).toBeUndefined();

  for (const one of held) if (one.name !== 'changed#0') await one.release();
  expect(await lowered.tryAcquire()).toBeUndefined();
  await held.find(({ name }) => name === 'changed#0')?.release();
  const last = await lowered.tryAcquire();
  expect(last?.name).toBe('changed#0');
  await last?.release();
});

test('a permit is handed over as its lock', async () => {
  const held = await factory.createSemaphore('handed', { permits: 2 }).acquire();
  const receiver = await rig.factoryOfAnotherProcess().deserializeLock(await held.serialize());

  expect(receiver).toMatchObject({ name: held.name, isHeld: true });
  await receiver.release();
});
