import type { Lock } from '../../../runtime/acquire/lock.js';
import type { Consistency, LockStore } from '../../../runtime/core/store.js';
import { PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let lock: Lock;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  lock = us.factory().createLock('a');
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);

describe('at first sight, by its stamp', () => {
  test('a lock whose holder died lease and tolerance ago is had with two writes', async () => {
    setting.putEntry('a', { version: setting.versionDrawn(13_001) });

    expect(await until(lock.tryAcquire())).toMatchObject({ isHeld: true });

    expect(us.store.operations()).toEqual(['acquire', 'acquire']);
  });

  test('a lock whose holder was heard of since then is not', async () => {
    setting.putEntry('a', { version: setting.versionDrawn(12_999) });

    expect(await until(lock.tryAcquire())).toBeUndefined();
  });

  test('the tolerance is the factory’s', async () => {
    const tolerant = setting.process().factory({ clockToleranceSeconds: 60 }).createLock('a');
    setting.putEntry('a', { version: setting.versionDrawn(60_000) });

    expect(await until(tolerant.tryAcquire())).toBeUndefined();
    expect(await until(lock.tryAcquire())).toMatchObject({ isHeld: true });
  });

  test('a waiter has it as soon as lease and tolerance are over, though it began to watch late', async () => {
    setting.putEntry('a', { version: setting.versionDrawn(10_000) });

    await until(lock.acquire());

    // The Date is whole seconds; the tolerance ends after the third.
    expect(setting.time.nowMs).toBeGreaterThan(3000);
    expect(setting.time.nowMs).toBeLessThan(4300);
  });

  test('nobody else’s version tells, however old it looks', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });

    expect(await until(lock.tryAcquire())).toBeUndefined();
  });

  test('nothing tells where the answer has no Date', async () => {
    us.store.fate = () => ({ isUndated: true });
    setting.putEntry('a', { version: setting.versionDrawn(3_600_000) });

    expect(await until(lock.tryAcquire())).toBeUndefined();
  });

  test('one’s own wall clock tells nothing', async () => {
    us.wallOffMs = 3_600_000;
    setting.putEntry('a', { version: setting.versionDrawn() });

    expect(await until(lock.tryAcquire())).toBeUndefined();
  });
});

describe('by observation', () => {
  test('a version that is not ours is had after its lease, 0.25 s and 1 %, counted from when its answer arrived', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 4 });
    us.store.next('acquire', { requestMs: 100, answerMs: 1500 });

    await until(lock.acquire());

    const taking = us.store.sent.filter(({ operation }) => operation === 'acquire')[1];
    expect(taking?.atMs).toBe(1600 + 4000 + 290);
  });

  test('a version of ours is had after its lease', async () => {
    setting.putEntry('a', { version: setting.versionDrawn(0, false), leaseSeconds: 4 });
    us.store.next('acquire', { requestMs: 100, answerMs: 1500 });

    await until(lock.acquire());

    expect(us.store.sent.filter(({ operation }) => operation === 'acquire')[1]?.atMs).toBe(1600 + 4000);
  });

  test('each refresh of the holder begins anew', async () => {
    const theirs = await until(setting.process().factory({ leaseSeconds: 4 }).createLock('a').acquire());
    const waiting = watched(lock.acquire());

    await pass(25_000);

    expect(waiting.state).toBe('pending');
    expect(theirs.isHeld).toBe(true);
    expect(us.store.operations().filter((operation) => operation === 'acquire').length).toBe(1);
  });

  test('what was seen is remembered: a second try, a lease later, has it with one write', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });
    expect(await until(lock.tryAcquire())).toBeUndefined();
    await pass(10_350);

    expect(await until(us.factory().createLock('a').tryAcquire())).toMatchObject({ isHeld: true });

    expect(us.store.operations()).toEqual(['acquire', 'acquire']);
  });

  test('what was seen before the holder refreshed is not enough: the second try is refused', async () => {
    const theirs = await until(setting.process().factory().createLock('a').acquire());
    expect(await until(lock.tryAcquire())).toBeUndefined();
    await pass(11_000);

    expect(await until(lock.tryAcquire())).toBeUndefined();
    expect(theirs.isHeld).toBe(true);
  });

  test('a read that shows an old version for ever takes nothing from a living holder', async () => {
    const theirs = await until(setting.process().factory({ leaseSeconds: 2 }).createLock('a').acquire());
    const stale = await setting.table.read('a');
    us.store.read = async () => ({ ...(await setting.table.read('a')), entry: stale.entry });

    const waiting = watched(lock.acquire());
    await pass(20_000);

    expect(waiting.state).toBe('pending');
    expect(theirs.isHeld).toBe(true);
  });

  test('a freeze of the watcher, whose monotonic clock stands still, does not count', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });
    await until(lock.tryAcquire());

    us.freeze(60_000);

    expect(await until(lock.tryAcquire())).toBeUndefined();
  });
});

describe('eventually consistent reads, of replicas some of which lag behind for good', () => {
  const OTHERS_VERSION = PYTHONS_VERSION.replace('7f3f3e0c', '0f3f3e0c');
  /** Each read is answered by one of these in turn: by what stood there then, or stands there now. */
  const inTurn = async (...replicas: readonly ('stale' | 'fresh')[]): Promise<void> => {
    const { entry } = await setting.table.read('a');
    const read = setting.table.read.bind(setting.table);
    const readMany = setting.table.readMany.bind(setting.table);
    let reads = 0;
    const isStale = (consistency: Consistency | undefined): boolean =>
      consistency === 'eventual' && replicas[reads++ % replicas.length] === 'stale';
    const table: LockStore = setting.table;
    table.read = async (name, consistency) => ({ ...(await read(name)), ...(isStale(consistency) && { entry }) });
    table.readMany = async (names, consistency) => {
      const answer = await readMany(names);
      return isStale(consistency)
        ? { ...answer, entries: new Map([...answer.entries].map(([key]) => [key, entry])) }
        : answer;
    };
  };

  test.each([
    { versions: 'a Python client’s', former: OTHERS_VERSION },
    { versions: 'a client’s of ours', former: undefined },
  ])(
    'the lock of a dead Python holder is had after its lease, the one before it being $versions',
    async ({ former }) => {
      setting.putEntry('a', { version: former ?? setting.versionDrawn() });
      await inTurn('stale', 'fresh');
      setting.putEntry('a', { version: PYTHONS_VERSION });

      const held = await until(lock.acquire({ waitSeconds: 60 }));

      expect(held.isHeld).toBe(true);
      expect(setting.time.nowMs).toBeGreaterThan(10_350);
      expect(setting.time.nowMs).toBeLessThan(11_500);
      // One look settles which of the two stands.
      expect(us.store.sent.filter(({ consistency }) => consistency === 'strong').length).toBe(1);
      expect(us.store.operations().filter((operation) => operation === 'acquire').length).toBeLessThan(4);
    },
  );

  test('it is had after two leases where only stale answers come', async () => {
    setting.putEntry('a', { version: OTHERS_VERSION });
    await inTurn('stale');
    setting.putEntry('a', { version: PYTHONS_VERSION });

    expect((await until(lock.acquire({ waitSeconds: 60 }))).isHeld).toBe(true);
    expect(setting.time.nowMs).toBeLessThan(22_000);
  });

  test('so is a permit', async () => {
    const semaphore = us.factory().createSemaphore('s', { permits: 1 });
    setting.putEntry('s#0', { version: OTHERS_VERSION });
    setting.table.items.set('a', setting.table.items.get('s#0') ?? {});
    await inTurn('stale', 'fresh');
    setting.putEntry('s#0', { version: PYTHONS_VERSION });

    expect((await until(semaphore.acquire({ waitSeconds: 60 }))).isHeld).toBe(true);
    expect(setting.time.nowMs).toBeGreaterThan(10_350);
    expect(setting.time.nowMs).toBeLessThan(11_500);
  });

  test.each([[['stale', 'fresh']], [['stale', 'stale', 'fresh']], [['fresh', 'stale', 'fresh']]] as const)(
    'a Python holder that refreshes keeps its lock (%s)',
    async (replicas) => {
      setting.putEntry('a', { version: OTHERS_VERSION });
      await inTurn(...replicas);
      setting.putEntry('a', { version: PYTHONS_VERSION });
      const waiting = watched(lock.acquire({ waitSeconds: 600 }));

      for (let refreshes = 1; refreshes <= 12; refreshes += 1) {
        await pass(9000);
        setting.putEntry('a', { version: PYTHONS_VERSION.replace(/^../, String(10 + refreshes)) });
      }

      expect(waiting.state).toBe('pending');
      await pass(12_000);
      expect(waiting.state).toBe('resolved');
    },
  );

  test('a version that really comes back has to stand for its whole lease anew', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });
    const waiting = watched(lock.acquire({ waitSeconds: 600 }));
    await pass(5000);
    setting.putEntry('a', { version: OTHERS_VERSION });
    await pass(4000);
    setting.putEntry('a', { version: PYTHONS_VERSION });

    await pass(10_000);
    expect(waiting.state).toBe('pending');
    await pass(2000);
    expect(waiting.state).toBe('resolved');
  });
});

test('of two who take over at the same moment one wins', async () => {
  const others = [lock, ...[1, 2, 3].map(() => setting.process().factory().createLock('a'))];
  setting.putEntry('a', { version: setting.versionDrawn(60_000) });

  const tried = others.map((other) => watched(other.tryAcquire()));
  await pass(1000);

  expect(tried.filter(({ value }) => value?.isHeld).length).toBe(1);
});

test('a holder that was frozen past its lease knows, and leaves its successor’s entry alone', async () => {
  // Prepare
  const frozen = setting.process();
  const theirs = await until(frozen.factory().createLock('a').acquire());
  frozen.store.fate = () => 'silence';
  const ours = await until(lock.acquire());
  frozen.store.fate = () => ({});

  // Act
  await until(theirs.release());

  // Assess
  expect(theirs.isHeld).toBe(false);
  expect(ours.isHeld).toBe(true);
  expect(setting.versionOf('a')).toBe(us.store.sent.at(-1)?.version);
});

test('whoever stops, for whatever reason, has stopped before another begins', async () => {
  for (const wallOffMs of [-20_000, -8000, 0, 8000]) {
    const holder = setting.process();
    holder.wallOffMs = wallOffMs;
    const theirs = await until(holder.factory().createLock(`off by ${wallOffMs}`).acquire());
    holder.store.fate = () => 'silence';
    const wasHeld: boolean[] = [];

    const ours = await until(us.factory().createLock(`off by ${wallOffMs}`).acquire({ waitSeconds: 60 }));
    wasHeld.push(theirs.isHeld, ours.isHeld);

    expect(wasHeld).toEqual([false, true]);
  }
});
