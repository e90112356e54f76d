import { getEventListeners, getMaxListeners } from 'node:events';
import fc from 'fast-check';
import type { LockFactory } from '../../../runtime/client/lock-factory.js';
import {
  LockLostError,
  LockNotGrantedError,
  LockReentrancyError,
  LockUnavailableError,
} from '../../../runtime/errors.js';
import type { HeldLocks } from '../../../runtime/recipes/multi-lock.js';
import { LightAbortController, LightAbortSignal } from '../../sim/process/light-abort.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let factory: LockFactory;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  factory = us.factory();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const entries = (): string[] => [...setting.table.items.keys()];

test('all are held while the work runs, and none afterwards', async () => {
  const value = await until(
    factory.withLocks(['b', 'a', 'c'], async (held) => {
      expect(entries()).toEqual(['a', 'b', 'c']);
      expect(held.locks.map(({ name }) => name)).toEqual(['b', 'a', 'c']);
      expect(held).toMatchObject({ isHeld: true });
      expect(held.remainingSeconds).toBeCloseTo(Math.min(...held.locks.map((lock) => lock.remainingSeconds)), 5);
      held.assertHeld({ forSeconds: 9 });
      expect(() => held.assertHeld({ forSeconds: 11 })).toThrow(LockLostError);
      await setting.time.sleep(30_000);
      held.assertHeld();
      return 'done';
    }),
  );

  expect(value).toBe('done');
  expect(entries()).toEqual([]);
  expect(us.store.operations().filter((operation) => operation === 'refresh').length).toBeGreaterThanOrEqual(15);
});

test('uncontended, each costs two writes', async () => {
  await until(factory.withLocks(['a', 'b', 'c'], () => {}));

  const operations = us.store.operations();
  expect(operations).toEqual(['acquire', 'acquire', 'acquire', 'release', 'release', 'release']);
});

describe('a hundred of them', () => {
  const names = Array.from({ length: 100 }, (_, index) => `${index}`);

  test('are no leak of listeners, of which Node would warn', async () => {
    await until(
      factory.withLocks(names, ({ signal }) => {
        expect(getEventListeners(signal, 'abort').length).toBe(1);
        expect(getMaxListeners(signal)).toBe(Infinity);
      }),
    );
  });

  test('are held where signals are not those of Node, too', async () => {
    const nodes = { AbortController, AbortSignal };
    Object.assign(globalThis, { AbortController: LightAbortController, AbortSignal: LightAbortSignal });
    try {
      expect(await until(factory.withLocks(names, ({ isHeld }) => isHeld))).toBe(true);
    } finally {
      Object.assign(globalThis, nodes);
    }
  });
});

test('they are taken in the order of their UTF-8 bytes, whatever the order asked for', async () => {
  await until(factory.withLocks(['😀', '｡', 'é', 'a/2', 'a/10', 'Z'], () => {}));

  const taken = us.store.sent
    .filter(({ operation }) => operation === 'acquire')
    .flatMap(({ lockKeys = [] }) => lockKeys);
  expect(taken).toEqual(['Z', 'a/10', 'a/2', 'é', '｡', '😀']);
});

describe('where one of them is held by another', () => {
  test('it is waited for, and only such as come before it are held meanwhile', async () => {
    setting.putEntry('b', { version: PYTHONS_VERSION });
    const waiting = watched(factory.withLocks(['c', 'b', 'a'], () => 'done'));
    await pass(3000);
    expect(entries().sort((one, other) => one.localeCompare(other))).toEqual(['a', 'b']);
    expect(setting.ownVersionOf('b')).toBeUndefined();

    setting.table.items.delete('b');
    await pass(500);

    expect(waiting).toMatchObject({ state: 'resolved', value: 'done' });
  });

  test('beyond the time limit, which is for all, none is left held, and the error says which', async () => {
    setting.putEntry('b', { version: PYTHONS_VERSION, leaseSeconds: 60 });
    setting.putEntry('a', { version: setting.versionDrawn(), leaseSeconds: 60 });
    const work = jest.fn();
    const waiting = errorOf(factory.withLocks(['a', 'b', 'c'], { waitSeconds: 4 }, work));
    await pass(3000);
    setting.table.items.delete('a');

    const error = await until(waiting);

    expect(setting.time.nowMs).toBeLessThan(4100);
    expect(error).toBeInstanceOf(LockNotGrantedError);
    expect(error).toMatchObject({ lockName: 'b', tableName: 'locks', holder: { hostIdentifier: 'somebody' } });
    expect(String(error)).toContain('lock "b" in table "locks" was not granted');
    expect(String(error)).toContain('(all 3 locks were requested, or none; released again: 1)');
    expect(work).not.toHaveBeenCalled();
    expect(entries()).toEqual(['b']);
  });

  test('waitSeconds 0 asks once for each', async () => {
    setting.putEntry('b', { version: PYTHONS_VERSION });

    const error = await until(errorOf(factory.withLocks(['a', 'b', 'c'], { waitSeconds: 0 }, () => {})));

    expect(error).toMatchObject({ name: 'LockNotGrantedError', lockName: 'b' });
    expect(us.store.operations()).toEqual(['acquire', 'acquire', 'release']);
  });

  test('an invocation’s last second is left alone', async () => {
    setting.putEntry('b', { version: PYTHONS_VERSION });
    const context = { getRemainingTimeInMillis: () => 3000 - setting.time.nowMs };

    expect(await until(errorOf(factory.withLocks(['a', 'b'], { context }, () => {})))).toMatchObject({ lockName: 'b' });

    expect(setting.time.nowMs).toBeLessThan(2100);
    expect(entries()).toEqual(['b']);
  });
});

describe('the loss of one', () => {
  test('aborts all, and the work’s value is in the error', async () => {
    us.store.fate = ({ operation, lockKeys = [] }) => (operation === 'refresh' && lockKeys[0] === 'b' ? 'reset' : {});
    let seen: HeldLocks | undefined;
    const error = await until(
      errorOf(
        factory.withLocks(['a', 'b', 'c'], async (held) => {
          seen = held;
          await setting.time.sleep(11_000);
          expect(held.isHeld).toBe(false);
          expect(held.remainingSeconds).toBe(0);
          expect(held.signal.reason).toMatchObject({ name: 'LockLostError', lockName: 'b', reason: 'deadline' });
          for (const lock of held.locks) expect(lock.signal.reason).toBe(held.signal.reason);
          expect(() => held.assertHeld()).toThrow(held.signal.reason);
          return 'too late';
        }),
      ),
    );

    expect(seen).toBeDefined();
    expect(error).toMatchObject({ name: 'LockLostError', lockName: 'b', result: 'too late' });
    expect(entries()).toEqual([]);
  });

  test('while another is waited for: all are given back, and nothing was granted', async () => {
    setting.putEntry('b', { version: PYTHONS_VERSION, leaseSeconds: 60 });
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});
    const error = await until(errorOf(factory.withLocks(['a', 'b'], () => {})));

    expect(error).toBeInstanceOf(LockUnavailableError);
    expect(error).toMatchObject({ lockName: 'a', cause: { name: 'LockLostError', reason: 'deadline' } });
    await pass(1000);
    expect(entries()).toEqual(['b']);
  });

  test('noticed by asking, where no timer could run', async () => {
    const error = await until(
      errorOf(
        factory.withLocks(['a', 'b'], (held) => {
          us.block(20_000);
          expect(held.signal.aborted).toBe(true);
          expect(held.isHeld).toBe(false);
        }),
      ),
    );

    expect(error).toMatchObject({ name: 'LockLostError', reason: 'deadline' });
  });
});

describe('cancelling', () => {
  test('while waiting rejects with the signal’s reason, and gives all back', async () => {
    setting.putEntry('b', { version: PYTHONS_VERSION, leaseSeconds: 60 });
    const controller = new AbortController();
    const waiting = errorOf(factory.withLocks(['a', 'b'], { signal: controller.signal }, () => {}));
    await pass(1000);
    // Even one that looks like a loss of ours: it is the caller's own.
    const reason = new LockLostError('of an outer lock', { reason: 'deadline' });
    controller.abort(reason);

    expect(await until(waiting)).toBe(reason);
    await pass(1000);
    expect(entries()).toEqual(['b']);
  });

  test('while the work runs aborts its signal', async () => {
    const controller = new AbortController();
    const done = until(
      factory.withLocks(['a', 'b'], { signal: controller.signal }, async (held) => {
        controller.abort('enough');
        expect(held.signal.reason).toBe('enough');
        expect(held.isHeld).toBe(true);
        return 'cleaned up';
      }),
    );
    expect(await done).toBe('cleaned up');
    expect(entries()).toEqual([]);
  });

  test('beforehand sends nothing', async () => {
    const signal = AbortSignal.abort('never');
    expect(await until(errorOf(factory.withLocks(['a'], { signal }, () => {})))).toBe('never');
    expect(us.store.sent).toEqual([]);
  });
});

test('what the work throws wins, and all are given back', async () => {
  const error = new Error('of the work');
  expect(await until(errorOf(factory.withLocks(['a', 'b'], () => Promise.reject(error))))).toBe(error);
  expect(entries()).toEqual([]);
});

test('a lost answer is no lost lock', async () => {
  us.store.next('acquire', 'drop-answer', 'drop-answer');
  expect(await until(factory.withLocks(['a', 'b'], () => entries()))).toEqual(['a', 'b']);
  expect(entries()).toEqual([]);
});

describe('asking again for one of them inside', () => {
  test.each([
    ['withLocks', () => factory.withLocks(['0', 'b'], () => {})],
    ['withLock', () => factory.withLock('b', () => {})],
    ['tryAcquire', () => factory.createLock('b').tryAcquire()],
  ])('by %s is refused at once, and takes nothing', async (_, ask) => {
    await until(
      factory.withLocks(['a', 'b'], async () => {
        expect(await errorOf(ask())).toBeInstanceOf(LockReentrancyError);
        expect(entries()).toEqual(['a', 'b']);
      }),
    );
    expect(us.store.operations()).toEqual(['acquire', 'acquire', 'release', 'release']);
  });

  test('so is asking for them inside withLock of one', async () => {
    await until(
      factory.withLock('b', async () => {
        expect(await errorOf(factory.withLocks(['a', 'b'], () => {}))).toMatchObject({ lockName: 'b' });
        expect(entries()).toEqual(['b']);
      }),
    );
  });
});

test('callers that want overlapping locks, in any order, in any number of processes, all get them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          process: fc.integer({ min: 0, max: 2 }),
          names: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 }),
          holdMs: fc.integer({ min: 0, max: 400 }),
        }),
        { minLength: 2, maxLength: 12 },
      ),
      async (callers) => {
        const world = new Setting();
        const factories = [0, 1, 2].map(() => world.process().factory({ waitSeconds: 3000 }));
        const holder = new Map<string, number>();
        const all = callers.map(({ process, names, holdMs }, caller) =>
          (factories[process] as LockFactory).withLocks(names, async () => {
            for (const name of names) {
              expect(holder.has(name)).toBe(false);
              holder.set(name, caller);
            }
            await world.time.sleep(holdMs);
            for (const name of names) holder.delete(name);
          }),
        );
        await world.time.until(Promise.all(all));
        expect(world.table.items.size).toBe(0);
      },
    ),
    { numRuns: 40 },
  );
});

test('beside those who want one lock only, they wait and are waited for', async () => {
  const order: string[] = [];
  const note = (what: string) => async (): Promise<void> => {
    order.push(what);
    await setting.time.sleep(100);
  };
  const b = factory.withLock('b', note('b'));
  const both = factory.withLocks(['b', 'a'], note('both'));
  await pass(50);
  const a = factory.withLock('a', note('a'));
  await until(Promise.all([a, b, both]));

  expect(order).toEqual(['b', 'both', 'a']);
});
