import { LockEntryError, LockOptionError, LockTableError } from '../../../runtime/errors.js';
import { Hold } from '../../../runtime/hold/hold.js';
import type { LockEvent } from '../../../runtime/observe/events.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let held: HeldLock;
beforeEach(async () => {
  setting = new Setting();
  us = setting.process();
  held = await setting.time.until(us.factory().createLock('a').acquire());
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);

test('a refresh that its caller aborts tells nothing of the lock, whatever the reason', async () => {
  const events: string[] = [];
  const observers = [{ onLockEvent: ({ type }: LockEvent) => void events.push(type) }];
  const other = await until(us.factory({ observers }).createLock('b').acquire());
  us.store.fate = () => 'silence';
  const controller = new AbortController();
  const refreshed = errorOf(other.refresh({ signal: controller.signal }));
  const reason = new LockEntryError('of another lock', { attribute: 'leaseDuration' });
  controller.abort(reason);

  expect(await until(refreshed)).toBe(reason);
  expect(other.isHeld).toBe(true);
  expect(events).toEqual(['requested', 'acquired']);
});

describe('whether it is held', () => {
  test('is known by the clock where no timer could run', () => {
    us.block(9600);
    expect(held.isHeld).toBe(true);
    us.block(60);

    expect(held.isHeld).toBe(false);
    expect(held.remainingSeconds).toBe(0);
    expect(held.signal.aborted).toBe(true);
    expect(() => held.assertHeld()).toThrow(expect.objectContaining({ name: 'LockLostError', reason: 'deadline' }));
  });

  test('is known in a sandbox that thaws, though its monotonic clock stood still', () => {
    us.freeze(9700);

    expect(held.isHeld).toBe(false);
  });

  test('is known though the wall clock was set back', async () => {
    us.store.fate = () => 'silence';
    us.wallOffMs -= 3_600_000;

    await pass(9700);

    expect(held.isHeld).toBe(false);
  });

  test('is known in a sandbox that thaws after its wall clock was set back', async () => {
    us.wallOffMs -= 3_600_000;
    await pass(1000);

    us.freeze(9700);

    expect(held.isHeld).toBe(false);
  });

  test('that comes soon after a sandbox thaws is told then, though the timers slept too', async () => {
    const { signal } = held;
    await pass(1000);
    us.freeze(8600);
    await pass(30);
    expect(signal.aborted).toBe(false);

    await pass(270);

    expect(signal.reason).toMatchObject({ reason: 'deadline' });
  });

  test('is told by whichever is asked first: the signal alone, too', () => {
    us.block(10_000);

    expect(held.signal.reason).toMatchObject({ reason: 'deadline' });
  });

  test('stays no, once it was no', async () => {
    us.block(10_000);
    expect(held.isHeld).toBe(false);
    // The entry still stands there, and could be refreshed.
    await pass(10_000);

    expect(held.isHeld).toBe(false);
    await expect(until(held.refresh())).rejects.toBe(held.signal.reason);
    await expect(until(held.serialize())).rejects.toBe(held.signal.reason);
  });
});

describe('assertHeld for some seconds', () => {
  test('passes where so much is left, and no more', () => {
    expect(held.remainingSeconds).toBeCloseTo(9.64, 6);
    expect(() => held.assertHeld({ forSeconds: 9.6 })).not.toThrow();
    expect(() => held.assertHeld({ forSeconds: held.remainingSeconds })).not.toThrow();
    expect(() => held.assertHeld({ forSeconds: 9.7 })).toThrow(
      expect.objectContaining({
        name: 'LockLostError',
        reason: 'deadline',
        message: expect.stringContaining('not for the 9.7 s asked for'),
      }),
    );
    expect(held.isHeld).toBe(true);
  });

  test.each([-1, Number.NaN, '1', null])('refuses %p', (forSeconds) => {
    expect(() => held.assertHeld({ forSeconds: forSeconds as number })).toThrow(LockOptionError);
  });
});

describe('refresh', () => {
  test('renews the lease now', async () => {
    await pass(3000);

    await until(held.refresh());

    expect(held.remainingSeconds).toBeCloseTo(9.64, 6);
    expect(us.store.operations()).toEqual(['acquire', 'refresh']);
  });

  test('tries again after pauses, during which it keeps the process alive', async () => {
    us.store.next('refresh', 'reset', 'reset');
    const refreshed = held.refresh();
    await pass(10);
    expect(us.keptAliveBy.size).toBe(1);

    await until(refreshed);

    const [, first = 0, ...others] = us.store.sent.map(({ atMs }) => atMs);
    expect(others.map((atMs) => atMs - first)).toEqual([5 + 25, 5 + 25 + 5 + 50]);
    expect(us.keptAliveBy.size).toBe(0);
  });

  test('that is refused is tried again, whatever for: the lock hangs on it', async () => {
    const refusal = new LockTableError('permission is missing');
    us.store.next('refresh', refusal, refusal);
    await until(held.refresh());
    expect(us.store.operations()).toEqual(['acquire', 'refresh', 'refresh', 'refresh']);

    us.store.fate = () => refusal;
    expect(await until(errorOf(held.refresh()))).toMatchObject({ name: 'LockUnavailableError', cause: refusal });
    expect(held.isHeld).toBe(true);
  });

  test.each([2, 10, 3600])(
    'of a lease of %i s takes as long as a try may, where nothing is heard',
    async (leaseSeconds) => {
      const long = await until(us.factory().createLock('b', { leaseSeconds }).acquire());
      us.store.fate = () => 'silence';
      const startMs = setting.time.nowMs;

      expect(await until(errorOf(long.refresh()))).toMatchObject({ name: 'LockUnavailableError' });

      const tookMs = setting.time.nowMs - startMs;
      expect(tookMs).toBeGreaterThan(Math.min(4000, leaseSeconds * 300));
      expect(tookMs).toBeLessThanOrEqual(Math.min(5000, leaseSeconds * 500));
      expect(us.store.operations().filter((operation) => operation === 'refresh').length).toBeGreaterThan(1);
    },
  );

  test('tries again, and rejects where no answer comes in time; it is held all the same', async () => {
    us.store.fate = ({ atMs }) => (atMs < 7000 ? 'reset' : {});

    const error = await until(errorOf(held.refresh()));

    expect(error).toMatchObject({
      name: 'LockUnavailableError',
      lockName: 'a',
      tableName: 'locks',
      cause: new Error('connection reset'),
    });
    expect(String(error)).toContain('the refresh was not confirmed in time');
    expect(held.isHeld).toBe(true);
    await pass(30_000);
    expect(held.isHeld).toBe(true);
  });

  test('rejects with the loss where the lock is another’s', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });

    const error = await until(errorOf(held.refresh()));

    expect(error).toMatchObject({ name: 'LockLostError', reason: 'taken' });
    expect(error).toBe(held.signal.reason);
  });

  test('rejects with the reason of the caller’s signal', async () => {
    us.store.fate = () => 'silence';
    const controller = new AbortController();
    const refreshed = watched(held.refresh({ signal: controller.signal }));
    await pass(100);

    controller.abort('enough');
    await pass(0);

    expect(refreshed).toMatchObject({ state: 'rejected', error: 'enough' });
    expect(held.isHeld).toBe(true);
    // Should the deadline pass, it was not the caller.
    us.block(10_000);
    expect(held.signal.reason).toMatchObject({ reason: 'deadline' });
    expect(held.signal.reason).not.toHaveProperty('cause');
  });

  test('rejects with the loss, and at once, where the deadline passes first', async () => {
    us.block(8900);
    us.store.fate = () => 'silence';

    const error = await until(errorOf(held.refresh()));

    expect(error).toMatchObject({ name: 'LockLostError', reason: 'deadline' });
    expect(setting.time.nowMs).toBe(9650);
  });
});

describe('release', () => {
  test('ends the hold at once: its signal does not abort, and it asserts no more', async () => {
    const released = held.release();

    expect(held.isHeld).toBe(false);
    expect(() => held.assertHeld()).toThrow(
      expect.objectContaining({
        name: 'LockLostError',
        reason: 'released',
        message: 'lock "a" in table "locks" is not held any more: it was released',
      }),
    );
    await until(released);
    expect(held.signal.aborted).toBe(false);
    await expect(held.refresh()).rejects.toMatchObject({ reason: 'released' });
    await expect(held.serialize()).rejects.toMatchObject({ reason: 'released' });
  });

  test('happens once, however often it is asked for', async () => {
    await until(Promise.all([held.release(), held.release(), held[Symbol.asyncDispose]()]));
    await until(held.release());

    expect(us.store.operations()).toEqual(['acquire', 'release']);
  });

  test('does not touch another’s entry, and is no error', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });

    await until(held.release());

    expect(setting.versionOf('a')).toBe(PYTHONS_VERSION);
  });

  test('of an entry that is gone is no error', async () => {
    setting.table.items.clear();

    await until(held.release());
  });

  test('ends what the caller’s signal does to the hold’s', async () => {
    const controller = new AbortController();
    const bound = await until(us.factory().createLock('b').acquire({ signal: controller.signal }));
    await until(bound.release());

    controller.abort('enough');

    expect(bound.signal.aborted).toBe(false);
  });

  test('that is refused is tried again, whatever for', async () => {
    us.store.next('release', new LockTableError('permission is missing'));

    await until(held.release());

    expect(us.store.operations()).toEqual(['acquire', 'release', 'release']);
    expect(setting.table.items.size).toBe(0);
  });

  test('in place of which stands no entry of a lock is not: there is nothing to give back', async () => {
    const noEntry = new LockEntryError('no entry of a lock', { attribute: 'leaseDuration' });
    us.store.next('release', noEntry);

    expect(await until(errorOf(held.release()))).toBe(noEntry);

    expect(us.store.operations()).toEqual(['acquire', 'release']);
  });

  test('tries again, within a quarter of the lease, and keeps the process alive until then', async () => {
    us.store.next('release', 'reset', 'reset');
    const released = held.release();
    await pass(10);
    expect(us.keptAliveBy.size).toBe(1);
    await until(released);

    expect(us.store.operations()).toEqual(['acquire', 'release', 'release', 'release']);
    expect(setting.table.items.size).toBe(0);
  });

  test('without an answer rejects after a quarter of the lease, and says what follows', async () => {
    us.store.fate = () => 'silence';
    const startMs = setting.time.nowMs;

    const error = await until(errorOf(held.release()));

    expect(error).toMatchObject({
      name: 'LockUnavailableError',
      lockName: 'a',
      tableName: 'locks',
      cause: expect.any(Error),
    });
    expect(String(error)).toContain('the release was not confirmed in time');
    expect(setting.time.nowMs - startMs).toBeGreaterThan(2000);
    expect(setting.time.nowMs - startMs).toBeLessThanOrEqual(2500);
  });

  describe.each([20, 60, 3600])('of a lease of %i s', (leaseSeconds) => {
    const debug = jest.fn();
    const acquire = async (): Promise<HeldLock> => {
      const lock = us.factory({ logger: { warn: () => {}, debug } }).createLock('b', { leaseSeconds });
      return until(lock.acquire());
    };

    test('is waited for no longer than 3 s; then it goes on, and keeps no process alive', async () => {
      const long = await acquire();
      us.store.fate = () => 'silence';
      const startMs = setting.time.nowMs;

      expect(await until(errorOf(long.release()))).toMatchObject({
        name: 'LockUnavailableError',
        message: 'lock "b" in table "locks": the release was not confirmed in time',
        cause: expect.any(Error),
      });

      expect(setting.time.nowMs - startMs).toBe(3000);
      expect(us.keptAliveBy.size).toBe(0);
      us.store.fate = () => ({});
      await pass(10_000);
      expect(setting.table.items.has('b')).toBe(false);
    });

    test('gives up in silence at last, with a quarter of the lease', async () => {
      const long = await acquire();
      us.store.fate = () => 'silence';
      const startMs = setting.time.nowMs;
      await until(errorOf(long.release()));
      const letGoMs = setting.time.nowMs;
      await pass(leaseSeconds * 1000);

      const last = us.store.sent.filter(({ operation }) => operation === 'release').at(-1)?.atMs ?? 0;
      expect(last).toBeGreaterThan(letGoMs);
      expect(last - startMs).toBeLessThan(leaseSeconds * 250);
      expect(debug).toHaveBeenLastCalledWith(
        'lock "b" in table "locks": a release that nobody waits for any more failed',
        { error: expect.objectContaining({ name: 'LockUnavailableError' }) },
      );
    });

    test('leaves the lock to the next caller here at once, whom it harms in no way when it lands at last', async () => {
      const long = await acquire();
      us.store.fate = ({ operation }) => (operation === 'release' ? { requestMs: 4500 } : {});
      const next = us.factory().createLock('b', { leaseSeconds }).acquire();
      await until(errorOf(long.release()));
      const letGoMs = setting.time.nowMs;

      const theirs = await until(next);
      expect(setting.time.nowMs - letGoMs).toBeLessThan(100);
      const standing = setting.ownVersionOf('b')?.holdId;
      await pass(9000);

      expect(theirs.isHeld).toBe(true);
      expect(setting.ownVersionOf('b')?.holdId).toBe(standing);
    });
  });

  test('without an answer takes no longer than the hold had left', async () => {
    await pass(1000);
    us.store.fate = () => 'silence';
    us.block(7600);

    await until(errorOf(held.release()));

    expect(setting.time.nowMs).toBeLessThanOrEqual(9650);
  });

  test('beside a heartbeat in flight is no loss, and leaves nothing', async () => {
    us.store.next('refresh', { requestMs: 500, answerMs: 500 });
    await pass(5100);
    expect(us.store.operations()).toEqual(['acquire', 'refresh']);

    await until(held.release());
    await pass(5000);

    expect(held.signal.aborted).toBe(false);
    expect(us.warnings).toEqual([]);
    expect(setting.table.items.size).toBe(0);
  });

  test('rejects with the reason of the caller’s signal, and goes on', async () => {
    const controller = new AbortController();
    const released = errorOf(held.release({ signal: controller.signal }));
    controller.abort('enough');

    expect(await until(released)).toBe('enough');
    await pass(100);
    expect(setting.table.items.size).toBe(0);
  });

  test('after a loss asks within half a second, and never rejects', async () => {
    const debug = jest.fn();
    const lost = await until(
      us
        .factory({ logger: { warn: () => {}, debug } })
        .createLock('b')
        .acquire(),
    );
    us.block(10_000);
    us.store.fate = () => 'silence';
    const startMs = setting.time.nowMs;

    await until(lost.release());

    expect(us.store.operations().at(-1)).toBe('release');
    expect(setting.time.nowMs - startMs).toBeLessThanOrEqual(500);
    expect(debug.mock.calls).toContainEqual([
      'lock "b" in table "locks": a lost hold\'s entry was not cleaned up',
      { error: expect.any(Error) },
    ]);
  });
});

describe('an option that is misspelt, or none of theirs, is refused by', () => {
  const calls: readonly (readonly [string, string, (options: never) => unknown])[] = [
    ['assertHeld', 'forSeconds', (options) => held.assertHeld(options)],
    ['refresh', 'signal, data', (options) => held.refresh(options)],
    ['transactWrite', 'signal', (options) => held.transactWrite([], options)],
    ['serialize', 'signal', (options) => held.serialize(options)],
    ['release', 'signal', (options) => held.release(options)],
  ];

  test.each(calls)('%s, before anything is done', async (where, taken, call) => {
    const error = await errorOf((async () => call({ second: 7 } as never))());

    expect(error).toBeInstanceOf(LockOptionError);
    expect(error).toMatchObject({ message: `${where} knows no option "second"; it takes ${taken}` });
    expect(held.isHeld).toBe(true);
    expect(us.store.operations()).toEqual(['acquire']);
  });

  test('a promise of them rejects, and does not throw', async () => {
    const released = held.release({ second: 7 } as never);
    expect(await errorOf(released)).toBeInstanceOf(LockOptionError);
  });

  test.each(calls.slice(1))('%s, and so is a signal that is none', async (_, __, call) => {
    expect(await errorOf((async () => call({ signal: 7 } as never))())).toMatchObject({
      name: 'LockOptionError',
      message: 'signal is an AbortSignal, got 7',
    });
    expect(held.isHeld).toBe(true);
  });
});

describe('await using', () => {
  test('releases at the end of the block', async () => {
    await until(held.release());
    const lock = us.factory().createLock('a');
    const block = async (): Promise<string> => {
      await using inBlock = await lock.acquire();
      return `${inBlock.isHeld}`;
    };

    expect(await until(block())).toBe('true');
    expect(setting.table.items.size).toBe(0);
  });

  test('never throws for a failure in transit: it warns', async () => {
    const warn = jest.fn();
    const unreleased = await until(
      us
        .factory({ logger: { warn, debug: () => {} } })
        .createLock('b')
        .acquire(),
    );
    us.store.fate = () => 'silence';

    await until(unreleased[Symbol.asyncDispose]());

    expect(warn.mock.calls).toEqual([
      [
        'lock "b" in table "locks": the release was not confirmed; it may block others for up to 10 s',
        { error: expect.objectContaining({ name: 'LockUnavailableError' }) },
      ],
    ]);
  });
});

test('nothing of a hold is due any more once it is released', async () => {
  await until(held.release());

  expect(setting.time.dueMs).toBeUndefined();
});

test('a caller’s signal that aborts at the very moment of the grant is followed', async () => {
  const caller = new AbortController();
  const onLockEvent = ({ type }: { type: string }): void => {
    if (type === 'acquired') caller.abort(new Error('enough'));
  };
  const lock = us.factory({ observers: [{ onLockEvent }] }).createLock('b');
  const granted = await until(lock.acquire({ signal: caller.signal }));

  expect(granted.signal.reason).toBe(caller.signal.reason);
});

describe('a hold that nobody works under any more', () => {
  const refreshes = (): number => us.store.operations().filter((operation) => operation === 'refresh').length;
  const holdOf = (one: HeldLock): Hold => {
    if (!(one instanceof Hold)) throw new Error('a hold was expected');
    return one;
  };

  test('is not held by its work, but stands until its lease is over, without a refresh and without a loss', async () => {
    const hold = holdOf(held);
    const onOver = jest.fn();
    hold.rest('its use is over', onOver);
    expect(hold.isHeld).toBe(false);
    expect(hold.remainingSeconds).toBe(0);
    expect(hold.signal.reason).toMatchObject({ reason: 'released' });
    expect(() => hold.assertHeld()).toThrow('its use is over');
    await pass(8000);
    expect([hold.stands, hold.describe().remainingSeconds > 1, onOver.mock.calls.length]).toEqual([true, true, 0]);
    await pass(20_000);

    expect([hold.stands, onOver.mock.calls.length]).toEqual([false, 1]);
    expect(() => hold.assertHeld()).toThrow('its use is over');
    expect(us.warnings).toEqual([]);
    expect(refreshes()).toBe(0);
    expect(setting.time.dueMs).toBeUndefined();
  });

  test('takes note of a refresh that was under way', async () => {
    const hold = holdOf(held);
    us.store.next('refresh', { requestMs: 50, answerMs: 50 });
    await pass(5010);
    hold.rest('its use is over', () => {});
    await pass(9000);

    expect(hold.stands).toBe(true);
    expect(refreshes()).toBe(1);
  });

  test('has nothing more to come if it was lost before', async () => {
    const hold = holdOf(held);
    us.block(20_000);
    expect(hold.isHeld).toBe(false);
    const onOver = jest.fn();
    hold.rest('its use is over', onOver);

    expect(onOver).toHaveBeenCalledTimes(1);
    expect(us.warnings).toEqual([expect.stringContaining('was lost')]);
  });
});
