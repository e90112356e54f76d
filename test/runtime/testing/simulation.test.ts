import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemClock } from '../../../runtime/core/clock.js';
import { LockLostError, LockNotGrantedError, LockOptionError } from '../../../runtime/errors.js';
import { stickyLock } from '../../../runtime/lambda/sticky-lock.js';
import { MemoryStore } from '../../../runtime/store/memory-store.js';
import { Faults } from '../../../runtime/testing/fault.js';
import { FaultyStore } from '../../../runtime/testing/faulty-store.js';
import { createTestLocks } from '../../../runtime/testing/index.js';

const logger = { warn: () => {}, debug: () => {} };
const virtual = () => createTestLocks({ time: 'virtual', logger });

describe('held by another', () => {
  test('nobody else is granted it, and the outcome says who holds', async () => {
    const locks = virtual();
    await locks.simulate.heldByOther('a', { hostIdentifier: 'billing-7', leaseSeconds: 20 });

    expect(locks.holderOf('a')).toBe('billing-7');
    expect(await locks.tryWithLock('a', () => 1)).toEqual({
      acquired: false,
      holder: expect.objectContaining({ hostIdentifier: 'billing-7', leaseSeconds: 20 }),
    });
    const refused = locks.time.until(locks.withLock('a', { waitSeconds: 60 }, () => 1));
    await expect(refused).rejects.toThrow(LockNotGrantedError);
    // It lives: its lease was refreshed for a minute, though it lasts for 20 s.
    expect(locks.time.now()).toEqual(new Date('2026-01-01T00:01:00Z'));
    expect(locks.holderOf('a')).toBe('billing-7');
  });

  test('once it releases, whoever waits is granted it', async () => {
    const locks = virtual();
    const other = await locks.simulate.heldByOther('a');
    const waited = locks.withLock('a', () => locks.holderOf('a'));
    await locks.time.advance(5);
    expect(locks.holderOf('a')).toBe('another-process');

    await other.release();

    expect(await locks.time.until(waited, { limitSeconds: 1 })).not.toBe('another-process');
    expect(locks.holderOf('a')).toBeUndefined();
  });

  test('once it has crashed, lease and tolerance have to pass first', async () => {
    const locks = virtual();
    const other = await locks.simulate.heldByOther('a', { leaseSeconds: 10 });
    other.crash();

    await locks.time.advance(9.5);
    expect(await locks.createLock('a').tryAcquire()).toBeUndefined();
    await locks.time.advance(5);
    expect(await locks.createLock('a').tryAcquire()).toMatchObject({ isHeld: true });
  });

  test('a crashed holder does not release', async () => {
    const locks = virtual();
    const other = await locks.simulate.heldByOther('a');
    other.crash();

    await other.release();

    expect(locks.holderOf('a')).toBe('another-process');
  });

  test('it can hand the lock over', async () => {
    const locks = virtual();
    const text = await (await locks.simulate.heldByOther('a')).serialize();

    const held = await locks.deserializeLock(text);

    await locks.time.advance(60);
    expect(held.isHeld).toBe(true);
    await expect(locks.deserializeLock(text)).rejects.toMatchObject({ reason: 'stale-hand-over' });
  });

  test('it cannot take a held lock', async () => {
    const locks = virtual();
    await locks.createLock('a').acquire();

    await expect(locks.simulate.heldByOther('a')).rejects.toThrow(LockNotGrantedError);
  });
});

describe('a loss', () => {
  test.each(['taken', 'gone', 'deadline'] as const)('%s: the holder knows, and the lock is free', async (reason) => {
    const locks = virtual();
    const [held, bystander] = [await locks.createLock('a').acquire(), await locks.createLock('b').acquire()];
    await locks.time.advance(3);

    await locks.simulate.lose(held, reason);

    expect(held.isHeld).toBe(false);
    expect(held.signal.reason).toBeInstanceOf(LockLostError);
    expect(held.signal.reason).toMatchObject({ reason, lockName: 'a' });
    expect(bystander.isHeld).toBe(true);
    if (reason === 'deadline') await held.release();
    expect(locks.holderOf('a')).toBeUndefined();
    await locks.time.advance(60);
    expect(bystander.isHeld).toBe(true);
  });

  test('while withLock runs, it withholds the result', async () => {
    const locks = virtual();
    const done = locks.withLock('a', async (held) => {
      await locks.simulate.lose(held, 'deadline');
      return 'too late';
    });

    await expect(locks.time.until(done)).rejects.toMatchObject({ reason: 'deadline', result: 'too late' });
  });

  test.each(['taken', 'gone', 'deadline'] as const)('by name: %s', async (reason) => {
    const locks = virtual();
    const done = locks.withLock('a', async ({ signal }) => {
      await locks.simulate.lose('a', reason);
      return signal.aborted;
    });

    const outcome = locks.time.until(done);

    await expect(outcome).rejects.toMatchObject({ name: 'LockLostError', reason, result: true });
    expect(locks.holderOf('a')).toBeUndefined();
  });

  test('is refused if the code under test does not hold the lock, or releases it meanwhile', async () => {
    const locks = virtual();
    await locks.simulate.heldByOther('a');
    await expect(locks.simulate.lose('a')).rejects.toThrow(/lose takes a lock that the code under test holds; "a" is/);
    await expect(locks.simulate.lose('b')).rejects.toThrow(LockOptionError);

    const done = locks.withLock('c', () => locks.time.sleep(1));
    await locks.time.advance(0.5);
    await expect(locks.simulate.lose('c')).rejects.toThrow(/"c" was released before its holder could lose it/);
    await done;
  });

  describe.each(['taken', 'gone'] as const)('%s, of a lock that nothing refreshes', (reason) => {
    const refusal = /nothing refreshes "a" now, .* give lose the hold itself, or the reason deadline$/;

    test('between two uses of a sticky lock: is refused, and it stays held', async () => {
      const locks = virtual();
      const leader = stickyLock('a', { factory: locks, leaseSeconds: 60 });
      await locks.time.until(leader.use(undefined, () => {}));
      await locks.time.advance(50);

      await expect(locks.simulate.lose('a', reason)).rejects.toThrow(refusal);

      expect(locks.time.now()).toEqual(new Date('2026-01-01T00:00:50Z'));
      expect(leader.isHeld).toBe(true);
      expect(await locks.time.until(leader.use(undefined, ({ isHeld }) => isHeld))).toBe(true);
    });

    test('held for a whole invocation: is refused by name, but not with the hold', async () => {
      const locks = virtual();
      const lock = locks.createLock('a', { leaseSeconds: 'invocation' });
      const held = await lock.acquire({ context: locks.invocation(20) });

      await expect(locks.simulate.lose('a', reason)).rejects.toThrow(refusal);
      expect(held.isHeld).toBe(true);
      await locks.simulate.lose(held, reason);

      expect(held.signal.reason).toMatchObject({ reason });
      expect(locks.holderOf('a')).toBeUndefined();
    });
  });

  test('during an outage, the requested loss is the one that happens', async () => {
    const locks = virtual();
    const held = await locks.createLock('a').acquire();
    locks.simulate.outage();

    await locks.simulate.lose(held, 'gone');

    expect(held.signal.reason).toMatchObject({ reason: 'gone' });
  });

  test('is refused for a hold that is over, and for one of other test locks', async () => {
    const [locks, others] = [virtual(), virtual()];
    const foreign = await others.createLock('a').acquire();
    await locks.simulate.heldByOther('a');
    await expect(locks.simulate.lose(foreign)).rejects.toThrow(LockOptionError);
    expect(locks.holderOf('a')).toBe('another-process');
    expect(foreign.isHeld).toBe(true);

    await foreign.release();
    await expect(others.simulate.lose(foreign)).rejects.toMatchObject({ reason: 'released' });
  });

  test('in real time', async () => {
    const locks = createTestLocks({ logger, leaseSeconds: 1 });
    const held = await locks.createLock('a').acquire();

    await locks.simulate.lose(held, 'deadline');

    expect(held.signal.reason).toMatchObject({ reason: 'deadline' });
  });
});

describe('a fault', () => {
  test('an outage: nothing is granted, and the error says why; what is held is lost at its deadline', async () => {
    const locks = virtual();
    const held = await locks.createLock('a').acquire();
    const outage = locks.simulate.outage();

    const refused = locks.time.until(locks.createLock('b', { waitSeconds: 20 }).acquire());

    await expect(refused).rejects.toMatchObject({
      name: 'LockUnavailableError',
      cause: expect.objectContaining({ message: expect.stringContaining('ECONNREFUSED') }),
    });
    expect(held.signal.reason).toMatchObject({ reason: 'deadline' });
    expect(outage.met).toBeGreaterThan(5);
    outage.end();
    expect(await locks.createLock('b').tryAcquire()).toBeDefined();
  });

  test('throttling that ends in time ends no hold', async () => {
    const locks = virtual();
    const held = await locks.createLock('a').acquire();
    const fault = locks.simulate.throttle({ times: 3, only: ['refresh'] });

    await locks.time.advance(60);

    expect(fault.met).toBe(3);
    expect(held.isHeld).toBe(true);
  });

  test('a lost answer costs nothing but another request', async () => {
    const locks = virtual();
    const fault = locks.simulate.loseAnswers({ times: 1 });

    const held = await locks.time.until(locks.createLock('a').acquire(), { limitSeconds: 1 });

    expect(fault.met).toBe(1);
    expect(held.isHeld).toBe(true);
  });

  test('slow answers: an acquire takes that long', async () => {
    const locks = virtual();
    locks.simulate.slow(2);
    const acquired = locks.createLock('a').acquire();
    let isAcquired = false;
    void acquired.then(() => {
      isAcquired = true;
    });

    await locks.time.advance(1.9);
    expect(isAcquired).toBe(false);
    // It has arrived, though nobody has heard of it yet.
    expect(locks.holderOf('a')).toBeDefined();
    await locks.time.advance(0.2);
    expect(isAcquired).toBe(true);
  });

  test('it ends after `forSeconds`, and meets only the requests in `only`', async () => {
    const locks = virtual();
    const fault = locks.simulate.throttle({ forSeconds: 2, only: ['acquire'] });
    const held = await locks.time.until(locks.createLock('a').acquire());
    expect(locks.time.now().getTime() - Date.UTC(2026, 0, 1)).toBeGreaterThanOrEqual(2000);
    expect(fault.met).toBeGreaterThan(1);
    const { met } = fault;

    await held.release();
    await locks.createLock('a').acquire();

    expect(fault.met).toBe(met);
  });

  test('it meets only the requests that it is for', async () => {
    const locks = virtual();
    const fault = locks.simulate.throttle({ only: ['release', 'read'] });
    const held = await locks.createLock('a').acquire();
    await locks.time.advance(20);
    expect(fault.met).toBe(0);

    await expect(locks.time.until(held.release())).rejects.toThrow(/the release was not confirmed/);
    expect(fault.met).toBeGreaterThan(0);
  });

  describe('is met once by a request, even if it is about many locks', () => {
    /** Ten permits, all of them taken. */
    const full = async () => {
      const locks = virtual();
      for (let index = 0; index < 10; index += 1) await locks.simulate.heldByOther(`imports#${index}`);
      return { locks, imports: locks.createSemaphore('imports', { permits: 10 }) };
    };

    test('a slow poll of ten permits takes as long as one of a single lock', async () => {
      const { locks, imports } = await full();
      const fault = locks.simulate.slow(0.1, { only: ['read'] });
      const start = locks.time.now().getTime();

      expect(await locks.time.until(imports.tryAcquire())).toBeUndefined();
      expect(fault.met).toBe(1);
      expect(locks.time.now().getTime() - start).toBe(100);
    });

    test.each(['throttled', 'slow'] as const)('one read of ten locks, %s, counts once in `times`', async (kind) => {
      const faults = new Faults(() => 0);
      const store = new FaultyStore(new MemoryStore('locks', () => 0), faults, systemClock);
      const ofAll = faults.add({ kind, seconds: 0 }, { times: 5 });
      const ofOne = faults.add({ kind, seconds: 0 }, { lockKey: 'imports#7' });
      const names = Array.from({ length: 10 }, (_, index) => `imports#${index}`);
      const met: (readonly [number, number])[] = [];
      for (let reads = 0; reads < 7; reads += 1) {
        await store.readMany(names, 'strong', new AbortController().signal).catch(() => {});
        met.push([ofAll.met, ofOne.met]);
      }

      expect(met).toEqual([...[1, 2, 3, 4, 5].map((count) => [count, 0]), [5, 1], [5, 2]]);
    });

    test('a list names no lock, so the loss of a lock does not spare it', async () => {
      const locks = virtual();
      const held = await locks.createLock('a').acquire();
      const fault = locks.simulate.slow(1, { only: ['read'] });
      const lost = locks.simulate.lose('a');
      const listed = locks.list({ prefix: 'a' }).next();
      await locks.time.until(Promise.all([lost, listed]));

      expect(fault.met).toBe(1);
      expect(held.isHeld).toBe(false);
    });
  });

  test('losses at the same time do not disturb each other', async () => {
    const locks = virtual();
    const [one, other] = [await locks.createLock('a').acquire(), await locks.createLock('b').acquire()];
    locks.simulate.outage({ only: ['refresh'] });

    await locks.time.until(Promise.all([locks.simulate.lose('a'), locks.simulate.lose('b')]));

    expect([one.signal.reason, other.signal.reason]).toMatchObject([{ reason: 'taken' }, { reason: 'taken' }]);
  });

  test('a disposed fault meets nothing', async () => {
    const locks = virtual();
    const fault = locks.simulate.outage();

    fault[Symbol.dispose]();

    await locks.createLock('a').acquire();
    expect(fault.met).toBe(0);
  });

  test('it does not meet another process', async () => {
    const locks = virtual();
    locks.simulate.outage();
    await locks.simulate.heldByOther('a');

    await locks.time.advance(60);

    expect(locks.holderOf('a')).toBe('another-process');
  });
});

test.each<[string, () => unknown, RegExp]>([
  ['times', () => virtual().simulate.throttle({ times: 0 }), /times is a whole number of requests, at least 1, got 0/],
  ['forSeconds', () => virtual().simulate.outage({ forSeconds: -1 }), /forSeconds is a number of seconds.*-1/],
  ['only', () => virtual().simulate.throttle({ only: ['write' as never] }), /only is a list of acquire, adopt/],
  ['an unknown option', () => virtual().simulate.throttle({ time: 1 } as object), /throttle knows no option "time"/],
  ['seconds', () => virtual().simulate.slow(Infinity), /seconds is a number of seconds.*Infinity/],
])('a fault refuses bad %s by name', (_, make, message) => {
  expect(make).toThrow(LockOptionError);
  expect(make).toThrow(message);
});

test.each<[string, () => Promise<unknown>, RegExp]>([
  ['options', () => virtual().simulate.heldByOther('a', { lease: 1 } as object), /heldByOther knows no option "lease"/],
  ['a lease', () => virtual().simulate.heldByOther('a', { leaseSeconds: 0.5 }), /leaseSeconds is a whole number.*0\.5/],
  ['a host', () => virtual().simulate.heldByOther('a', { hostIdentifier: '' }), /hostIdentifier is a text/],
  [
    'a reason',
    async () => {
      const locks = virtual();
      await locks.simulate.lose(await locks.createLock('a').acquire(), 'stolen' as never);
    },
    /the reason taken, gone or deadline, got "stolen"/,
  ],
])('a simulation refuses bad %s by name', async (_, act, message) => {
  await expect(act()).rejects.toThrow(LockOptionError);
  await expect(act()).rejects.toThrow(message);
});

test('a slow request keeps the process alive, like a connection', async () => {
  const code = `
    import { createTestLocks } from './runtime/testing/index.js';
    const locks = createTestLocks();
    const held = await locks.createLock('a').acquire();
    locks.simulate.slow(0.2, { only: ['refresh'] });
    await held.refresh();
    process.exit(7);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], { stdio: 'ignore' });

  expect(await once(child, 'exit')).toEqual([7, null]);
});
