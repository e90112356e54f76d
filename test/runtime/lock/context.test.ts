import type { InvocationContext } from '../../../runtime/lock/options.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from './setting.js';

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
    expect(held.signal.reason).toMatchObject({ name: 'LockLostError', reason: 'invocation-ended', lockName: 'a' });
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

  test('that ends at its deadline is lost to the invocation', async () => {
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});
    const held = await until(
      us
        .factory()
        .createLock('a')
        .acquire({ context: invocation(9.65) }),
    );

    await pass(9650);

    expect(held.signal.reason).toMatchObject({ reason: 'invocation-ended' });
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

    expect(held.signal.reason).toMatchObject({ reason: 'invocation-ended' });
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
