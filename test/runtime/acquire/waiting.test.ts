import type { Lock } from '../../../runtime/acquire/lock.js';
import { LockNotGrantedError } from '../../../runtime/errors.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { StickyLock } from '../../../runtime/recipes/sticky-lock.js';
import { EPOCH_MS, errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

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

describe('a free lock', () => {
  test('is had with one write, and given back with one', async () => {
    const held = await until(lock.acquire());
    await until(held.release());

    expect(us.store.operations()).toEqual(['acquire', 'release']);
  });

  test('costs nothing to name', () => {
    us.factory().createLock('b');

    expect(us.store.sent).toEqual([]);
  });

  test('has an entry that TTL may delete a day after the lease', async () => {
    await until(lock.acquire());

    expect(us.store.sent[0]).toMatchObject({ expiresAtSeconds: EPOCH_MS / 1000 + 10 + 86_400 });
  });
});

describe('a lock that another process holds', () => {
  test('is refused without a cause: that the wait ended before a look was answered is no failure', async () => {
    setting.putEntry('a', { version: setting.versionDrawn(), leaseSeconds: 600 });
    setting.putEntry('api#0', { version: setting.versionDrawn(), leaseSeconds: 600 });
    us.store.fate = () => ({ answerMs: 300.5 });
    us.hasCoarseTimers = true;
    const permit = us.factory().createSemaphore('api', { permits: 1 });
    for (let waitSeconds = 1; waitSeconds < 2; waitSeconds += 0.1) {
      for (const refused of [lock.acquire({ waitSeconds }), permit.acquire({ waitSeconds })]) {
        const error = (await until(errorOf(refused))) as LockNotGrantedError;
        expect(error.message).toContain('held by');
        expect(error.cause).toBeUndefined();
      }
    }
  });

  test('is refused with a cause where it did not answer for a second before the end of the wait', async () => {
    setting.putEntry('a', { version: setting.versionDrawn(), leaseSeconds: 600 });
    const refused = errorOf(lock.acquire({ waitSeconds: 4 }));
    await pass(1000);
    us.store.fate = () => 'silence';

    expect(await until(refused)).toMatchObject({ cause: { message: expect.stringMatching(/^no answer/) } });
  });

  test('costs a try one request, which tells who holds it', async () => {
    await until(setting.process().factory().createLock('a').acquire());

    expect(await until(us.factory().tryWithLock('a', () => {}))).toMatchObject({
      acquired: false,
      holder: { hostIdentifier: 'process-2', leaseSeconds: 10 },
    });
    expect(us.store.operations()).toEqual(['acquire']);
  });

  test('is had soon after its release', async () => {
    const theirs = await until(setting.process().factory().createLock('a').acquire());
    const waiting = lock.acquire();
    await pass(5000);
    await until(theirs.release());
    const releasedMs = setting.time.nowMs;

    const held = await until(waiting);

    expect(held.isHeld).toBe(true);
    expect(setting.time.nowMs - releasedMs).toBeLessThan(200);
  });

  test('is waited for with looks, after sleeps of 20 ms that grow by 1.5 to 170 ms', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });
    watched(lock.acquire());
    await pass(1500);

    const { sent } = us.store;
    expect(us.store.operations().slice(0, 3)).toEqual(['acquire', 'read', 'read']);
    expect(us.store.operations().slice(1)).not.toContain('acquire');
    const sleeps = sent.slice(1).map(({ atMs }, index) => atMs - (sent[index]?.atMs ?? 0) - 10);
    expect(sleeps.slice(0, 8).map((ms) => Math.round(ms))).toEqual([20, 30, 45, 68, 101, 152, 170, 170]);
  });

  test('is asked for no later than the moment at which the entry seen can expire', async () => {
    setting.putEntry('a', { version: setting.versionDrawn(0, false), leaseSeconds: 2 });

    await until(lock.acquire());

    // It was first seen with the answer, at 10 ms.
    expect(us.store.sent.at(-1)).toMatchObject({ operation: 'acquire', atMs: 2010 });
  });

  test('is not granted after waitSeconds: the error names lock, table, holder, and how long it may last', async () => {
    await until(setting.process().factory({ leaseSeconds: 20 }).createLock('a').acquire());
    const startMs = setting.time.nowMs;

    const error = await until(errorOf(lock.acquire({ waitSeconds: 1.5 })));

    expect(error).toBeInstanceOf(LockNotGrantedError);
    expect(error).toMatchObject({
      lockName: 'a',
      tableName: 'locks',
      holder: { hostIdentifier: 'process-2', leaseSeconds: 20 },
    });
    expect(String(error)).toMatch(
      /lock "a" in table "locks" was not granted within 1\.5 s: held by process-2 \(lease 20 s, about 1\d(\.\d)? s left/,
    );
    expect(setting.time.nowMs - startMs).toBe(1500);
  });

  test('is asked for once where waitSeconds is 0', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });

    const error = await until(errorOf(lock.acquire({ waitSeconds: 0 })));

    expect(error).toMatchObject({ name: 'LockNotGrantedError', holder: { hostIdentifier: 'somebody' } });
    expect(String(error)).toContain('was not granted at once');
    expect(us.store.operations()).toEqual(['acquire']);
  });

  test('is waited for 30 s by default, or as the factory or the lock says', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 3600 });
    const factory = us.factory({ waitSeconds: 3 });
    const took = async (asked: Lock): Promise<number> => {
      const startMs = setting.time.nowMs;
      await until(errorOf(asked.acquire()));
      return (setting.time.nowMs - startMs) / 1000;
    };

    expect(await took(lock)).toBe(30);
    expect(await took(factory.createLock('a'))).toBe(3);
    expect(await took(factory.createLock('a', { waitSeconds: 2 }))).toBe(2);
  });

  test('is waited for without a limit where waitSeconds is Infinity', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 80_000 });
    const waiting = watched(lock.acquire({ waitSeconds: Infinity }));
    await pass(20_000);
    expect(waiting.state).toBe('pending');

    setting.table.items.clear();
    await pass(1000);

    expect(waiting).toMatchObject({ state: 'resolved' });
  });

  test('is given up after a freeze where its invocation is over: that is counted by both clocks', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 3600 });
    const context = { getRemainingTimeInMillis: () => 31_000 - setting.time.nowMs };
    const waiting = watched(lock.acquire({ waitSeconds: 60, context }));
    await pass(1000);

    us.freeze(29_500);
    await pass(200);

    expect(waiting).toMatchObject({ state: 'rejected', error: { name: 'LockNotGrantedError' } });
  });
});

describe('the caller’s signal', () => {
  test.each(['acquire', 'tryAcquire'] as const)(
    'aborted before, it rejects %s with its reason, without a request',
    async (way) => {
      expect(await until(errorOf(lock[way]({ signal: AbortSignal.abort('too late') })))).toBe('too late');
      expect(us.store.sent).toEqual([]);
    },
  );

  test.each(['acquire', 'tryAcquire'] as const)('rejects %s with its reason as soon as it aborts', async (way) => {
    us.store.fate = () => 'silence';
    const controller = new AbortController();
    const asked = watched(lock[way]({ signal: controller.signal }));
    await pass(1000);
    expect(asked.state).toBe('pending');

    controller.abort('enough');
    await pass(0);

    expect(asked).toMatchObject({ state: 'rejected', error: 'enough' });
  });

  test('once held, aborts the hold’s signal with its reason, and does not release', async () => {
    const controller = new AbortController();
    const held = await until(lock.acquire({ signal: controller.signal }));
    const aborted = jest.fn();
    held.signal.addEventListener('abort', aborted);

    controller.abort('enough');

    expect(aborted).toHaveBeenCalledTimes(1);
    expect(held.signal.reason).toBe('enough');
    expect(held.isHeld).toBe(true);
  });

  test('leaves nothing of a wait behind: what was granted too late is given back', async () => {
    us.store.next('acquire', { requestMs: 1000, answerMs: 1000 });
    const controller = new AbortController();
    const asked = errorOf(lock.acquire({ signal: controller.signal }));
    await pass(500);
    controller.abort('enough');
    await until(asked);

    await pass(2000);

    expect(us.store.operations()).toEqual(['acquire', 'release']);
    expect(setting.table.items.size).toBe(0);
  });
});

describe('what stands there is no lock’s entry', () => {
  test.each(['acquire', 'tryAcquire'] as const)('%s rejects with it, and leaves it as it is', async (way) => {
    const item = { lockKey: { S: 'a' }, note: { S: 'an order' } };
    setting.table.items.set('a', item);

    expect(await until(errorOf(lock[way]()))).toMatchObject({
      name: 'LockEntryError',
      lockName: 'a',
      tableName: 'locks',
      attribute: 'leaseDuration',
    });
    expect(setting.table.items.get('a')).toBe(item);
  });

  test('a waiter who comes upon it rejects', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });
    const waiting = errorOf(lock.acquire());
    await pass(1000);
    setting.table.items.set('a', { lockKey: { S: 'a' } });

    expect(await until(waiting)).toMatchObject({ name: 'LockEntryError' });
  });
});

test('a table that shows the lock as free, and yet refuses the write, is not hammered', async () => {
  const refused = jest.fn(async () => {
    await setting.time.sleep(1);
    return { written: false, entry: undefined, dateMs: EPOCH_MS };
  });
  us.store.acquire = refused;

  await until(errorOf(lock.acquire({ waitSeconds: 5 })));

  expect(refused.mock.calls.length).toBeLessThan(60);
});

describe('pending work keeps the process alive, though it waits for nothing that Node.js counts', () => {
  const forLoss = ({ signal }: Pick<HeldLock, 'signal'>): Promise<unknown> =>
    new Promise((resolve) => signal.addEventListener('abort', resolve));
  const stop = new AbortController();
  const options = { signal: stop.signal };
  const factory = () => us.factory();

  test.each([
    { what: 'withLock', begin: () => factory().withLock('a', forLoss) },
    { what: 'withLock of a lock', begin: () => factory().createLock('a').withLock(options, forLoss) },
    { what: 'tryWithLock', begin: () => factory().tryWithLock('a', forLoss) },
    { what: 'withPermit', begin: () => factory().createSemaphore('a', { permits: 2 }).withPermit(forLoss) },
    { what: 'withLocks', begin: () => factory().withLocks(['a', 'b'], forLoss) },
    { what: 'singleFlight', begin: () => factory().singleFlight('a', { freshSeconds: 60 }, forLoss) },
    {
      what: 'a use of a sticky lock',
      begin: () => new StickyLock(() => factory().createLock('a'), {}).use(undefined, forLoss),
    },
  ])('$what', async ({ begin }) => {
    const working = watched(begin());
    await pass(20_000);
    expect(us.keptAliveBy.size).toBe(1);

    us.store.fate = () => 'reset';
    await pass(20_000);

    expect(working.state).not.toBe('pending');
    expect(us.keptAliveBy.size).toBe(0);
  });
});

test('a waiting acquire keeps the process alive, a hold does not', async () => {
  setting.putEntry('a', { version: PYTHONS_VERSION });
  const waiting = lock.acquire();
  for (let looks = 0; looks < 50; looks += 1) {
    await pass(73);
    expect(us.keptAliveBy.size).toBeGreaterThan(0);
  }
  setting.table.items.clear();

  const held = await until(waiting);

  for (let looks = 0; looks < 50; looks += 1) {
    await pass(473);
    expect(us.keptAliveBy.size).toBe(0);
  }
  expect(held.isHeld).toBe(true);
});

test('a kept, free entry is had with one write', async () => {
  setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 0 });

  await until(lock.acquire());

  expect(us.store.operations()).toEqual(['acquire']);
});

describe('a lock that many want', () => {
  /** Virtual time from the last look to the next. */
  const untilNextLook = async (): Promise<number> => {
    const { length } = us.store.sent;
    await setting.time.run(setting.time.nowMs + 60_000, () => us.store.sent.length > length + 1);
    const [before, after] = us.store.sent.slice(length);
    return (after?.atMs ?? 0) - (before?.atMs ?? 0) - 10;
  };
  const holder = (index: number): void => {
    setting.table.items.delete('a');
    setting.putEntry('a', {
      version: setting.versionDrawn(index).replace(/ee$/, String(10 + index)),
      leaseSeconds: 600,
    });
  };

  test('is looked at less often for each holder that passes by', async () => {
    holder(0);
    watched(lock.acquire({ waitSeconds: 600 }));
    await pass(2000);
    expect(await untilNextLook()).toBe(170);
    for (let index = 1; index <= 20; index += 1) {
      holder(index);
      await pass(500);
    }

    expect(await untilNextLook()).toBeGreaterThan(300);
  });

  test('is looked at again sooner by who has just seen it change hands', async () => {
    holder(0);
    watched(lock.acquire({ waitSeconds: 600 }));
    await pass(2000);
    expect(await untilNextLook()).toBe(170);
    // That look is answered by now.
    await pass(20);
    holder(1);

    // The look that sees the change makes the lock a little crowded, too.
    expect(await untilNextLook()).toBeCloseTo(50 * 1.05, 1);
    expect(await untilNextLook()).toBeGreaterThan(170);
  });

  test('is looked at less often after a race for it that was lost, and after throttled looks', async () => {
    holder(0);
    watched(lock.acquire({ waitSeconds: 600 }));
    await pass(2000);
    // It looks free; by the time of the write it is not.
    us.store.fate = ({ operation }) => {
      if (operation === 'acquire') holder(1);
      return {};
    };
    setting.table.items.delete('a');
    await pass(500);
    us.store.fate = () => ({});
    expect(us.store.operations().filter((operation) => operation === 'acquire').length).toBe(2);
    const afterRace = await untilNextLook();
    expect(afterRace).toBeGreaterThan(250);

    us.store.next('read', new Error('throttled'), new Error('throttled'), new Error('throttled'));
    await pass(2000);
    expect(await untilNextLook()).toBeGreaterThan(1.6 * afterRace);
  });

  test('is looked at as before after failures that say nothing of a crowd', async () => {
    holder(0);
    watched(lock.acquire({ waitSeconds: 600 }));
    us.store.next('read', new Error('reset'), new Error('reset'), new Error('reset'), new Error('reset'));
    await pass(4000);

    expect(await untilNextLook()).toBe(170);
  });

  test('is looked at once more before it is written over when its lease is over', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });
    const { rivals } = us.locks.sharedLock(await us.store.identify('a'), us.store.connection);
    for (let races = 0; races < 3; races += 1) rivals.backoff.lostRace(0);
    await until(lock.acquire({ waitSeconds: 600 }));

    expect(us.store.operations().slice(-2)).toEqual(['read', 'acquire']);
    expect(setting.time.nowMs).toBeGreaterThan(60_000);
  });
});
