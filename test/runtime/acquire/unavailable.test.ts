import { LockNotGrantedError, LockUnavailableError } from '../../../runtime/errors.js';
import type { LockEvent } from '../../../runtime/observe/events.js';
import { StickyLock } from '../../../runtime/recipes/sticky-lock.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let events: LockEvent[];
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  events = [];
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const factory = () => us.factory({ observers: [{ onLockEvent: (event) => void events.push(event) }] });
const occupied = (...names: string[]): void => {
  for (const name of names) setting.putEntry(name, { version: PYTHONS_VERSION, leaseSeconds: 600 });
};

/** What can be asked for of one lock, or of one permit. */
const ASKINGS = {
  lock: {
    names: ['a'],
    wait: (waitSeconds: number) => factory().createLock('a').acquire({ waitSeconds }),
    once: () => factory().createLock('a').tryAcquire(),
  },
  semaphore: {
    names: ['a#0', 'a#1'],
    wait: (waitSeconds: number) => factory().createSemaphore('a', { permits: 2 }).acquire({ waitSeconds }),
    once: () => factory().createSemaphore('a', { permits: 2 }).tryAcquire(),
  },
} as const;

describe.each(['lock', 'semaphore'] as const)('of a %s', (kind) => {
  const { names, wait, once } = ASKINGS[kind];

  test.each(['reset', 'silence'] as const)('who waits is told of an outage (%s), and who held before', async (fate) => {
    occupied(...names);
    const waiting = errorOf(wait(8));
    await pass(1000);
    us.store.fate = () => fate;

    const error = await until(waiting);

    expect(error).toBeInstanceOf(LockUnavailableError);
    expect(error).toMatchObject({ lockName: 'a', tableName: 'locks', cause: expect.any(Error) });
    expect(String(error)).toMatch(/ could not be requested within 8 s: Error: .*; when last seen, .*held by somebody/);
  });

  test.each(['reset', 'silence'] as const)('and so is who waits behind that caller (%s)', async (fate) => {
    occupied(...names);
    watched(wait(60));
    const waiting = errorOf(wait(8));
    await pass(1000);
    us.store.fate = () => fate;

    expect(await until(waiting)).toMatchObject({ name: 'LockUnavailableError', cause: expect.any(Error) });
  });

  test.each(['reset', 'silence'] as const)(
    'and who asks once behind it: what it saw is long ago (%s)',
    async (fate) => {
      occupied(...names);
      watched(wait(60));
      await pass(1000);
      expect(await until(once())).toBeUndefined();
      us.store.fate = () => fate;
      await pass(3000);

      expect(await until(errorOf(once()))).toMatchObject({ name: 'LockUnavailableError', cause: expect.any(Error) });
    },
  );

  test('who asks once behind a caller whose outage passes is told who holds', async () => {
    occupied(...names);
    watched(wait(60));
    await pass(1000);
    us.store.fate = () => 'reset';
    await pass(1000);
    const asked = once();
    await pass(200);
    us.store.fate = () => ({});

    expect(await until(asked)).toBeUndefined();
  });

  test('behind a holder that cannot refresh it is not granted: that one holds', async () => {
    for (const _ of names) await until(wait(1));
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});
    await pass(6000);

    const error = await until(errorOf(wait(0)));
    expect(error).toBeInstanceOf(LockNotGrantedError);
    expect((error as Error).cause).toBeUndefined();
  });

  test('a wait of 0 s that is refused has the error in its event', async () => {
    occupied(...names);

    const error = await until(errorOf(wait(0)));

    expect(error).toBeInstanceOf(LockNotGrantedError);
    expect(events.map(({ type }) => type)).toEqual(['requested', 'not-granted']);
    expect(events.at(-1)).toMatchObject({ error, holder: { hostIdentifier: 'somebody' } });
  });
});

describe('single flight', () => {
  const fly = (context?: { getRemainingTimeInMillis(): number }, waitSeconds?: number) =>
    factory().singleFlight('a', { freshSeconds: 60, waitSeconds, context }, () => 1);

  test('late in an invocation says so', async () => {
    occupied('a');

    expect(String(await until(errorOf(fly({ getRemainingTimeInMillis: () => 500 }))))).toContain(
      'was not granted so late in its invocation: held by somebody',
    );
    expect(String(await until(errorOf(fly(undefined, 0))))).toContain('was not granted at once: held by somebody');
    expect(events.filter(({ type }) => type === 'not-granted')).toMatchObject([
      { error: { name: 'LockNotGrantedError' } },
      { error: { name: 'LockNotGrantedError' } },
    ]);
  });

  test('says of an outage that it is one', async () => {
    us.store.fate = () => 'reset';

    expect(await until(errorOf(fly()))).toMatchObject({ name: 'LockUnavailableError' });
  });
});

describe('several locks', () => {
  test('name the one that could not be requested', async () => {
    us.store.fate = ({ lockKeys = [] }) => (lockKeys[0] === 'b' ? 'reset' : {});

    const error = await until(errorOf(factory().withLocks(['a', 'b'], { waitSeconds: 2 }, () => {})));

    expect(error).toMatchObject({ name: 'LockUnavailableError', lockName: 'b', cause: new Error('connection reset') });
    expect(String(error)).toContain('(all 2 locks were requested, or none; released again: 1)');
  });

  test('of which one was taken by another meanwhile were not granted', async () => {
    occupied('b');
    const asked = errorOf(factory().withLocks(['a', 'b'], () => {}));
    await pass(1000);
    occupied('a');

    expect(await until(asked)).toMatchObject({ name: 'LockNotGrantedError', lockName: 'a' });
  });
});

describe('a sticky lock', () => {
  const sticky = () => new StickyLock(() => factory().createLock('a'), { waitSeconds: 2 });

  test('in an outage, and whose other use is asking in one', async () => {
    us.store.fate = () => 'reset';
    const lock = sticky();
    const first = errorOf(lock.use(undefined, () => {}));
    const second = errorOf(lock.use(undefined, () => {}));

    expect(await until(first)).toMatchObject({ name: 'LockUnavailableError' });
    expect(await until(second)).toMatchObject({ name: 'LockUnavailableError' });
  });

  test('whose other use goes on says who holds it', async () => {
    const lock = sticky();
    const first = lock.use(undefined, () => setting.time.sleep(10_000));

    expect(await until(errorOf(lock.use(undefined, () => {})))).toMatchObject({
      name: 'LockNotGrantedError',
      holder: { hostIdentifier: 'process-1' },
    });
    await until(first);
  });
});

test('what is only looked at, listed or broken', async () => {
  us.store.fate = () => 'reset';
  const locks = us.factory();
  const listed = async (): Promise<void> => {
    for await (const _ of locks.list());
  };

  for (const asked of [locks.inspect('a'), locks.break('a', { reason: 'stuck' }), listed()]) {
    expect(await until(errorOf(asked))).toMatchObject({
      name: 'LockUnavailableError',
      cause: new Error('connection reset'),
    });
  }
});

test('what is held, and not confirmed', async () => {
  const held = await until(us.factory().createLock('a').acquire());
  us.store.fate = () => 'reset';

  expect(await until(errorOf(held.refresh()))).toMatchObject({ name: 'LockUnavailableError' });
  us.store.fate = () => ({});
  await until(held.refresh());
  us.store.fate = () => 'reset';
  expect(await until(errorOf(held.serialize()))).toMatchObject({ name: 'LockUnavailableError' });
  us.store.fate = () => ({});
  await until(held.refresh());
  us.store.fate = () => 'reset';
  expect(await until(errorOf(held.release()))).toMatchObject({ name: 'LockUnavailableError' });
});
