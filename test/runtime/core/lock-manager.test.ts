import type { Clock } from '../../../runtime/core/clock.js';
import { LockManager } from '../../../runtime/core/lock-manager.js';
import { formatVersion, parseVersion } from '../../../runtime/protocol/version.js';
import { VirtualTime } from '../../../runtime/testing/virtual-time.js';

/** A process cloned from a snapshot: its random generator says what its twins' say. */
function clone(clock: Clock = new VirtualTime().clock()): LockManager {
  return new LockManager(clock, { bytes: (count) => new Uint8Array(count).fill(7), fraction: () => 0.5 });
}

describe('a hold id', () => {
  test('is one', () => {
    const holdId = clone().drawHoldId('request-1');

    expect(parseVersion(formatVersion({ stampMs: 0, timed: true, holdId }))).toMatchObject({ holdId });
  });

  test('differs between processes cloned with their random generators, by the request', () => {
    expect(clone().drawHoldId('request-1')).not.toBe(clone().drawHoldId('request-2'));
  });

  test('differs between processes cloned with their random generators, by the monotonic clock', () => {
    const clock = new VirtualTime().clock();

    expect(clone(clock).drawHoldId('request-1')).not.toBe(
      clone({ ...clock, monotonicMs: () => clock.monotonicMs() + 0.001 }).drawHoldId('request-1'),
    );
  });

  test('differs by the random bytes', () => {
    const clock = new VirtualTime().clock();
    const manager = new LockManager(clock, { bytes: (count) => new Uint8Array(count).fill(8), fraction: () => 0.5 });

    expect(manager.drawHoldId('request-1')).not.toBe(clone(clock).drawHoldId('request-1'));
  });
});

describe('what watches', () => {
  test('is called when elapsed time ran ahead of its timers, until it watches no more', async () => {
    const time = new VirtualTime();
    const clock = time.clock();
    let stoodStillMs = 0;
    const manager = clone({ ...clock, monotonicMs: () => clock.monotonicMs() - stoodStillMs });
    const called: number[] = [];
    const callback = (): void => void called.push(time.nowMs);
    manager.watch(callback);

    await time.run(1000);
    expect(called).toEqual([]);
    stoodStillMs += 3000;
    await time.run(5000);
    stoodStillMs += 60;
    await time.run(6000);
    expect(called).toEqual([1200, 5200]);
    manager.unwatch(callback);
    stoodStillMs += 3000;
    await time.run(9000);
    expect(called).toHaveLength(2);
  });

  test('is called in a process that had run for long before it had its first lock', async () => {
    const time = new VirtualTime();
    const clock = time.clock();
    let stoodStillMs = 0;
    await time.run(60_000);
    const manager = clone({ ...clock, monotonicMs: () => clock.monotonicMs() - stoodStillMs });
    const called: number[] = [];
    manager.watch(() => called.push(time.nowMs));
    await time.run(60_500);
    stoodStillMs += 3000;
    await time.run(61_000);

    expect(called).toEqual([60_600]);
  });

  test('is not called for the grain of the wall clock, as long as its timers are in time', async () => {
    const time = new VirtualTime();
    const clock = time.clock();
    const manager = clone({
      ...clock,
      monotonicMs: () => clock.monotonicMs() * 1.0003,
      wallMs: () => Math.floor(clock.wallMs()),
    });
    const called: number[] = [];
    manager.watch(() => called.push(manager.elapsedMs() - manager.clock.monotonicMs()));
    await time.run(10_000.5);

    expect(called).toEqual([]);
  });

  test('lets a freeze be seen after the wall clock was set back', async () => {
    const time = new VirtualTime();
    const clock = time.clock();
    let wallOffMs = 0;
    const manager = clone({ ...clock, wallMs: () => clock.wallMs() + wallOffMs });
    manager.watch(() => {});
    wallOffMs -= 60_000;
    await time.run(500);

    // Frozen for 30 s, with the monotonic clock stopped; the wall clock has not caught up with its former reading.
    wallOffMs += 30_000;

    expect(manager.elapsedMs()).toBe(30_500);
  });
});

test('an id that was given up is remembered, and no other', () => {
  const manager = clone();
  manager.abandon('one');

  expect(manager.isAbandoned('one')).toBe(true);
  expect(manager.isAbandoned('other')).toBe(false);
});

test('two connections have a corrected clock each', () => {
  const manager = clone();
  const connection = {};

  expect(manager.serverClock(connection)).toBe(manager.serverClock(connection));
  expect(manager.serverClock(connection)).not.toBe(manager.serverClock({}));
});
