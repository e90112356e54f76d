import type { LockFactory } from '../../../runtime/client/lock-factory.js';
import { currentHold } from '../../../runtime/entry/scope.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import type { InvocationContext } from '../../../runtime/options/options.js';
import { StickyLock } from '../../../runtime/recipes/sticky-lock.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);

/** The context of an invocation that began now and may last that long. */
function invocation(seconds: number, awsRequestId?: string): InvocationContext {
  const endsMs = setting.time.nowMs + seconds * 1000;
  return { awsRequestId, getRemainingTimeInMillis: () => endsMs - setting.time.nowMs };
}

/** What work holds that goes on for longer than any invocation. */
function heldBy(run: (work: (held: HeldLock) => Promise<void>) => Promise<unknown>): Promise<HeldLock> {
  return new Promise((resolve) => {
    const work = (held: HeldLock): Promise<void> => {
      resolve(held);
      return setting.time.sleep(60_000);
    };
    run(work).catch(() => {});
  });
}

describe('waiting in an invocation', () => {
  test('leaves its last second', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });

    const error = await until(
      errorOf(
        us
          .factory()
          .createLock('a')
          .acquire({ context: invocation(6) }),
      ),
    );

    expect(error).toMatchObject({ name: 'LockNotGrantedError', holder: { hostIdentifier: 'somebody' } });
    expect(setting.time.nowMs).toBe(5000);
  });

  test('ends with waitSeconds where that is sooner', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });

    await until(
      errorOf(
        us
          .factory()
          .createLock('a')
          .acquire({ context: invocation(6), waitSeconds: 2 }),
      ),
    );

    expect(setting.time.nowMs).toBe(2000);
  });

  test('in its last second asks once', async () => {
    const context = invocation(0.9);
    const factory = us.factory();
    setting.putEntry('held', { version: PYTHONS_VERSION });

    expect((await until(factory.createLock('free').acquire({ context }))).isHeld).toBe(true);
    expect(String(await until(errorOf(factory.createLock('held').acquire({ context }))))).toContain(
      'was not granted so late in its invocation',
    );
    expect(us.store.operations()).toEqual(['acquire', 'acquire']);
  });

  test('of a try does not go beyond it', async () => {
    us.store.fate = () => 'silence';

    await until(
      errorOf(
        us
          .factory()
          .createLock('a')
          .tryAcquire({ context: invocation(0.5) }),
      ),
    );

    expect(setting.time.nowMs).toBe(500);
  });
});

describe('a release in an invocation, of which DynamoDB confirms nothing,', () => {
  const silently = async (workMs: number): Promise<void> => {
    await setting.time.sleep(workMs);
    us.store.fate = () => 'silence';
  };
  type Run = (factory: LockFactory, context: InvocationContext, work: () => Promise<void>) => Promise<unknown>;
  const ways: [string, Run][] = [
    ['withLock', (factory, context, work) => factory.withLock('a', { context }, work)],
    ['withLocks', (factory, context, work) => factory.withLocks(['a', 'b', 'c'], { context }, work)],
    [
      'withPermit',
      (factory, context, work) => factory.createSemaphore('a', { permits: 2 }).withPermit({ context }, work),
    ],
    ['singleFlight', (factory, context, work) => factory.singleFlight('a', { freshSeconds: 60, context }, work)],
    [
      'release itself',
      async (factory, context, work) => {
        const held = await factory.createLock('a').acquire({ context });
        await work();
        await held.release().catch(() => {});
      },
    ],
    [
      'a use of a sticky lock that gives it back',
      (factory, context, work) =>
        new StickyLock(() => factory.createLock('a'), {}).use(context, async () => {
          await work();
          await currentHold()?.release();
        }),
    ],
    [
      'a sticky lock that is given back in a use',
      (factory, context, work) => {
        const sticky = new StickyLock(() => factory.createLock('a'), {});
        return sticky.use(context, () => work().then(() => sticky.release()));
      },
    ],
  ];
  describe.each(ways)('(%s)', (_, run) => {
    test.each([
      [28_000, 10],
      [28_000, 60],
      [29_300, 60],
      [26_000, 900],
    ])(
      'of work that ends after %i of 30,000 ms leaves 300 ms to answer in, with a lease of %i s',
      async (ms, leaseSeconds) => {
        const context = invocation(30);
        await until(run(us.factory({ leaseSeconds }), context, () => silently(ms)).catch(() => {}));

        expect(context.getRemainingTimeInMillis()).toBeGreaterThanOrEqual(300);
        expect(setting.time.nowMs - ms).toBeLessThanOrEqual(3100);
      },
    );
  });

  test('of a hold that is lost leaves them too', async () => {
    const context = invocation(30);
    const working = us.factory().withLock('a', { context }, () => {
      us.store.fate = () => 'silence';
      return setting.time.sleep(29_500);
    });
    expect(await until(errorOf(working))).toMatchObject({ name: 'LockLostError', reason: 'deadline' });
    expect(context.getRemainingTimeInMillis()).toBeGreaterThanOrEqual(300);
  });
});

describe('a hold in an invocation', () => {
  test('is lost at its end: it says why, and warns', async () => {
    const held = await until(
      us
        .factory()
        .createLock('a')
        .acquire({ context: invocation(7) }),
    );
    expect(held.remainingSeconds).toBeCloseTo(6.99, 3);

    await pass(6980);
    expect(held.isHeld).toBe(true);
    await pass(10);

    expect(held.isHeld).toBe(false);
    expect(() => held.assertHeld()).toThrow(
      expect.objectContaining({ name: 'LockLostError', reason: 'invocation-ended', lockName: 'a' }),
    );
    expect(us.warnings).toEqual([
      expect.stringMatching(/lock "a" in table "locks" was lost: the invocation .* has ended/),
    ]);
  });

  test('is kept alive until then, and no longer', async () => {
    const held = await until(
      us
        .factory()
        .createLock('a')
        .acquire({ context: invocation(60) }),
    );
    await pass(59_980);
    expect(held.isHeld).toBe(true);

    await pass(20);
    const before = us.store.sent.length;
    await pass(60_000);

    expect(held.isHeld).toBe(false);
    expect(us.store.sent.length).toBe(before);
  });

  test('that a frozen sandbox takes beyond it is lost when it thaws, before any timer runs', async () => {
    const held = await until(
      us
        .factory()
        .createLock('a')
        .acquire({ context: invocation(7) }),
    );

    us.freeze(7000);

    expect(held.isHeld).toBe(false);
    expect(() => held.assertHeld()).toThrow(expect.objectContaining({ reason: 'invocation-ended' }));
  });

  test('that a frozen sandbox takes beyond it is told soon after it thaws, though its timers slept too', async () => {
    const { signal } = await until(
      us
        .factory()
        .createLock('a')
        .acquire({ context: invocation(3) }),
    );
    await pass(1000);
    us.freeze(2500);

    await pass(250);

    expect(signal.aborted).toBe(true);
  });

  test('whose invocation is over by the time it is granted is lost from the start', async () => {
    const acquire = us.store.acquire.bind(us.store);
    us.store.acquire = async (...args) => {
      const answer = await acquire(...args);
      us.block(7000);
      return answer;
    };
    const lock = us.factory().createLock('a', { leaseSeconds: 60 });

    const held = await until(lock.acquire({ context: invocation(7) }));

    expect(() => held.assertHeld()).toThrow(expect.objectContaining({ reason: 'invocation-ended' }));
    const endedMs = setting.time.nowMs;
    await until(held.release());
    // It is not waited for, as there is nobody left who could wait.
    expect(setting.time.nowMs).toBe(endedMs);
    await pass(10);
    expect(setting.table.items.size).toBe(0);
  });

  test.each<[string, (lock: LockFactory, options: { context: InvocationContext }) => Promise<HeldLock | undefined>]>([
    ['an acquire', (factory, options) => factory.createLock('a').acquire(options)],
    ['a try', (factory, options) => factory.createLock('a').tryAcquire(options)],
    ['a permit', (factory, options) => factory.createSemaphore('a', { permits: 2 }).acquire(options)],
    [
      'several locks',
      (factory, options) => {
        return heldBy((work) => factory.withLocks(['a', 'b'], options, ({ locks }) => work(locks[1] as HeldLock)));
      },
    ],
    [
      'a single flight',
      (factory, options) => heldBy((work) => factory.singleFlight('a', { freshSeconds: 60, ...options }, work)),
    ],
  ])('that begins late, since the table was long to be found, is not held beyond it: %s', async (_, take) => {
    const identify = us.store.identify.bind(us.store);
    us.store.identify = async (name) => {
      await setting.time.sleep(2000);
      return identify(name);
    };
    const held = await until(take(us.factory({ leaseSeconds: 60 }), { context: invocation(7) }));
    await pass(6990 - setting.time.nowMs);
    expect(held?.isHeld).toBe(true);

    await pass(10);
    expect(held?.isHeld).toBe(false);
  });

  test('that ends at its deadline is lost to the invocation', async () => {
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});
    const held = await until(
      us
        .factory()
        .createLock('a')
        .acquire({ context: invocation(9.65) }),
    );

    await pass(9650);

    expect(() => held.assertHeld()).toThrow(expect.objectContaining({ reason: 'invocation-ended' }));
  });

  test('of work that outlasts it gives a LockLostError', async () => {
    const outcome = us.factory().withLock('a', { context: invocation(7) }, () => setting.time.sleep(8000));

    expect(await until(errorOf(outcome))).toMatchObject({ name: 'LockLostError', reason: 'invocation-ended' });
  });

  test('names it, so that the holder’s log is found', async () => {
    const held = us.factory().createLock('a');
    await until(held.acquire({ context: invocation(7, 'request-1') }));

    expect(setting.table.items.get('a')).toMatchObject({ hostIdentifier: { S: 'process-1/request-1' } });
  });

  test('that was handed over to it ends with it too', async () => {
    const theirs = await until(setting.process().factory().createLock('a').acquire());
    const text = await until(theirs.serialize());

    const held = await until(us.factory().deserializeLock(text, { context: invocation(7) }));
    await pass(7000);

    expect(() => held.assertHeld()).toThrow(expect.objectContaining({ reason: 'invocation-ended' }));
  });
});

test('callers in one process with different invocations end apart', async () => {
  const factory = us.factory();
  const short = watched(factory.createLock('a').acquire({ context: invocation(3) }));
  const long = watched(factory.createLock('b').acquire({ context: invocation(30) }));
  await pass(4000);

  expect(short.value?.isHeld).toBe(false);
  expect(long.value?.isHeld).toBe(true);
});

describe('the work', () => {
  const acquired = (seconds: number, options: object = {}) =>
    until(
      us
        .factory()
        .createLock('a')
        .acquire({ context: invocation(seconds), ...options }),
    );

  test('is told to stop a second before the invocation’s end, while the lock is held', async () => {
    const held = await acquired(7);
    await pass(5980);
    expect(held.signal.aborted).toBe(false);
    await pass(10);

    expect(held.signal.aborted).toBe(true);
    expect(held.signal.reason).toMatchObject({ name: 'InvocationEndingError', lockName: 'a', tableName: 'locks' });
    expect(String(held.signal.reason)).toContain(
      'lock "a" in table "locks": its invocation ends in 1 s or less; stop now, while it is held',
    );
    expect(held.isHeld).toBe(true);
    await until(held.release());
    expect(setting.table.items.size).toBe(0);
    expect(us.warnings).toEqual([]);
  });

  test.each([
    [0, 7000],
    [3, 4000],
  ])('with releaseReserveSeconds %s so long before', async (releaseReserveSeconds, atMs) => {
    const held = await acquired(7, { releaseReserveSeconds });
    let abortedMs: number | undefined;
    held.signal.addEventListener('abort', () => {
      abortedMs = setting.time.nowMs;
    });
    await pass(7000);

    expect(abortedMs).toBe(atMs);
  });

  test('is told where no timer could run', async () => {
    const held = await acquired(7);
    us.block(6000);

    expect(held.signal.reason).toMatchObject({ name: 'InvocationEndingError' });
  });

  test('that stops by it releases the lock, and its error is the caller’s', async () => {
    const work = (held: { signal: AbortSignal }) =>
      new Promise((_, reject) => held.signal.addEventListener('abort', () => reject(held.signal.reason)));
    const error = await until(errorOf(us.factory().withLock('a', { context: invocation(7) }, work)));

    expect(error).toMatchObject({ name: 'InvocationEndingError' });
    expect(setting.time.nowMs).toBeLessThan(6100);
    expect(setting.table.items.size).toBe(0);
  });

  test('waits no longer than until it would be told to stop', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });
    await until(errorOf(acquired(7, { releaseReserveSeconds: 3 })));

    expect(setting.time.nowMs).toBe(4000);
  });
});

test('remaining time 0 is a value: the lock is asked for in no time, and not granted', async () => {
  const error = await until(
    errorOf(
      us
        .factory()
        .createLock('a')
        .acquire({ context: invocation(0) }),
    ),
  );

  expect(error).toMatchObject({ name: 'LockUnavailableError' });
});

test('what is left of the invocation is read at each call', async () => {
  const context = invocation(40);
  const lock = us.factory().createLock('a', { leaseSeconds: 60 });
  const remaining: number[] = [];
  for (const _ of [1, 2]) {
    await until(lock.withLock({ context }, (held) => void remaining.push(held.remainingSeconds)));
    await pass(10_000);
  }

  expect(remaining[0]).toBeCloseTo(39.99, 1);
  expect(remaining[1]).toBeCloseTo(29.97, 1);
});

describe('a lease for the invocation', () => {
  const leaseInTable = () => (setting.table.items.get('a')?.['leaseDuration'] as { N: string } | undefined)?.N;
  const acquired = (seconds: number) =>
    until(
      us
        .factory()
        .createLock('a', { leaseSeconds: 'invocation' })
        .acquire({ context: invocation(seconds) }),
    );

  test.each([0.2, 1, 3, 29.5, 50])('of %s s covers it without a refresh', async (seconds) => {
    const held = await acquired(seconds);
    const lease = Number(leaseInTable());
    expect(Number.isInteger(lease)).toBe(true);
    expect(lease).toBeLessThanOrEqual(seconds + 4);
    await pass(seconds * 1000 - 30);

    expect(held.isHeld).toBe(true);
    expect(us.store.operations()).toEqual(['acquire']);
    await pass(30);
    expect(held.isHeld).toBe(false);
  });

  test('longer than a minute is capped, and refreshed', async () => {
    const held = await acquired(300);
    expect(leaseInTable()).toBe('60');
    await pass(299_000);

    expect(held.isHeld).toBe(true);
    expect(us.store.operations().filter((operation) => operation === 'refresh').length).toBe(9);
  });

  test.each<[string, (maxInvocationLeaseSeconds: number) => Promise<unknown>]>([
    [
      'a factory',
      (maxInvocationLeaseSeconds) =>
        us
          .factory({ leaseSeconds: 'invocation', maxInvocationLeaseSeconds })
          .createLock('a')
          .acquire({ context: invocation(300) }),
    ],
    [
      'a lock',
      (maxInvocationLeaseSeconds) =>
        us
          .factory()
          .createLock('a', { leaseSeconds: 'invocation', maxInvocationLeaseSeconds })
          .acquire({ context: invocation(300) }),
    ],
    [
      'a call',
      async (maxInvocationLeaseSeconds) => {
        const bounded = { leaseSeconds: 'invocation', maxInvocationLeaseSeconds, context: invocation(300) } as const;
        await us.factory().withLock('a', bounded, () => expect(leaseInTable()).toBe(String(maxInvocationLeaseSeconds)));
        return us.factory().tryWithLock('a', bounded, () => new Promise(() => {}));
      },
    ],
    [
      'a call for several',
      (maxInvocationLeaseSeconds) =>
        us
          .factory()
          .withLocks(
            ['a', 'b'],
            { leaseSeconds: 'invocation', maxInvocationLeaseSeconds, context: invocation(300) },
            () => new Promise(() => {}),
          ),
    ],
  ])('is capped where %s says', async (_, ask) => {
    void ask(20);
    await pass(1000);

    expect(leaseInTable()).toBe('20');
  });

  test('that is handed over is capped where the factory says', async () => {
    const factory = us.factory({ leaseSeconds: 'invocation', maxInvocationLeaseSeconds: 20 });
    const context = invocation(300);
    const text = await until(
      factory
        .createLock('a')
        .acquire({ context })
        .then((held) => held.serialize()),
    );
    const held = await until(factory.deserializeLock(text, { context }));

    expect(leaseInTable()).toBe('20');
    expect(held.isHeld).toBe(true);
  });

  test('needs an invocation', async () => {
    expect(await errorOf(us.factory({ leaseSeconds: 'invocation' }).createLock('a').acquire())).toMatchObject({
      name: 'LockOptionError',
      message: expect.stringContaining('pass { context }'),
    });
  });
});

// Sent at 0, a lease of 10 s, a margin of 0.35 s.
test.each([
  ['beyond', 9],
  ['exactly until', 9.65],
])('a lease that lasts %s the invocation’s end is not refreshed', async (_, seconds) => {
  await until(
    us
      .factory()
      .createLock('a', { leaseSeconds: 10 })
      .acquire({ context: invocation(seconds) }),
  );
  await pass(seconds * 1000);

  expect(us.store.operations()).toEqual(['acquire']);
});

test.each([-1, 901, Number.NaN, '1'])('releaseReserveSeconds %p is refused', async (releaseReserveSeconds) => {
  const options = { context: invocation(7), releaseReserveSeconds } as never;

  expect(await errorOf(us.factory().createLock('a').acquire(options))).toMatchObject({ name: 'LockOptionError' });
});
