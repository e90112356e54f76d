import { LockReentrancyError } from '../../../runtime/errors.js';
import type { LockFactory } from '../../../runtime/lock/factory.js';
import type { HeldLock } from '../../../runtime/lock/held-lock.js';
import { errorOf, Setting, type TestProcess } from './setting.js';

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
