import { LockFactory } from '../../../runtime/client/lock-factory.js';
import { LockLostError, LockNotGrantedError, LockReentrancyError } from '../../../runtime/errors.js';
import { MemoryStore } from '../../../runtime/store/memory-store.js';
import { EPOCH_MS, errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let them: TestProcess;
let factory: LockFactory;
let others: LockFactory;
let works: number;
beforeEach(() => {
  setting = new Setting();
  [us, them] = [setting.process(), setting.process()];
  [factory, others] = [us.factory(), them.factory()];
  works = 0;
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
/** Work that takes a while and says when, and for the how manieth time, it was done. */
const work = async (): Promise<{ readonly work: number; readonly madeMs: number }> => {
  works += 1;
  await setting.time.sleep(1000);
  return { work: works, madeMs: setting.time.nowMs };
};
const FRESH = { freshSeconds: 30 };
const ask = (one: LockFactory = factory, freshSeconds = 30) => one.singleFlight('token', { freshSeconds }, work);
const tokenItem = () => setting.table.items.get('token') as Record<string, { S?: string; N?: string }> | undefined;

test('a table of the same name in another account has flights of its own', async () => {
  const elsewhere = new LockFactory(
    us.locks,
    new MemoryStore('locks', () => EPOCH_MS + setting.time.nowMs),
    {},
    () => 'us',
  );
  await until(Promise.all([ask(), ask(elsewhere)]));
  expect(works).toBe(2);
  // Side by side: neither waits for the other.
  expect(setting.time.nowMs).toBeLessThan(1500);

  await until(Promise.all([ask(), ask(elsewhere)]));
  expect(works).toBe(2);
});

describe('of all who ask at once', () => {
  test('in any number of processes, one does the work, and all have its result', async () => {
    const third = setting.process().factory();
    const results = await until(Promise.all([factory, others, third].flatMap((one) => [ask(one), ask(one), ask(one)])));

    expect(works).toBe(1);
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test('in one process, the others send nothing, and each has a result of its own', async () => {
    const [first, second, third] = await until(Promise.all([ask(), ask(), ask()]));

    expect(us.store.operations()).toEqual(['read', 'acquire', 'leave']);
    expect(second).toEqual(first);
    expect(second).not.toBe(first);
    expect(third).not.toBe(second);
  });

  test('a fresh result costs one read, of all callers of a process together', async () => {
    await until(ask());

    const results = await until(Promise.all([ask(others), ask(others), ask(others)]));

    expect(results.map((result) => result.work)).toEqual([1, 1, 1]);
    expect(them.store.operations()).toEqual(['read']);
    expect(them.store.sent[0]?.consistency).toBe('eventual');
  });
});

describe('the result', () => {
  test('is kept in the entry, under a hold id of nobody, for as long as it is fresh', async () => {
    const result = await until(ask());

    const { versionNumber, leaseDuration, data } = tokenItem() ?? {};
    expect(versionNumber?.S).toMatch(/-000000000000$/);
    expect(leaseDuration?.N).toBe('30');
    expect(JSON.parse(data?.S ?? '')).toEqual({ singleFlight: 1, madeAtMs: expect.any(Number), value: result });
  });

  test.each([
    ['null', null, null],
    ['a text', 'ok', 'ok'],
    ['nothing', undefined, undefined],
    ['a list', [1, 'two', { three: 3 }], [1, 'two', { three: 3 }]],
    ['a date, which JSON makes a text of', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['of 4,096 bytes', 'é'.repeat(2047), 'é'.repeat(2047)],
  ])('may be %s: whoever worked, and whoever did not, get the same', async (_, value, expected) => {
    expect(await until(factory.singleFlight<unknown>('token', FRESH, () => value))).toEqual(expected);
    expect(await until(others.singleFlight<unknown>('token', FRESH, work))).toEqual(expected);
    expect(works).toBe(0);
  });

  const circle: Record<string, unknown> = {};
  circle['itself'] = circle;
  test.each([
    ['a function', () => {}, /is not a JSON value, but a function/],
    ['a symbol', Symbol('a'), /is not a JSON value, but a symbol/],
    ['a bigint', 1n, /is not a JSON value: TypeError/],
    ['a circle', circle, /is not a JSON value: TypeError/],
    ['too long', 'x'.repeat(4095), /has 4097 bytes as JSON text, at most 4096 can be kept .* return where it is/],
  ])('must not be %s', async (_, value, why) => {
    const error = await until(errorOf(factory.singleFlight('token', FRESH, () => value)));

    expect(error).toMatchObject({ name: 'LockOptionError', message: expect.stringMatching(why) });
    expect(String(error)).toContain('lock "token" in table "locks"');
    expect(setting.table.items.size).toBe(0);
  });

  test('that somebody merely wrote into the note of a lock he holds is none', async () => {
    const data = { singleFlight: 1, madeAtMs: Date.UTC(2030, 0, 1), value: 'planted' };
    await until(others.createLock('token').acquire({ data }));
    const waiting = watched(factory.singleFlight('token', { ...FRESH, waitSeconds: 5 }, work));
    await pass(6000);

    expect(waiting).toMatchObject({ state: 'rejected', error: { name: 'LockNotGrantedError' } });
  });
});

describe('a result is never older than promised', () => {
  test('it is made anew once it is too old, at once, though the lease of its entry goes on', async () => {
    await until(ask());
    await pass(30_000);
    const startMs = setting.time.nowMs;

    expect(await until(ask(others))).toMatchObject({ work: 2 });

    expect(setting.time.nowMs - startMs).toBeLessThan(1100);
    expect(them.store.operations()).toEqual(['read', 'acquire', 'leave']);
  });

  test('the clock tolerance is taken off: 27 of 30 seconds it is good for', async () => {
    const { madeMs } = await until(ask());
    await setting.time.run(madeMs + 25_900);
    expect(await until(ask(others))).toMatchObject({ work: 1 });
    await setting.time.run(madeMs + 27_100);

    expect(await until(ask(others))).toMatchObject({ work: 2 });
  });

  test.each([
    ['an hour', 3_600_000],
    ['more than any clock says', Infinity],
    ['just more than front ends differ by', 4000],
  ])('one that claims to be made in the future, by %s, is none, and is replaced', async (_, aheadMs) => {
    await until(ask());
    const madeAtMs = aheadMs === Infinity ? '1e999' : String(EPOCH_MS + setting.time.nowMs + aheadMs);
    const data = { S: `{"singleFlight":1,"madeAtMs":${madeAtMs},"value":"planted"}` };
    setting.table.items.set('token', { ...tokenItem(), data });

    expect(await until(ask(others))).toMatchObject({ work: 2 });
    expect(tokenItem()?.['data']?.S).not.toContain('planted');
  });

  test('each caller says how old it may be', async () => {
    await until(ask());
    await pass(8000);

    expect(await until(ask(others, 20))).toMatchObject({ work: 1 });
    expect(await until(ask(others, 6))).toMatchObject({ work: 2 });
  });

  test.each([-60_000, 60_000])('whatever the wall clocks say: the maker’s is off by %d ms', async (offMs) => {
    us.wallOffMs = offMs;
    const made = factory.singleFlight('token', { ...FRESH, leaseSeconds: 600 }, async () => {
      const result = await work();
      // Set once more, after the last answer.
      us.wallOffMs += offMs;
      return result;
    });
    const { madeMs } = await until(made);
    await setting.time.run(madeMs + 27_500);

    expect(await until(ask(others))).toMatchObject({ work: 2 });
  });

  test.each([-60_000, 60_000])('nor the asker’s, off by %d ms', async (offMs) => {
    const { madeMs } = await until(ask());
    them.wallOffMs = offMs;
    await setting.time.run(madeMs + 20_000);
    expect(await until(ask(others))).toMatchObject({ work: 1 });
    await setting.time.run(madeMs + 27_500);
    expect(await until(ask(others))).toMatchObject({ work: 2 });
  });

  test('an answer that was long on its way has grown old meanwhile', async () => {
    const { madeMs } = await until(ask());
    await setting.time.run(madeMs + 24_000);
    them.store.next('read', { answerMs: 4000 });

    expect(await until(ask(others))).toMatchObject({ work: 2 });
  });

  test('and so has one that a frozen process finds when it is thawed', async () => {
    const { madeMs } = await until(ask());
    await setting.time.run(madeMs + 1000);
    them.store.next('read', { requestMs: 5, answerMs: 500 });
    const asking = others.singleFlight('token', { ...FRESH, waitSeconds: 300 }, work);
    await pass(100);
    them.freeze(30_000);

    const result = await until(asking);

    expect(setting.time.nowMs - result.madeMs).toBeLessThan(30_000);
    expect(result.work).toBe(2);
  });

  test('an answer without a Date tells no age', async () => {
    await until(ask());
    them.store.fate = () => ({ isUndated: true });

    expect(await until(ask(others))).toMatchObject({ work: 2 });
    // Nor can one that never saw a Date say how old its own is: it is deleted, not kept.
    expect(setting.table.items.size).toBe(0);
  });

  test('callers behind one in their process have no older one than they asked for', async () => {
    const first = factory.singleFlight('token', { freshSeconds: 60, leaseSeconds: 60 }, async () => {
      const result = await work();
      us.store.next('leave', { requestMs: 50 });
      void setting.time.sleep(20).then(() => us.block(4400));
      return result;
    });
    const second = ask(factory, 4);
    await until(first);

    const { madeMs, work: which } = await until(second);

    expect(which).toBe(2);
    expect(setting.time.nowMs - madeMs).toBeLessThan(4000);
  });
});

describe('where the work fails', () => {
  test('its caller is told, and the next waiter does it, here and elsewhere', async () => {
    const failing = factory.singleFlight('token', FRESH, async () => {
      await setting.time.sleep(1000);
      throw new Error('of the work');
    });
    await pass(100);
    const [here, elsewhere] = [ask(), ask(others)];

    expect(await until(errorOf(failing))).toEqual(new Error('of the work'));
    expect(await until(here)).toEqual(await until(elsewhere));
    expect(works).toBe(1);
  });

  test('by a crash, another does it once the lease is over', async () => {
    setting.putEntry('token', { version: setting.versionDrawn() });

    expect(await until(ask())).toMatchObject({ work: 1 });

    expect(setting.time.nowMs).toBeLessThan(14_500);
    expect(setting.time.nowMs).toBeGreaterThan(10_000);
  });

  test('by the loss of its lock, its caller is told, and nobody has its result', async () => {
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});
    const made = factory.singleFlight('token', FRESH, async () => {
      await setting.time.sleep(11_000);
      return 'late';
    });
    const behind = watched(ask());

    expect(await until(errorOf(made))).toMatchObject({ name: 'LockLostError', reason: 'deadline', result: 'late' });
    us.store.fate = () => ({});
    await pass(15_000);
    expect(behind).toMatchObject({ state: 'resolved', value: { work: 1 } });
  });

  test('to be left in the table, its caller has it all the same, and a warning is logged', async () => {
    us.store.fate = ({ operation }) => (operation === 'leave' ? 'silence' : {});

    expect(await until(ask())).toMatchObject({ work: 1 });

    expect(us.warnings).toEqual([expect.stringContaining('the release was not confirmed')]);
  });

  test('to be confirmed though it was left, others have it', async () => {
    us.store.next('leave', 'drop-answer');
    await until(ask());

    expect(await until(ask(others))).toMatchObject({ work: 1 });
  });
});

describe('who waits', () => {
  test('gives up after waitSeconds, and is told who is at it', async () => {
    watched(factory.singleFlight('token', FRESH, () => setting.time.sleep(60_000)));
    await pass(100);

    const error = await until(errorOf(others.singleFlight('token', { ...FRESH, waitSeconds: 3 }, work)));
    expect(error).toBeInstanceOf(LockNotGrantedError);
    expect(error).toMatchObject({ lockName: 'token', holder: { hostIdentifier: 'process-1' } });
    expect(await until(errorOf(others.singleFlight('token', { ...FRESH, waitSeconds: 0 }, work)))).toBeInstanceOf(
      LockNotGrantedError,
    );
    expect(works).toBe(0);
  });

  test('with waitSeconds 0 has what is fresh, or does the work', async () => {
    const now = { ...FRESH, waitSeconds: 0 };
    expect(await until(factory.singleFlight('token', now, work))).toMatchObject({ work: 1 });
    expect(await until(others.singleFlight('token', now, work))).toMatchObject({ work: 1 });
  });

  test.each([0, 3])(
    'with waitSeconds 0 behind one with waitSeconds %d has what that one is shown',
    async (waitSeconds) => {
      await until(ask());
      const waits = [waitSeconds, 0, 0];

      const results = await until(
        Promise.all(waits.map((seconds) => others.singleFlight('token', { ...FRESH, waitSeconds: seconds }, work))),
      );

      expect(results.map((result) => result.work)).toEqual([1, 1, 1]);
      expect(them.store.operations()).toEqual(['read']);
    },
  );

  test.each([0, 3])('with waitSeconds %d is served, and no observer hears of a refusal', async (waitSeconds) => {
    await until(ask());
    const events: string[] = [];
    const observed = them.factory({ observers: [{ onLockEvent: ({ type }) => void events.push(type) }] });

    await until(observed.singleFlight('token', { ...FRESH, waitSeconds }, work));

    expect(events).toEqual(['requested', 'served']);
  });

  test('may be cancelled', async () => {
    watched(factory.singleFlight('token', FRESH, () => setting.time.sleep(60_000)));
    const controller = new AbortController();
    const waiting = errorOf(others.singleFlight('token', { ...FRESH, signal: controller.signal }, work));
    await pass(1000);
    controller.abort('enough');

    expect(await until(waiting)).toBe('enough');
  });

  test('waits for somebody who holds the lock otherwise, Python included, and then works', async () => {
    setting.putEntry('token', { version: PYTHONS_VERSION });
    const waiting = ask();
    await pass(1000);
    setting.table.items.clear();

    expect(await until(waiting)).toMatchObject({ work: 1 });
  });
});

test('the work has the lock: it is told of its loss, and refreshed meanwhile', async () => {
  const result = await until(
    factory.singleFlight('token', FRESH, async (held) => {
      await setting.time.sleep(20_000);
      held.assertHeld({ forSeconds: 4 });
      return held.name;
    }),
  );

  expect(result).toBe('token');
});

test('asking for it inside itself is refused at once', async () => {
  const inner = until(factory.singleFlight('token', FRESH, async () => String(await errorOf(ask()))));

  expect(await inner).toContain(LockReentrancyError.name);
});

test('a lock of the same name is held by nobody, and free for others once the result’s lease is over', async () => {
  await until(ask());
  const lock = others.createLock('token');
  expect(await until(lock.tryAcquire())).toBeUndefined();
  await pass(34_000);
  const held = await until(lock.tryAcquire());

  expect(held?.isHeld).toBe(true);
  expect(held).not.toBeInstanceOf(LockLostError);
});
