import { type HeldLock, LockLostError } from '../../runtime/index.js';
import { World } from './world.js';

/** What goes wrong elsewhere while a lock is held. Each test is named after it. */

test('heartbeat dead after one throttle (lynk, deliveryhero, tristanls)', async () => {
  const world = new World();
  const a = world.process('a');
  const held = await world.time.until(a.factory.createLock('job').acquire());
  a.plan('refresh', 'throttled', 'throttled', 'throttled');

  await world.time.run(60_000);

  expect(held.isHeld).toBe(true);
  expect(a.warnings).toEqual([]);
});

test('abort only on a failed extend and not at the deadline (node-redlock 253)', async () => {
  const world = new World();
  const a = world.process('a');
  const held = await world.time.until(a.factory.createLock('job', { leaseSeconds: 10 }).acquire());
  let abortedMs = Number.NaN;
  held.signal.addEventListener('abort', () => {
    abortedMs = world.time.nowMs;
  });
  // No refresh is answered in time any more, and none fails either.
  a.plan('refresh', ...new Array(20).fill({ arrivesAfterMs: 3_600_000 }));

  await world.time.run(30_000);

  expect(abortedMs).toBeLessThan(10_000);
  expect(held.signal.reason).toBeInstanceOf(LockLostError);
  expect(() => held.assertHeld()).toThrow(expect.objectContaining({ reason: 'deadline' }));
});

test('freeze unnoticed (dynamolock): a thawed holder knows before any timer or request tells it', async () => {
  const world = new World();
  const a = world.process('a');
  const held = await world.time.until(a.factory.createLock('job').acquire());
  a.freeze(20_000);
  const b = await world.time.until(world.process('b').factory.createLock('job').acquire());

  // Asked in the very instant of the thaw, with a monotonic clock that stood still.
  await world.time.run(20_000 - 1);
  expect(held.isHeld).toBe(false);

  expect(b.isHeld).toBe(true);
  await world.time.run(25_000);
  expect(held.signal.reason).toMatchObject({ name: 'LockLostError', reason: 'deadline' });
  await world.time.until(held.release());
  expect(world.holderOf('job')).toBe('b');
});

test('leaked hold of a timed-out invocation beats on in a thawed sandbox', async () => {
  const world = new World();
  const a = world.process('a');
  const endsMs = world.time.nowMs + 3000;
  const context = { getRemainingTimeInMillis: () => endsMs - world.time.nowMs };
  const held = await world.time.until(a.factory.createLock('job').acquire({ context }));

  // The handler was cut off, and nobody released. The next invocation finds the same process.
  await world.time.run(3500);
  a.freeze(1000);
  await world.time.run(30_000);

  expect(held.isHeld).toBe(false);
  expect(held.signal.reason).toMatchObject({ name: 'InvocationEndingError' });
  expect(() => held.assertHeld()).toThrow(expect.objectContaining({ reason: 'invocation-ended' }));
  expect(a.warnings).toEqual([expect.stringContaining('the invocation that it belongs to has ended')]);
  expect(a.requests.filter((request) => request === 'refresh')).toEqual([]);
});

test('heartbeat that resurrects a released lock (awslabs 116)', async () => {
  const world = new World();
  const a = world.process('a');
  const held = await world.time.until(a.factory.createLock('job').acquire());
  a.plan('refresh', { arrivesAfterMs: 400 });
  const refreshed = held.refresh().catch((error: unknown) => error);

  await world.time.until(held.release());
  await world.time.run(5000);

  expect(await refreshed).toMatchObject({ reason: 'released' });
  expect(world.holderOf('job')).toBeUndefined();
});

test('hand-over never refreshed (lynk): the receiver keeps it alive, and a second one gets nothing', async () => {
  const world = new World();
  const [a, b, c] = [world.process('a'), world.process('b'), world.process('c')];
  const given = await world.time.until(a.factory.createLock('job').acquire());
  const text = await world.time.until(given.serialize());

  const held = await world.time.until(b.factory.deserializeLock(text));
  const second = world.time.until(c.factory.deserializeLock(text));

  await expect(second).rejects.toMatchObject({ name: 'LockLostError', reason: 'stale-hand-over' });
  await world.time.run(60_000);
  expect(held.isHeld).toBe(true);
  expect(given.isHeld).toBe(false);
});

test('release masks the body’s error (lynk, node-redlock)', async () => {
  const world = new World();
  const a = world.process('a');
  a.plan('release', ...new Array(50).fill('throttled'));

  const work = a.factory.withLock('job', () => Promise.reject(new Error('the disk is full')));

  await expect(world.time.until(work)).rejects.toThrow('the disk is full');
  expect(a.warnings).toEqual([expect.stringContaining('the release was not confirmed')]);
});

async function heldByB(world: World, afterMs: number): Promise<HeldLock> {
  await world.time.run(world.time.nowMs + afterMs);
  return world.time.until(world.process('b').factory.createLock('job').acquire());
}

test('retried unlock deletes a newer lock (etcd 22082)', async () => {
  const world = new World();
  const a = world.process('a');
  const held = await world.time.until(a.factory.createLock('job').acquire());
  // Carried out, unheard, and tried again when the lock is another's already.
  a.plan('release', 'answer lost', { arrivesAfterMs: 800 });
  const released = held.release();
  released.catch(() => {});

  const newer = await heldByB(world, 100);
  await world.time.until(released);
  await world.time.run(5000);

  expect(newer.isHeld).toBe(true);
  expect(world.holderOf('job')).toBe('b');
});

test('read-only item releasing someone’s lock (awslabs 115): a hold that is over releases nothing', async () => {
  const world = new World();
  const a = world.process('a');
  const held = await world.time.until(a.factory.createLock('job').acquire());
  a.freeze(30_000);
  const newer = await heldByB(world, 0);
  await world.time.run(35_000);

  await world.time.until(held.release());
  await world.time.until(held[Symbol.asyncDispose]());

  expect(newer.isHeld).toBe(true);
  expect(world.holderOf('job')).toBe('b');
});

test('release beside refresh leaves the row (lynk, tristanls 35)', async () => {
  const world = new World();
  const a = world.process('a');
  for (let delayMs = 0; delayMs < 40; delayMs += 1) {
    const held = await world.time.until(a.factory.createLock('job').acquire());
    a.plan('refresh', { arrivesAfterMs: delayMs });
    const refreshed = held.refresh().catch(() => {});
    await world.time.run(world.time.nowMs + 20 - delayMs / 2);
    await world.time.until(held.release());
    await world.time.until(refreshed);
    await world.time.run(world.time.nowMs + 50);
    expect(world.holderOf('job')).toBeUndefined();
  }
  expect(a.warnings).toEqual([]);
});
