import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as nap } from 'node:timers/promises';
import { LockOptionError } from '../../../runtime/errors.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { createTestLocks } from '../../../runtime/testing/index.js';

test('time stands still until it is moved', async () => {
  const locks = createTestLocks({ time: 'virtual' });
  const begun = locks.time.now();
  await locks.withLock('a', () => new Promise((resolve) => setImmediate(resolve)));
  expect(locks.time.now()).toEqual(begun);

  await locks.time.advance(90);

  expect(locks.time.now().getTime() - begun.getTime()).toBe(90_000);
});

test('events happen in order, each with all that follows from it', async () => {
  const { time } = createTestLocks({ time: 'virtual' });
  const seen: string[] = [];
  const chain = async (name: string, seconds: number): Promise<void> => {
    await time.sleep(seconds);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    seen.push(`${name} ${time.now().getSeconds()}`);
  };
  const all = Promise.all([chain('c', 3), chain('a', 1), chain('b', 1), chain('d', 5)]);

  await time.advance(4);
  expect(seen).toEqual(['a 1', 'b 1', 'c 3']);

  await time.until(all);
  expect(seen.at(-1)).toBe('d 5');
});

test('an hour with a lock in hand', async () => {
  const locks = createTestLocks({ time: 'virtual' });
  const held = await locks.createLock('a').acquire();

  await locks.time.advance(60 * 60);

  expect(held.isHeld).toBe(true);
});

test('the same run after run', async () => {
  const run = async (): Promise<string> => {
    const locks = createTestLocks({ time: 'virtual', hostIdentifier: 'us' });
    const other = await locks.simulate.heldByOther('a');
    locks.simulate.throttle({ times: 5 });
    const waiting = [1, 2, 3].map((n) => locks.withLock('a', () => locks.time.sleep(n)));
    await locks.time.advance(2);
    await other.release();
    await locks.time.until(Promise.all(waiting));
    return locks.time.now().toISOString();
  };

  expect(await run()).toBe(await run());
});

test('until passes the error on', async () => {
  const { time } = createTestLocks({ time: 'virtual' });

  await expect(time.until(Promise.reject(new Error('of the code')))).rejects.toThrow('of the code');
});

test('until also waits for a file, while virtual time stands still', async () => {
  const { time } = createTestLocks({ time: 'virtual' });
  const begun = time.now();

  expect(await time.until(readFile('package.json', 'utf8'))).toContain('cdk-lynk');

  expect(time.now()).toEqual(begun);
});

test('until also waits for files under a lock, while the heartbeat goes on slowly', async () => {
  const locks = createTestLocks({ time: 'virtual' });
  const work = async (held: HeldLock): Promise<boolean> => {
    for (let reads = 0; reads < 20; reads += 1) await readFile('package.json', 'utf8');
    await nap(50);
    return held.isHeld;
  };

  expect(await locks.time.until(locks.withLock('a', { context: locks.invocation(60) }, work))).toBe(true);
});

test('until moves time to the end of a hold that nobody waits for', async () => {
  const locks = createTestLocks({ time: 'virtual' });
  const aborted = locks.withLock('a', { context: locks.invocation(5) }, async ({ signal }) => once(signal, 'abort'));

  await expect(locks.time.until(aborted)).resolves.toBeDefined();
  expect(locks.time.now().getTime()).toBe(Date.UTC(2026, 0, 1, 0, 0, 4));
});

test('until gives up after its limit, or if virtual time cannot settle the promise', async () => {
  const { time } = createTestLocks({ time: 'virtual' });

  await expect(time.until(time.sleep(61), { limitSeconds: 60 })).rejects.toThrow(/not settled within 60 s of virtual/);
  await time.advance(61);
  await expect(time.until(new Promise(() => {}))).rejects.toThrow(/something that virtual time does not move/);
});

test('code that `until` waits for may move time itself', async () => {
  const locks = createTestLocks({ time: 'virtual' });
  const done = locks.withLock('a', async (held) => {
    await locks.time.advance(100);
    return held.isHeld;
  });

  expect(await locks.time.until(done)).toBe(true);
  expect(locks.time.now().getTime()).toBeGreaterThanOrEqual(Date.UTC(2026, 0, 1, 0, 1, 40));
});

test.each([-1, Number.NaN, Infinity, '1'])('%p seconds are refused', async (seconds) => {
  const { time } = createTestLocks({ time: 'virtual' });

  await expect(time.advance(seconds as number)).rejects.toThrow(LockOptionError);
  await expect(time.sleep(seconds as number)).rejects.toThrow(/seconds is a number of seconds/);
  await expect(time.until(Promise.resolve(), { limitSeconds: seconds as number })).rejects.toThrow(/limitSeconds/);
});

/** Locks in real time follow the fake timers of the test runner. */
describe('with fake timers', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('a waiter is refused after its time', async () => {
    const locks = createTestLocks();
    await locks.simulate.heldByOther('a');
    const refused = expect(locks.withLock('a', { waitSeconds: 30 }, () => 1)).rejects.toThrow(/within 30 s/);

    await jest.advanceTimersByTimeAsync(30_000);

    await refused;
  });

  test('virtual time is independent of them', async () => {
    const locks = createTestLocks({ time: 'virtual' });
    const held = await locks.createLock('a').acquire();

    await locks.time.advance(60);

    expect(held.isHeld).toBe(true);
  });
});
