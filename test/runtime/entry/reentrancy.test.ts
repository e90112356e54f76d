import { LockFactory } from '../../../runtime/client/lock-factory.js';
import { LockReentrancyError } from '../../../runtime/errors.js';
import { stickyLock } from '../../../runtime/lambda/sticky-lock.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import type { FactorySettings } from '../../../runtime/options/options.js';
import type { Semaphore } from '../../../runtime/recipes/semaphore.js';
import { MemoryStore } from '../../../runtime/store/memory-store.js';
import { ScriptedStore } from '../scripted-store.js';
import { errorOf, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let factory: LockFactory;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  factory = us.factory();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);

describe('inside withLock, asking for the same lock', () => {
  const ways: readonly (readonly [string, (locks: LockFactory) => Promise<unknown>])[] = [
    ['acquire', (locks) => locks.createLock('a').acquire()],
    ['tryAcquire', (locks) => locks.createLock('a').tryAcquire()],
    ['withLock', (locks) => locks.withLock('a', () => {})],
    ['tryWithLock', (locks) => locks.tryWithLock('a', () => {})],
  ];

  test.each(ways)('with %s fails at once, without a request', async (_, ask) => {
    await until(
      factory.withLock('a', async () => {
        const startMs = setting.time.nowMs;
        const error = await errorOf(ask(factory));

        expect(error).toBeInstanceOf(LockReentrancyError);
        expect(error).toMatchObject({ lockName: 'a', tableName: 'locks' });
        expect(String(error)).toContain('lock "a" in table "locks" is held by the withLock that this code runs in');
        expect(setting.time.nowMs).toBe(startMs);
      }),
    );
    expect(us.store.operations()).toEqual(['acquire', 'release']);
  });

  test('of another factory fails too', async () => {
    await until(
      factory.withLock('a', async () => {
        expect(await errorOf(us.factory().createLock('a').acquire())).toBeInstanceOf(LockReentrancyError);
      }),
    );
  });

  test('with tryWithLock around it fails too', async () => {
    await until(
      factory.tryWithLock('a', async () => {
        expect(await errorOf(factory.createLock('a').acquire())).toBeInstanceOf(LockReentrancyError);
      }),
    );
  });

  test('with another lock in between fails too', async () => {
    await until(
      factory.withLock('a', () =>
        factory.withLock('b', async () => {
          expect(await errorOf(factory.withLock('a', () => {}))).toBeInstanceOf(LockReentrancyError);
        }),
      ),
    );
  });

  test('from a callback of the work fails too', async () => {
    await until(
      factory.withLock('a', async () => {
        await Promise.all(
          [1, 2].map(async () =>
            expect(await errorOf(factory.withLock('a', () => {}))).toBeInstanceOf(LockReentrancyError),
          ),
        );
      }),
    );
  });
});

test('another lock may be asked for', async () => {
  expect(await until(factory.withLock('a', () => factory.withLock('b', () => 'both')))).toBe('both');
});

test('code beside the withLock waits its turn', async () => {
  const order: string[] = [];
  const first = factory.withLock('a', async () => {
    await setting.time.sleep(1000);
    order.push('first');
  });
  const second = factory.withLock('a', async () => void order.push('second'));

  await until(Promise.all([first, second]));

  expect(order).toEqual(['first', 'second']);
});

test('what the work leaves running may ask once the lock is released', async () => {
  let late: Promise<string> | undefined;
  await until(
    factory.withLock('a', () => {
      late = setting.time.sleep(1000).then(() => factory.withLock('a', () => 'late'));
    }),
  );

  expect(await until(late ?? Promise.resolve('never'))).toBe('late');
});

test('work that released the lock may ask for it again', async () => {
  const again = factory.withLock('a', async (held: HeldLock) => {
    await held.release();
    return factory.withLock('a', () => 'again');
  });

  expect(await until(again)).toBe('again');
});

describe('over another connection', () => {
  /** A factory of the same process with a client of its own, for a table of the same name. */
  const over = (table: MemoryStore, settings: FactorySettings = {}): LockFactory =>
    new LockFactory(us.locks, new ScriptedStore(setting.time, table), settings, () => 'over-there');

  describe('to another account, where it is another lock', () => {
    let other: LockFactory;
    beforeEach(() => {
      other = over(new MemoryStore('locks', () => Date.parse('2026-01-01') + setting.time.nowMs));
    });

    const ways: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['withLock', () => other.withLock('a', () => 'done')],
      ['tryWithLock', async () => (await other.tryWithLock('a', () => 'done')).acquired && 'done'],
      ['withLocks', () => other.withLocks(['b', 'a'], () => 'done')],
      ['singleFlight', () => other.singleFlight('a', { freshSeconds: 10 }, () => 'done')],
      ['a sticky lock', () => stickyLock('a', { factory: other }).use(undefined, () => 'done')],
    ];

    test.each(ways)('%s of the name is granted inside of the other', async (_, ask) => {
      expect(await until(factory.withLock('a', ask))).toBe('done');
      // As long as its few requests take.
      expect(setting.time.nowMs).toBeLessThan(100);
      // What stays lapses, so that it is not left to be given back by another test's signal.
      await setting.time.run(10_000);
    });

    test('a permit of the name is granted inside of the other', async () => {
      const [here, there] = [factory, other].map((one) => one.createSemaphore('a', { permits: 1 }));

      expect(await until((here as Semaphore).withPermit(() => (there as Semaphore).withPermit(() => 'done')))).toBe(
        'done',
      );
    });

    test('nobody waits for who holds the other', async () => {
      await until(factory.createLock('a').acquire());

      expect(await until(other.tryWithLock('a', () => 1))).toEqual({ acquired: true, value: 1 });
    });
  });

  describe('to the same account, where it is the same lock', () => {
    test('it excludes, and who waits is granted it in the end', async () => {
      const held = await until(factory.createLock('a').acquire());
      const other = over(setting.table).createLock('a');
      expect(await until(other.tryAcquire())).toBeUndefined();
      const waited = watched(other.acquire());
      await setting.time.run(setting.time.nowMs + 2000);
      expect(waited.state).toBe('pending');

      await until(held.release());
      await setting.time.run(setting.time.nowMs + 1000);
      expect(waited).toMatchObject({ state: 'resolved', value: { isHeld: true } });
    });

    test.each([
      ['withLock', (locks: LockFactory) => locks.withLock('a', () => {})],
      ['tryWithLock', (locks: LockFactory) => locks.tryWithLock('a', () => {})],
      ['singleFlight', (locks: LockFactory) => locks.singleFlight('a', { freshSeconds: 10 }, () => {})],
    ])('%s inside of it is told as soon as DynamoDB shows the hold that this code runs in', async (_, ask) => {
      await until(
        factory.withLock('a', async () => {
          const startMs = setting.time.nowMs;
          expect(await errorOf(ask(over(setting.table)))).toBeInstanceOf(LockReentrancyError);
          expect(setting.time.nowMs - startMs).toBeLessThan(100);
        }),
      );
      expect(setting.table.items.size).toBe(0);
    });
  });
});
