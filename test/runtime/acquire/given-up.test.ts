import type { Lock } from '../../../runtime/acquire/lock.js';
import { LockTableError } from '../../../runtime/errors.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

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
const theirTry = () => until(setting.process().factory().createLock('a').tryAcquire());

/** The process takes the lock although an entry stands there: it knows that nobody believes in it. */
async function isTakenAtOnce(): Promise<void> {
  const former = setting.versionOf('a');
  expect(former).toBeDefined();
  expect(await theirTry()).toBeUndefined();
  const startMs = setting.time.nowMs;

  expect(await until(lock.tryAcquire())).toMatchObject({ isHeld: true });

  expect(setting.time.nowMs - startMs).toBe(20);
  expect(us.store.operations(startMs)).toEqual(['acquire', 'acquire']);
}

test('a wait that ended with an answer outstanding, whose write landed late', async () => {
  us.store.next('acquire', { requestMs: 3000 });
  await until(errorOf(lock.acquire({ waitSeconds: 1 })));
  await pass(3000);

  await isTakenAtOnce();
});

test('a wait that was cancelled, and whose write could not be taken back', async () => {
  us.store.fate = ({ operation }) => (operation === 'release' ? 'silence' : { requestMs: 1000 });
  const controller = new AbortController();
  const asked = errorOf(lock.acquire({ signal: controller.signal }));
  await pass(500);
  controller.abort('enough');
  await until(asked);
  await pass(2000);
  us.store.fate = () => ({});

  await isTakenAtOnce();
});

test('a hand-over that was cancelled, and whose write could not be taken back', async () => {
  const text = await until((await until(setting.process().factory().createLock('a').acquire())).serialize());
  us.store.fate = ({ operation }) => (operation === 'release' ? 'silence' : { requestMs: 1000 });
  const controller = new AbortController();
  const asked = errorOf(us.factory().deserializeLock(text, { signal: controller.signal }));
  await pass(500);
  controller.abort('enough');
  await until(asked);
  await pass(2000);
  us.store.fate = () => ({});

  await isTakenAtOnce();
});

test('a release without an answer', async () => {
  const held = await until(lock.acquire());
  us.store.fate = () => 'silence';
  await until(errorOf(held.release()));
  us.store.fate = () => ({});

  await isTakenAtOnce();
});

test('a hold past its deadline whose work has settled', async () => {
  us.store.fate = ({ operation }) => (operation === 'acquire' ? {} : 'silence');
  await until(errorOf(lock.withLock(() => setting.time.sleep(9800))));
  us.store.fate = () => ({});

  await isTakenAtOnce();
});

test('but not a hold past its deadline whose work goes on', async () => {
  us.store.fate = ({ operation }) => (operation === 'acquire' ? {} : 'silence');
  const held = await until(lock.acquire());
  await pass(9700);
  us.store.fate = () => ({});
  expect(held.isHeld).toBe(false);

  expect(await until(lock.tryAcquire())).toBeUndefined();
});

test('a release, after which a late copy of the first write puts the entry back', async () => {
  // The first attempt is on its way for long; the second one takes the lock.
  us.store.next('acquire', { requestMs: 6000 });
  const held = await until(lock.acquire());
  await until(held.release());
  await pass(2000);

  await isTakenAtOnce();
});

test('nothing is left of an attempt that was lost, once another process has the lock', async () => {
  us.store.next('acquire', 'silence');
  await until(errorOf(lock.acquire({ waitSeconds: 1 })));
  const theirs = await theirTry();
  await pass(10_000);

  expect(theirs?.isHeld).toBe(true);
  expect(us.store.operations()).toEqual(['acquire', 'release']);
});

describe('a write that is refused for good, the copies before which may have landed', () => {
  /** As the SDK has it that repeats a request: the answer to its first copy was lost, a later copy is refused. */
  const landsUnheard = (operation: 'acquire' | 'adopt'): void => {
    us.store.next(operation, { refusal: new LockTableError('permission is missing') });
  };

  test('leaves nothing behind of an acquire', async () => {
    landsUnheard('acquire');

    expect(await until(errorOf(lock.acquire()))).toBeInstanceOf(LockTableError);
    await pass(1000);

    expect(us.store.operations()).toEqual(['acquire', 'release']);
    expect(setting.table.items.size).toBe(0);
  });

  test('is this process’s own to write over where the entry could not be taken back', async () => {
    landsUnheard('acquire');
    us.store.next('release', 'reset');

    expect(await until(errorOf(lock.tryAcquire()))).toBeInstanceOf(LockTableError);
    await pass(1000);

    await isTakenAtOnce();
  });

  test('leaves nothing behind of a permit', async () => {
    const semaphore = us.factory().createSemaphore('s', { permits: 1 });
    landsUnheard('acquire');

    expect(await until(errorOf(semaphore.acquire()))).toBeInstanceOf(LockTableError);
    await pass(1000);

    expect(setting.table.items.size).toBe(0);
  });

  test('leaves nothing behind of an adoption', async () => {
    const text = await until((await until(setting.process().factory().createLock('a').acquire())).serialize());
    landsUnheard('adopt');

    expect(await until(errorOf(us.factory().deserializeLock(text)))).toBeInstanceOf(LockTableError);

    expect(us.store.operations()).toEqual(['adopt', 'release']);
    expect(setting.table.items.size).toBe(0);
  });
});

test('an acquire that was had too late and then taken, a late copy of which lands when the lock is free again', async () => {
  us.store.next('acquire', { requestMs: 100, answerMs: 4850 });
  const tried = lock.tryAcquire();
  await pass(4000);
  const late = setting.table.items.get('a');
  setting.putEntry('a', { version: PYTHONS_VERSION });
  await until(errorOf(tried));

  setting.table.items.set('a', late ?? {});

  await isTakenAtOnce();
});

test('a try that was refused, an earlier copy of which lands when the lock is free', async () => {
  setting.putEntry('a', { version: PYTHONS_VERSION });
  expect(await until(lock.tryAcquire())).toBeUndefined();
  const [{ version = '' } = {}] = us.store.sent;

  setting.putEntry('a', { version });

  await isTakenAtOnce();
});
