import type { Lock } from '../../../runtime/lock/lock.js';
import { PYTHONS_VERSION, Setting, type TestProcess, watched } from './setting.js';

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
