import type { LockEvent } from '../../../runtime/lock/events.js';
import type { InvocationContext } from '../../../runtime/lock/options.js';
import { StickyLock, type StickyOptions } from '../../../runtime/lock/sticky.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from './setting.js';

let setting: Setting;
let us: TestProcess;
let events: LockEvent[];
const made: StickyLock[] = [];
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  events = [];
});
afterEach(() => process.removeAllListeners('SIGTERM'));

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const types = (): string[] => events.map(({ type }) => type);
const sticky = (options: StickyOptions = {}): StickyLock => {
  const observers = [{ onLockEvent: (event: LockEvent) => void events.push(event) }];
  const { leaseSeconds, waitSeconds } = options;
  const lock = new StickyLock(() => us.factory({ observers }).createLock('a', { leaseSeconds, waitSeconds }), options);
  made.push(lock);
  return lock;
};
const invocation = (seconds: number): InvocationContext => {
  const endsMs = setting.time.nowMs + seconds * 1000;
  return { awsRequestId: 'request-1', getRemainingTimeInMillis: () => endsMs - setting.time.nowMs };
};

test('making one sends nothing, the first use acquires, each later one is one write', async () => {
  const lock = sticky();
  expect(us.store.sent).toEqual([]);
  for (const expected of [['acquire'], ['acquire', 'refresh'], ['acquire', 'refresh', 'refresh']]) {
    expect(await until(lock.use(invocation(30), (held) => held.isHeld))).toBe(true);
    expect(us.store.operations()).toEqual(expected);
    await pass(4000);
  }
  expect(setting.versionOf('a')).toBeDefined();
});

test('between uses nothing is sent, and no timer keeps the process alive', async () => {
  const lock = sticky();
  await until(lock.use(undefined, () => {}));
  const before = us.store.sent.length;
  expect(us.keptAliveBy.size).toBe(0);
  await pass(9000);
  expect(lock.isHeld).toBe(true);
  await pass(60_000);

  expect(lock.isHeld).toBe(false);
  expect(us.store.sent.length).toBe(before);
});

test('running out between uses is no loss, and said so', async () => {
  const lock = sticky();
  await until(lock.use(undefined, () => {}));
  await pass(60_000);

  expect(types()).toEqual(['asked', 'acquired', 'lapsed']);
  expect(us.warnings).toEqual([]);
});

test('thawed past its deadline it takes the lock anew in two requests, its own entry counting as expired', async () => {
  const lock = sticky();
  await until(lock.use(undefined, () => {}));
  us.freeze(10_200);
  const before = us.store.sent.length;

  expect(await until(lock.use(undefined, (held) => held.isHeld))).toBe(true);
  expect(us.store.operations().slice(before)).toEqual(['acquire', 'acquire']);
  expect(types()).toEqual(['asked', 'acquired', 'lapsed', 'asked', 'acquired']);
});

test('taken by another meanwhile, it is waited for like any other', async () => {
  const lock = sticky({ waitSeconds: 1 });
  await until(lock.use(undefined, () => {}));
  us.freeze(60_000);
  setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });

  expect(await until(errorOf(lock.use(undefined, () => {})))).toMatchObject({
    name: 'LockNotGrantedError',
    holder: { hostIdentifier: 'somebody' },
  });
});

test('a long use is kept alive', async () => {
  const lock = sticky();
  const outcome = lock.use(undefined, async (held) => {
    await setting.time.sleep(25_000);
    return held.isHeld;
  });

  expect(await until(outcome)).toBe(true);
});

test('a loss while it is used is told, and the result withheld', async () => {
  const lock = sticky();
  const outcome = lock.use(undefined, async (held) => {
    setting.table.items.clear();
    await setting.time.sleep(6000);
    return held.signal.aborted;
  });

  expect(await until(errorOf(outcome))).toMatchObject({ name: 'LockLostError', reason: 'gone', result: true });
  expect(types()).toContain('lost');
});

test('uses at once take turns in order', async () => {
  const lock = sticky();
  const log: string[] = [];
  const use = (id: number) =>
    lock.use(undefined, async () => {
      log.push(`begin ${id}`);
      await setting.time.sleep(100);
      log.push(`end ${id}`);
    });
  await until(Promise.all([1, 2, 3].map(use)));

  expect(log).toEqual([1, 2, 3].flatMap((id) => [`begin ${id}`, `end ${id}`]));
  expect(us.store.operations()).toEqual(['acquire', 'refresh', 'refresh']);
});

test('what is waited for a turn is bounded too', async () => {
  const lock = sticky({ waitSeconds: 2 });
  const first = lock.use(undefined, () => setting.time.sleep(10_000));
  const second = watched(lock.use(undefined, () => {}));
  await pass(2100);

  expect(second.error).toMatchObject({ name: 'LockNotGrantedError' });
  await until(first);
});

test('the work is told before its invocation ends; past it, it has no lock, and the next use comes', async () => {
  const lock = sticky();
  let seen: { readonly isHeld: boolean; readonly signal: AbortSignal } | undefined;
  const slow = watched(
    lock.use(invocation(5), async (held) => {
      seen = held;
      await setting.time.sleep(20_000);
    }),
  );
  await pass(4100);
  expect(seen?.signal.reason).toMatchObject({ name: 'InvocationEndingError' });
  expect(seen?.isHeld).toBe(true);
  await pass(1000);
  expect(seen?.isHeld).toBe(false);
  expect(us.warnings).toEqual([expect.stringMatching('lock "a" .* the invocation that uses it has ended')]);

  expect(await until(lock.use(invocation(30), (held) => held.isHeld))).toBe(true);
  await pass(20_000);
  expect(slow.error).toMatchObject({ name: 'LockLostError', reason: 'invocation-ended' });
});

test('after its use a hold is not held, though the lock stays', async () => {
  const lock = sticky();
  const held = await until(lock.use(undefined, (given) => given));

  expect(held.isHeld).toBe(false);
  expect(held.signal.aborted).toBe(true);
  expect(lock.isHeld).toBe(true);
});

test('what the work throws is thrown, and the lock stays', async () => {
  const lock = sticky();

  expect(await until(errorOf(lock.use(undefined, () => Promise.reject(new TypeError('no')))))).toEqual(
    new TypeError('no'),
  );
  expect(lock.isHeld).toBe(true);
});

test('release gives it back, and so does idleSeconds', async () => {
  const lock = sticky({ idleSeconds: 3 });
  await until(lock.use(undefined, () => {}));
  await until(lock.release());
  expect(setting.table.items.size).toBe(0);

  await until(lock.use(undefined, () => {}));
  await pass(2900);
  expect(setting.table.items.size).toBe(1);
  await pass(200);
  expect(setting.table.items.size).toBe(0);
});

test('SIGTERM gives it back', async () => {
  const lock = sticky();
  await until(lock.use(undefined, () => {}));
  const others = (): void => {};
  process.on('SIGTERM', others);
  process.emit('SIGTERM');
  await pass(100);

  expect(setting.table.items.size).toBe(0);
  expect(lock.isHeld).toBe(false);
});

test('a use within a use is refused, not waited for', async () => {
  const lock = sticky();

  expect(await until(errorOf(lock.use(undefined, () => lock.use(undefined, () => {}))))).toMatchObject({
    name: 'LockReentrancyError',
  });
});
