import type { LockFactory } from '../../../runtime/client/lock-factory.js';
import { currentHold } from '../../../runtime/entry/scope.js';
import { LockLostError } from '../../../runtime/errors.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { StickyLock } from '../../../runtime/recipes/sticky-lock.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
});

/** As a tracer does. */
function watchedOutcome<T>(outcome: T): T {
  (outcome as Promise<unknown>).then(undefined, () => {});
  return outcome;
}
const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const sleep = (seconds: number): Promise<void> => setting.time.sleep(seconds * 1000);

describe('the work settled while the lock was held', () => {
  test('it resolves to what the work resolves to, and the entry is gone', async () => {
    const value = await until(us.factory().withLock('a', async (held) => `${held.name} ${held.isHeld}`));

    expect(value).toBe('a true');
    expect(us.store.operations()).toEqual(['acquire', 'release']);
    expect(setting.table.items.size).toBe(0);
  });

  test('work need not be asynchronous', async () => {
    expect(await until(us.factory().withLock('a', () => 42))).toBe(42);
  });

  test.each([
    ['rejects', async () => Promise.reject(new Error('of the work'))],
    [
      'throws',
      () => {
        throw new Error('of the work');
      },
    ],
  ])('the error of work that %s is passed on, and the entry is gone', async (_, work) => {
    await expect(until(us.factory().withLock('a', work))).rejects.toThrow(/^of the work$/);

    expect(setting.table.items.size).toBe(0);
  });

  test.each<[string, (locks: LockFactory, work: () => PromiseLike<string>) => Promise<unknown>]>([
    ['withLock', (locks, work) => locks.withLock('a', work)],
    ['withLocks', (locks, work) => locks.withLocks(['a', 'b'], work)],
    ['withPermit', (locks, work) => locks.createSemaphore('a', { permits: 2 }).withPermit(work)],
    ['a sticky use', (locks, work) => new StickyLock(() => locks.createLock('a'), {}).use(undefined, work)],
  ])('a query that runs at each `then` runs once in %s, and inside of it', async (_, run) => {
    const names: unknown[] = [];
    const query = {
      // biome-ignore lint/suspicious/noThenProperty: a query builder has one
      then: (resolve: (value: string) => unknown) => {
        names.push(currentHold()?.isHeld);
        return setting.time.sleep(10).then(() => resolve('row'));
      },
    };
    const observer = { onLockEvent: () => {}, runWork: <T>(_: unknown, work: () => T): T => watchedOutcome(work()) };
    await until(run(us.factory({ observers: [observer, observer] }), () => query as PromiseLike<string>));

    expect(names).toEqual([true]);
  });

  test('the error of the work wins over a release that fails, which goes to the log', async () => {
    us.store.fate = ({ operation }) => (operation === 'release' ? 'reset' : {});
    const failed = new Error('of the work');

    expect(await until(errorOf(us.factory().withLock('a', () => Promise.reject(failed))))).toBe(failed);

    expect(us.warnings).toEqual([expect.stringMatching(/lock "a" in table "locks": the release was not confirmed/)]);
  });

  test('it resolves though the release fails in transit, and warns', async () => {
    us.store.fate = ({ operation }) => (operation === 'release' ? 'silence' : {});

    expect(await until(us.factory().withLock('a', () => 'done'))).toBe('done');

    expect(us.warnings).toEqual([expect.stringContaining('may block others for up to 10 s')]);
  });

  test('a release whose first answer is lost is no failure', async () => {
    us.store.next('release', 'drop-answer');

    expect(await until(us.factory().withLock('a', () => 'done'))).toBe('done');

    expect(us.warnings).toEqual([]);
    expect(us.store.operations()).toEqual(['acquire', 'release', 'release']);
  });

  test('work that released, or handed over, is not followed by another request', async () => {
    await until(us.factory().withLock('a', (held) => held.release()));
    expect(us.store.operations()).toEqual(['acquire', 'release']);

    await until(us.factory().withLock('b', (held) => held.serialize()));
    expect(us.store.operations()).toEqual(['acquire', 'release', 'acquire', 'refresh']);
    expect(setting.versionOf('b')).toBeDefined();
  });
});

describe('the lock was lost before the work settled', () => {
  /** Past the deadline, after refreshes that all failed. */
  async function losing(work: (held: HeldLock) => unknown): Promise<unknown> {
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});
    const outcome = us.factory().withLock('a', async (held) => {
      await sleep(12);
      return work(held);
    });
    return until(errorOf(outcome));
  }

  test('it rejects though the work resolved, with its result and the request that failed', async () => {
    const error = await losing(() => 'too late');

    expect(error).toBeInstanceOf(LockLostError);
    expect(error).toMatchObject({
      reason: 'deadline',
      result: 'too late',
      lockName: 'a',
      tableName: 'locks',
      cause: new Error('connection reset'),
    });
    expect(String(error)).toContain('lock "a" in table "locks" was lost');
  });

  test('it rejects with the error of the work as its cause', async () => {
    const failed = new Error('of the work');

    const error = await losing(() => Promise.reject(failed));

    expect(error).toBeInstanceOf(LockLostError);
    expect(error).toMatchObject({ reason: 'deadline', cause: failed, result: undefined });
  });

  test('it rejects with the loss itself where the work threw that', async () => {
    let loss: unknown;

    const error = await losing((held) => {
      loss = held.signal.reason;
      throw loss;
    });

    expect(error).toBe(loss);
    expect(error).toMatchObject({ reason: 'deadline', cause: new Error('connection reset') });
  });

  test('it rejects with the loss itself where the work let assertHeld throw', async () => {
    let held: HeldLock | undefined;

    const error = await losing((given) => {
      held = given;
      given.assertHeld();
    });

    expect(error).toBe(held?.signal.reason);
  });

  test('it says so even where the loss shows only when the work settles: nothing else could run', async () => {
    const outcome = us.factory().withLock('a', () => {
      us.block(60_000);
      return 'too late';
    });

    expect(await until(errorOf(outcome))).toMatchObject({ reason: 'deadline', result: 'too late' });
  });

  test.each(['taken', 'gone'] as const)('an entry that is %s is not looked for again', async (reason) => {
    const outcome = us.factory().withLock('a', async (held) => {
      if (reason === 'gone') setting.table.items.delete('a');
      else setting.putEntry('a', { version: PYTHONS_VERSION });
      await sleep(6);
      expect(held.isHeld).toBe(false);
    });

    expect(await until(errorOf(outcome))).toMatchObject({ reason });
    expect(us.store.operations()).toEqual(['acquire', 'refresh']);
    expect(setting.versionOf('a')).toBe(reason === 'gone' ? undefined : PYTHONS_VERSION);
  });

  test('its entry is deleted only once the work has settled', async () => {
    let settledMs = 0;
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});
    const outcome = us.factory().withLock('a', async () => {
      await sleep(40);
      settledMs = setting.time.nowMs;
    });

    await until(errorOf(outcome));

    expect(us.store.sent.filter(({ operation }) => operation === 'release')).toMatchObject([{ atMs: settledMs }]);
    expect(setting.table.items.size).toBe(0);
  });
});

describe('tryWithLock', () => {
  test('tells the work’s value', async () => {
    expect(await until(us.factory().tryWithLock('a', () => 42))).toEqual({ acquired: true, value: 42 });
  });

  test('does not run the work where another holds the lock, and tells who', async () => {
    const work = jest.fn();
    await until(setting.process().factory({ leaseSeconds: 20 }).createLock('a').acquire());

    expect(await until(us.factory().tryWithLock('a', work))).toMatchObject({
      acquired: false,
      holder: { hostIdentifier: 'process-2', leaseSeconds: 20 },
    });
    expect(work).not.toHaveBeenCalled();
  });
});

test('the options of the call are those of the lock and of the acquire', async () => {
  const controller = new AbortController();
  const factory = us.factory({ leaseSeconds: 60 });

  await until(
    factory.withLock('a', { leaseSeconds: 5, waitSeconds: 1, signal: controller.signal }, (held) => {
      expect(setting.table.items.get('a')).toMatchObject({ leaseDuration: { N: '5' } });
      controller.abort(new Error('enough'));
      expect(held.signal.reason).toEqual(new Error('enough'));
    }),
  );
  await until(
    factory.withLock('a', () => expect(setting.table.items.get('a')).toMatchObject({ leaseDuration: { N: '60' } })),
  );
});

test('a lock of createLock runs work as well', async () => {
  const lock = us.factory().createLock('a', { leaseSeconds: 5 });

  expect(await until(lock.withLock(() => 1))).toBe(1);
  expect(await until(lock.withLock({ waitSeconds: 0 }, () => 2))).toBe(2);
  expect(await until(lock.tryWithLock(() => 3))).toEqual({ acquired: true, value: 3 });
});
