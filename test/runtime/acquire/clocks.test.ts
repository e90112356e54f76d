import { StickyLock } from '../../../runtime/recipes/sticky-lock.js';
import { EPOCH_MS, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const theirTry = () => until(setting.process().factory().createLock('a').tryAcquire());

describe('a process whose wall clock is 8 s behind', () => {
  beforeEach(() => {
    us.wallOffMs = -8000;
  });

  test('gets a free lock at its first try: a refresh by the corrected clock makes it good', async () => {
    const held = await until(us.factory().createLock('a').tryAcquire());

    expect(us.store.operations()).toEqual(['acquire', 'refresh']);
    expect(held?.remainingSeconds).toBeCloseTo(9.64, 2);
  });

  test('needs no more than one write the next time', async () => {
    await until(us.factory().withLock('a', () => {}));
    const before = us.store.sent.length;

    await until(us.factory().withLock('a', () => {}));

    expect(us.store.operations().slice(before)).toEqual(['acquire', 'release']);
  });

  test('keeps the lock for as long as it wants', async () => {
    const held = await until(us.factory().createLock('a').acquire());
    await pass(100_000);

    expect(held.isHeld).toBe(true);
    expect(await theirTry()).toBeUndefined();
  });

  test('believes that much less until it has refreshed', async () => {
    // A lease of 20 s has enough left without a refresh.
    const held = await until(us.factory({ leaseSeconds: 20 }).createLock('a').acquire());

    expect(us.store.operations()).toEqual(['acquire']);
    expect(held.remainingSeconds).toBeCloseTo(20 - 0.45 - 8 - 0.01, 6);
  });
});

test.each([8000, 3_600_000])('a process whose wall clock is %p ms ahead gets and keeps the lock', async (aheadMs) => {
  us.wallOffMs = aheadMs;

  const held = await until(us.factory().createLock('a').tryAcquire());
  await pass(60_000);

  expect(held?.isHeld).toBe(true);
  await until(held?.release() ?? Promise.resolve());
  await until(us.factory().createLock('a').acquire());
  // The stamps of its next hold are DynamoDB's time, to the grain of the Date.
  const trueMs = EPOCH_MS + (us.store.sent.at(-1)?.atMs ?? 0);
  expect(Math.abs((setting.ownVersionOf('a')?.stampMs ?? 0) - trueMs)).toBeLessThanOrEqual(1100);
});

test('a process whose wall clock is a day behind gets the lock at its first try too', async () => {
  us.wallOffMs = -86_400_000;

  expect(await until(us.factory().createLock('a').tryAcquire())).toMatchObject({ isHeld: true });
  expect(us.store.operations()).toEqual(['acquire', 'refresh']);
});

test('locks of one connection share what it has taught', async () => {
  us.wallOffMs = -8000;
  await until(us.factory().createLock('a').acquire());

  await until(us.factory().createLock('b').acquire());

  expect(us.store.operations()).toEqual(['acquire', 'refresh', 'acquire']);
});

describe('with clockToleranceSeconds: Infinity', () => {
  test('every version has the top bit', async () => {
    const held = await until(us.factory({ clockToleranceSeconds: Infinity }).createLock('a').acquire());
    expect(setting.ownVersionOf('a')).toMatchObject({ timed: false });

    await until(held.refresh());

    expect(setting.ownVersionOf('a')).toMatchObject({ timed: false });
    expect(us.store.operations()).toEqual(['acquire', 'refresh']);
  });

  test('a clock that is off costs nothing: nobody goes by it', async () => {
    us.wallOffMs = -8000;

    const held = await until(us.factory({ clockToleranceSeconds: Infinity }).createLock('a').acquire());

    expect(us.store.operations()).toEqual(['acquire']);
    expect(held.remainingSeconds).toBeCloseTo(9.64, 6);
  });

  test('nothing is taken over by its stamp, neither by it nor from it', async () => {
    const stampless = us.factory({ clockToleranceSeconds: Infinity }).createLock('a');
    setting.putEntry('a', { version: setting.versionDrawn(3_600_000, true) });
    expect(await until(stampless.tryAcquire())).toBeUndefined();

    setting.putEntry('a', { version: setting.versionDrawn(3_600_000, false) });
    expect(await theirTry()).toBeUndefined();
  });

  test('other locks of the process are not affected', async () => {
    await until(us.factory({ clockToleranceSeconds: Infinity }).createLock('a').acquire());
    await until(us.factory().createLock('b').acquire());

    expect(setting.ownVersionOf('b')).toMatchObject({ timed: true });
  });
});

describe('answers without a Date', () => {
  test('offer nothing for the version sent, which is followed by one with the top bit', async () => {
    us.store.fate = () => ({ isUndated: true });

    const held = await until(us.factory().createLock('a').tryAcquire());

    expect(us.store.operations()).toEqual(['acquire', 'refresh']);
    expect(setting.ownVersionOf('a')).toMatchObject({ timed: false });
    expect(held?.remainingSeconds).toBeCloseTo(9.64, 6);
  });

  test('one is enough, for the hold and for all later ones of this connection', async () => {
    us.store.next('acquire', { isUndated: true });
    const held = await until(us.factory().createLock('a').acquire());
    await pass(30_000);

    expect(setting.ownVersionOf('a')).toMatchObject({ timed: false });
    expect(held.isHeld).toBe(true);
    await until(us.factory().createLock('b').acquire());
    expect(setting.ownVersionOf('b')).toMatchObject({ timed: false });
  });

  test('do not end a hold that began with one', async () => {
    const held = await until(us.factory().createLock('a').acquire());
    us.store.fate = () => ({ isUndated: true });

    await pass(60_000);

    expect(held.isHeld).toBe(true);
    expect(setting.ownVersionOf('a')).toMatchObject({ timed: false });
  });

  test('extend nothing: where no other comes, the deadline stays', async () => {
    const held = await until(us.factory().createLock('a').acquire());
    us.store.next('refresh', { isUndated: true });
    us.store.fate = () => 'silence';

    await pass(9640);

    expect(held.isHeld).toBe(false);
  });
});

test('the wall clock set forward by more than a lease may end a hold, and is no reason to wait', async () => {
  const held = await until(us.factory().createLock('a').acquire());

  us.wallOffMs += 3_600_000;
  await pass(300);

  expect(held.signal.reason).toMatchObject({ reason: 'deadline' });
  await until(held.release());
  expect(await until(us.factory().createLock('a').tryAcquire())).toMatchObject({ isHeld: true });
});

test('the wall clock set back does not disturb a hold', async () => {
  const held = await until(us.factory().createLock('a').acquire());

  us.wallOffMs -= 3_600_000;
  await pass(60_000);

  expect(held.isHeld).toBe(true);
  expect(us.warnings).toEqual([]);
  const versions = us.store.sent.map(({ version = '' }) => version);
  expect(versions.every((version, index) => version > (versions[index - 1] ?? ''))).toBe(true);
});

describe('a wall clock that is set forward by an hour does not shorten the wait', () => {
  const leaseSeconds = 7200;
  const waits: Record<string, () => Promise<unknown>> = {
    'for a lock': () => us.factory().createLock('a').acquire({ waitSeconds: 5 }),
    'for several locks': () => us.factory().withLocks(['a', 'b'], { waitSeconds: 5 }, () => {}),
    'for a permit': () => us.factory().createSemaphore('a', { permits: 1 }).acquire({ waitSeconds: 5 }),
    'for a single flight': () => us.factory().singleFlight('a', { freshSeconds: 60, waitSeconds: 5 }, () => 1),
    'for the use of a sticky lock': () =>
      new StickyLock(() => us.factory().createLock('a'), { waitSeconds: 5 }).use(undefined, () => {}),
  };
  test.each(Object.keys(waits))('%s', async (what) => {
    for (const name of ['a', 'a#0']) setting.putEntry(name, { version: setting.versionDrawn(), leaseSeconds });
    const waiting = watched((waits[what] as () => Promise<unknown>)());
    await pass(1000);
    us.wallOffMs += 3_600_000;
    await pass(3900);
    expect(waiting.state).toBe('pending');

    await pass(200);
    expect(waiting.error).toMatchObject({ name: 'LockNotGrantedError' });
  });

  test('for a turn with a sticky lock', async () => {
    const lock = new StickyLock(() => us.factory().createLock('b'), { waitSeconds: 5 });
    const first = watched(lock.use(undefined, () => setting.time.sleep(60_000)));
    const second = watched(lock.use(undefined, () => {}));
    await pass(1000);
    us.wallOffMs += 3_600_000;
    await pass(3900);
    expect([first.state, second.state]).toEqual(['pending', 'pending']);

    await pass(200);
    expect(second.error).toMatchObject({ name: 'LockNotGrantedError' });
  });

  test('of an inquiry', async () => {
    us.store.fate = () => 'silence';
    const asking = watched(us.factory().inspect('a'));
    await pass(1000);
    us.wallOffMs += 3_600_000;
    await pass(8900);
    expect(asking.state).toBe('pending');

    us.store.fate = () => ({});
    await pass(5000);
    expect(asking.state).not.toBe('pending');
  });
});
