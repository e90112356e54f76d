import { withDurableLock } from '../../../runtime/durable/index.js';
import type { HeldLock } from '../../../runtime/index.js';
import { Setting, type TestProcess } from '../setting.js';
import { StoredExecution } from './stored-execution.js';

const LEASE_SECONDS = 20;
const ONCE = 'AT_MOST_ONCE_PER_RETRY';

let setting: Setting;
let execution: StoredExecution;

beforeEach(() => {
  setting = new Setting();
  execution = new StoredExecution(setting.time);
});

const options = (process: TestProcess) => ({ factory: process.factory(), leaseSeconds: LEASE_SECONDS });
const runFor = (seconds: number) => setting.time.run(setting.time.nowMs + seconds * 1000);
const believes = (hold: HeldLock | undefined): boolean => hold?.isHeld === true;

/** An invocation whose step never ends. Resolves to its hold. */
async function interruptedStep(process: TestProcess, config: object = {}): Promise<HeldLock> {
  let hold: HeldLock | undefined;
  void withDurableLock(execution.invoke(), 'job', options(process), (held) =>
    held.step(
      'work',
      (given) => {
        hold = given;
        return new Promise(() => {});
      },
      config,
    ),
  );
  await setting.time.run(setting.time.nowMs + 1000, () => hold !== undefined);
  return hold as unknown as HeldLock;
}

test('a step that was interrupted and refreshed while it was evicted is waited out from that refresh on', async () => {
  const [first, second] = [setting.process(), setting.process()];
  const zombie = await interruptedStep(first);
  const { store } = second;
  // The eviction is tried for some time, and the interrupted run refreshes meanwhile.
  await runFor(9);
  store.fate = ({ operation }) => {
    const isEviction =
      operation === 'refresh' && store.sent.filter((sent) => sent.operation === 'refresh').length === 3;
    return isEviction ? 'silence' : {};
  };
  let bothBelieve = false;
  const outcome = withDurableLock(execution.invoke(), 'job', options(second), (held) =>
    held.step('work', async () => {
      bothBelieve = believes(zombie);
      return 'done';
    }),
  );
  // Its next refreshes find no way to the table: it does not learn that it was evicted.
  await runFor(3);
  first.store.fate = () => 'silence';

  await expect(setting.time.until(outcome)).resolves.toBe('done');
  expect(bothBelieve).toBe(false);
});

test('a step that runs at most once, and was interrupted, is waited out before the lock is given back', async () => {
  const [first, second, other] = [setting.process(), setting.process(), setting.process()];
  const zombie = await interruptedStep(first, { semantics: ONCE, retryStrategy: () => ({ shouldRetry: false }) });
  first.store.fate = () => 'silence';

  const outcome = withDurableLock(execution.invoke(), 'job', options(second), (held) =>
    held.step('work', async () => 'never', { semantics: ONCE, retryStrategy: () => ({ shouldRetry: false }) }),
  );
  const taken = other.factory().withLock('job', { waitSeconds: 100 }, async () => believes(zombie));
  await expect(setting.time.until(outcome)).rejects.toThrow('StepInterruptedError');
  expect(await setting.time.until(taken)).toBe(false);
});

test('a step that runs at most once, and was interrupted, is waited out before its next attempt', async () => {
  const [first, second] = [setting.process(), setting.process()];
  const config = { semantics: ONCE, retryStrategy: () => ({ shouldRetry: true, delay: { seconds: 8 } }) };
  const zombie = await interruptedStep(first, config);
  first.store.fate = () => 'silence';

  const outcome = withDurableLock(execution.invoke(), 'job', options(second), (held) =>
    held.step('work', async () => believes(zombie), config),
  );
  expect(await setting.time.until(outcome)).toBe(false);
});

test('a release waits for a step that nobody has awaited', async () => {
  const [first, other] = [setting.process(), setting.process()];
  let running: HeldLock | undefined;
  const outcome = withDurableLock(execution.invoke(), 'job', options(first), async (held) => {
    const work = async (hold: HeldLock): Promise<void> => {
      running = hold;
      await setting.time.sleep(30_000);
    };
    await Promise.all([held.step('one', work), held.step('another', work)]);
  });
  const failed = expect(outcome).rejects.toThrow('step "another" began while another operation of the same held lock');
  await runFor(1);
  const taken = other.factory().withLock('job', { waitSeconds: 100 }, async () => {
    expect(setting.time.nowMs).toBeGreaterThan(30_000);
    return believes(running);
  });

  expect(await setting.time.until(taken)).toBe(false);
  await failed;
});

test('a child that failed ends after its step has ended, so that a replay knows how far the lock has come', async () => {
  const [first, second] = [setting.process(), setting.process()];
  const handler = async (process: TestProcess, isSecond: boolean) =>
    withDurableLock(execution.invoke(), 'job', options(process), async (held) => {
      await held
        .runInChildContext('child', async (_, inner) => {
          const slow = inner.step('slow', () => setting.time.sleep(3000));
          await Promise.all([slow, inner.step('at the same time', async () => 'no')]);
        })
        .catch(() => 'failed');
      if (!isSecond) return new Promise<string>(() => {});
      return held.step('after', async () => 'done');
    });
  void handler(first, false);
  await runFor(5);

  expect(await setting.time.until(handler(second, true))).toBe('done');
  // Nothing had to be waited out.
  expect(execution.waits).toEqual([]);
});

test('children that end in another order than they began leave the lock where the last of them did', async () => {
  const [first, second] = [setting.process(), setting.process()];
  const handler = (process: TestProcess, isSecond: boolean) => {
    const context = execution.invoke();
    return withDurableLock(context, 'job', options(process), async (held) => {
      const late = held.runInChildContext('late', async (child, inner) => {
        await child.wait('first', { seconds: 5 });
        await inner.step('late', async () => 'late');
        return inner.step('last', async () => 'last');
      });
      const early = held.runInChildContext('early', async (_, inner) => inner.step('early', async () => 'early'));
      await Promise.all([late, early]);
      if (!isSecond) return new Promise<string>(() => {});
      return held.step('after', async () => 'done');
    });
  };
  void handler(first, false);
  await runFor(8);

  expect(await setting.time.until(handler(second, true))).toBe('done');
  expect(execution.waits).toEqual([{ name: 'first', seconds: 5 }]);
});

test('while it is not known whether an interrupted run goes on, the lock is not given back', async () => {
  const [first, second, other] = [setting.process(), setting.process(), setting.process()];
  const zombie = await interruptedStep(first);
  second.store.fate = ({ operation }) => (operation === 'release' ? {} : 'silence');

  const outcome = withDurableLock(execution.invoke(), 'job', options(second), (held) =>
    held.step('work', async () => 1),
  );
  const failed = expect(outcome).rejects.toThrow('DynamoDB has not confirmed in 20 operations of the execution');
  await setting.time.until(outcome.catch(() => {}));
  await failed;
  expect(believes(zombie)).toBe(true);
  expect(await setting.time.until(other.factory().tryWithLock('job', async () => 1))).toMatchObject({
    acquired: false,
  });
});
