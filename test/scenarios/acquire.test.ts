import { LockUnavailableError } from '../../runtime/index.js';
import { World } from './world.js';

/** What goes wrong elsewhere when a lock is taken. Each test is named after it. */

test('own row refused after a lost answer (lynk, dynamolock, node-redlock, KCL 777)', async () => {
  const world = new World();
  const a = world.process('a');
  a.plan('acquire', 'answer lost');

  const held = await world.time.until(a.factory.createLock('job').acquire());

  expect(held.isHeld).toBe(true);
  // Without waiting out its own lease of 10 s.
  expect(world.time.nowMs).toBeLessThan(1000);
  expect(a.requests).toEqual(['acquire', 'acquire']);
});

test('dead lock never acquirable without waiting (awslabs 114)', async () => {
  const world = new World();
  const dead = world.process('dead');
  await world.time.until(dead.factory.createLock('job').acquire());
  dead.freeze(Number.MAX_SAFE_INTEGER);
  await world.time.run(15_000);

  const fresh = world.process('fresh');
  const held = await world.time.until(fresh.factory.createLock('job').tryAcquire());

  expect(held?.isHeld).toBe(true);
  expect(fresh.requests).toEqual(['acquire', 'acquire']);
});

test('ghost acquire after release (lynk): what a late copy puts back does not stop its own process', async () => {
  const world = new World();
  const a = world.process('a');
  const lock = a.factory.createLock('job');
  // The first attempt dawdles; the second gets the lock, which is released before the first arrives.
  a.plan('acquire', { arrivesAfterMs: 9000 });
  const held = await world.time.until(lock.acquire());
  await world.time.until(held.release());
  await world.time.run(10_000);
  expect(world.holderOf('job')).toBe('a');

  const askedMs = world.time.nowMs;
  const again = await world.time.until(lock.tryAcquire());

  expect(held.isHeld).toBe(false);
  expect(again?.isHeld).toBe(true);
  expect(world.time.nowMs - askedMs).toBeLessThan(1000);
});

test('ghost acquire (lynk): whoever gave up waiting leaves no entry behind', async () => {
  const world = new World();
  const a = world.process('a');
  a.plan('acquire', { arrivesAfterMs: 1000 });

  const asked = world.time.until(a.factory.createLock('job').acquire({ waitSeconds: 0.5 }));
  await expect(asked).rejects.toThrow(LockUnavailableError);
  await world.time.run(5000);

  expect(world.holderOf('job')).toBe('a');
  const b = world.process('b');
  const mine = await world.time.until(a.factory.createLock('job').tryAcquire());
  expect(mine?.isHeld).toBe(true);
  await world.time.until(mine?.release() ?? Promise.reject(new Error('not held')));
  expect((await world.time.until(b.factory.createLock('job').tryAcquire()))?.isHeld).toBe(true);
});

test('returned already expired (node-redlock 296): an answer that took too long is made good, or refused', async () => {
  const world = new World();
  const a = world.process('a');
  a.plan('acquire', { arrivesAfterMs: 4000 });

  const held = await world.time.until(a.factory.createLock('job', { leaseSeconds: 10 }).acquire());

  expect(held.remainingSeconds).toBeGreaterThanOrEqual(5);
});

test('remaining time 0 taken as unknown (Powertools): an invocation that is over waits for nothing', async () => {
  const world = new World();
  await world.time.until(world.process('a').factory.createLock('job').acquire());
  const b = world.process('b');

  const context = { getRemainingTimeInMillis: () => 0 };
  const asked = b.factory.createLock('job').acquire({ context });

  await expect(world.time.until(asked)).rejects.toThrow(LockUnavailableError);
  expect(world.time.nowMs).toBeLessThan(100);
});
