import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDurableExecution } from '@aws/durable-execution-sdk-js';
import { LocalDurableTestRunner, WaitingOperationStatus } from '@aws/durable-execution-sdk-js-testing';
import { LockLostError, LockNotGrantedError, LynkError, withLock } from 'cdk-lynk/runtime';
import { tryWithDurableLock, withDurableLock, withDurablePermit } from 'cdk-lynk/runtime/durable';
import { createTestLocks } from 'cdk-lynk/testing';

/** Every method of a held lock, beside the same of the SDK alone; in the runner of the SDK, which skips time. */
await LocalDurableTestRunner.setupTestEnvironment({ skipTime: true });
let locks;
/** Calls as another process does: not from within a held lock. */
const outside = AsyncLocalStorage.snapshot();

const told = (error) => [error.name, error.message, error.cause?.name, error.cause?.message];
const settled = (promise) =>
  promise.then(
    (value) => ({ value }),
    (error) => ({ error: told(error) }),
  );
const never = { retryStrategy: () => ({ shouldRetry: false }) };
const dates = {
  serialize: async (value) => value?.toISOString(),
  deserialize: async (text) => (text === undefined ? undefined : new Date(text)),
};
const fail = (error) => async () => {
  throw error;
};

async function run(handler, { setUp = () => {}, functions = {}, callbacks = {} } = {}) {
  locks = createTestLocks({ time: 'virtual' }).install();
  const state = { invocations: 0 };
  const handlerFunction = withDurableExecution((_, context) => {
    state.invocations += 1;
    return handler(context, state);
  });
  const runner = new LocalDurableTestRunner({ handlerFunction });
  for (const [name, answer] of Object.entries(callbacks)) {
    const operation = runner.getOperation(name);
    void operation.waitForData(WaitingOperationStatus.SUBMITTED).then(() => answer(operation));
  }
  for (const [name, called] of Object.entries(functions)) runner.registerFunction(name, called);
  await setUp(state);
  const execution = await runner.run({ payload: {} });
  const result = execution.getStatus() === 'SUCCEEDED' ? execution.getResult() : execution.getError();
  const isFree = locks.holderOf('a') === undefined;
  locks.uninstall();
  return { result, isFree, invocations: state.invocations };
}

/** What the same calls come to with a held lock, and with the context alone. */
const same = (calls, options) => async () => {
  const held = await run((context, state) => withDurableLock(context, 'a', (lock) => calls(lock, state)), options);
  const alone = await run((context, state) => calls(context, state), options);
  return { held: held.result, alone: alone.result, isFree: held.isFree };
};

const CASES = {
  'errors of steps': same(async (on) => {
    const errors = [new TypeError('a type'), Object.assign(new Error('a name'), { name: 'LockedAccount' })];
    const outcomes = [];
    for (const [index, error] of errors.entries())
      outcomes.push(await settled(on.step(`s${index}`, fail(error), never)));
    return outcomes;
  }),
  'retries of steps': same(async (on, state) => {
    state.attempts ??= [];
    const retryStrategy = (_, attempt) => ({ shouldRetry: attempt < 3, delay: { seconds: 40 } });
    const work = async (...args) => {
      state.attempts.push(args.at(-1).attempt);
      if (state.attempts.length < 3) throw new Error('again');
      return state.attempts;
    };
    return on.step('tried', work, { retryStrategy });
  }),
  'steps that run at most once': same((on) =>
    on.step('once', async () => 'ran', { ...never, semantics: 'AT_MOST_ONCE_PER_RETRY' }),
  ),
  serdes: same(async (on) => {
    const date = new Date(0);
    const step = await on.step('date', async () => date, { serdes: dates });
    const child = await on.runInChildContext('dates', async () => date, { serdes: dates });
    await on.wait({ seconds: 1 });
    return [step instanceof Date, child instanceof Date, step, child];
  }),
  callbacks: same(
    async (on) => {
      const outcomes = [];
      for (const name of ['succeeds', 'fails']) outcomes.push(await settled(on.waitForCallback(name, async () => {})));
      outcomes.push(await settled(on.waitForCallback('times out', async () => {}, { timeout: { seconds: 1 } })));
      outcomes.push(await settled(on.waitForCallback('is not submitted', fail(new Error('offline')), never)));
      return outcomes;
    },
    {
      callbacks: {
        succeeds: (operation) => operation.sendCallbackSuccess('yes'),
        fails: (operation) => operation.sendCallbackFailure({ ErrorType: 'Declined', ErrorMessage: 'no' }),
      },
    },
  ),
  conditions: same(async (on) => {
    const options = (most) => ({
      initialState: 0,
      waitStrategy: (state) =>
        state < most ? { shouldContinue: true, delay: { hours: 1 } } : { shouldContinue: false },
    });
    const met = await on.waitForCondition('met', async (state) => state + 1, options(3));
    return [met, await settled(on.waitForCondition('thrown', fail(new RangeError('out')), options(3)))];
  }),
  invocations: same(
    async (on) => [
      await on.invoke('doubled', 'double', { number: 21 }),
      await settled(on.invoke('broken', 'broken', {})),
    ],
    {
      functions: {
        double: async ({ number }) => number * 2,
        broken: fail(new TypeError('broken inside')),
      },
    },
  ),
  'children and their errors': same(async (on) => {
    const outcomes = [await on.runInChildContext('fine', async (child) => child.step('in', async () => 'fine'))];
    await on.wait({ seconds: 5 });
    outcomes.push(
      await settled(on.runInChildContext('step', (child) => child.step('in', fail(new TypeError('in')), never))),
    );
    outcomes.push(await settled(on.runInChildContext('code', fail(new RangeError('of code')))));
    await on.wait({ seconds: 5 });
    outcomes.push(await on.step('after', async () => 'after'));
    return outcomes;
  }),
  'a child that has ended': () =>
    run((context) =>
      withDurableLock(context, 'a', { fencing: true }, async (held) => {
        const tokens = await held.runInChildContext('child', async (_, inner) => {
          const one = await inner.step('one', async (hold) => String(hold.fencingToken));
          await inner.wait({ days: 2 });
          return [one, await inner.step('two', async (hold) => String(hold.fencingToken))];
        });
        await held.wait({ days: 3 });
        tokens.push(await held.step('three', async (hold) => String(hold.fencingToken)), String(held.fencingToken));
        return new Set(tokens).size;
      }),
    ),
  'errors keep their class': () =>
    run(
      (context) =>
        withDurableLock(context, 'a', async (held) => {
          const step = held.step('other', () => withLock('b', { waitSeconds: 0 }, async () => 1), never);
          const error = await step.catch((failed) => failed);
          await held.wait({ hours: 8 });
          return [error instanceof LockNotGrantedError, error.lockName];
        }),
      { setUp: () => locks.simulate.heldByOther('b', { hostIdentifier: 'another' }) },
    ),
  'parallel branches': () =>
    run(async (context) => {
      let inside = 0;
      let most = 0;
      const branch = (child) =>
        withDurableLock(child, 'a', { waitSeconds: 86_400 }, (held) =>
          held.step('in', async () => {
            most = Math.max(most, ++inside);
            await sleep(20);
            inside -= 1;
          }),
        );
      const outcome = await context.parallel('branches', [branch, branch, branch]);
      return [outcome.successCount, most];
    }),
  'overlapping steps': () =>
    run((context) =>
      withDurableLock(context, 'a', async (held) => {
        const [first, second] = await Promise.allSettled([
          held.step('first', () => sleep(50)),
          held.step('second', async () => 1),
        ]);
        return [first.status, second.reason instanceof LynkError, second.reason.message];
      }),
    ),
  'nested, of the same name': () =>
    run((context) => withDurableLock(context, 'a', () => withDurableLock(context, 'a', async () => 1))),
  'asked once': () =>
    run(
      async (context) => [
        await tryWithDurableLock(context, 'a', (held) => held.step('in', async () => 'got it')),
        await tryWithDurableLock(context, 'b', async () => 'not run').then(({ acquired, holder }) => [
          acquired,
          holder.hostIdentifier,
        ]),
      ],
      { setUp: () => locks.simulate.heldByOther('b', { hostIdentifier: 'another' }) },
    ),
  'not granted in time': () =>
    run((context) => withDurableLock(context, 'b', { waitSeconds: 7200 }, async () => 'not run'), {
      setUp: () => locks.simulate.heldByOther('b', { hostIdentifier: 'another' }),
    }),
  permits: () =>
    run(async (context) => {
      const semaphore = locks.createSemaphore('a', { permits: 2 });
      const names = [];
      await withDurablePermit(context, 'a', { permits: 2 }, async (held) => {
        names.push(held.name);
        const another = (work) => outside(() => semaphore.withPermit({ waitSeconds: 0 }, work));
        const taken = another(async (permit) => {
          names.push(permit.name);
          return (await settled(another(async () => 'a third one'))).error[0];
        });
        names.push(await held.step('in', () => taken));
      });
      return names.toSorted((one, two) => one.localeCompare(two));
    }),
  'options refused': () =>
    run(async (context) => {
      const work = async () => 1;
      const given = [
        { signal: new AbortController().signal },
        { context: {} },
        { releaseReserveSeconds: 1 },
        { wait: 1 },
      ];
      given.push(
        { maxInvocationLeaseSeconds: 1 },
        { leaseSeconds: 'invocation' },
        { waitSeconds: -1 },
        { maxPollSeconds: 0 },
        { factory: {} },
      );
      const messages = [];
      for (const options of given)
        messages.push((await settled(withDurableLock(context, 'a', options, work))).error.slice(0, 2));
      messages.push((await settled(withDurableLock(context.lambdaContext, 'a', work))).error.slice(0, 2));
      messages.push((await settled(tryWithDurableLock(context, 'a', { waitSeconds: 1 }, work))).error.slice(0, 2));
      return messages;
    }),
  'without fencing': () =>
    run((context) => withDurableLock(context, 'a', { fencing: false }, async (held) => String(held.fencingToken))),
  'held at least': () =>
    run(async (context) => {
      await withDurableLock(context, 'c', { lockAtLeastSeconds: 3600 }, (held) => held.step('in', async () => 1));
      const before = await tryWithDurableLock(context, 'c', async () => 1);
      await locks.time.advance(3600);
      const after = await tryWithDurableLock(context, 'c', async () => 1);
      return [before.acquired, after.acquired];
    }),
  'broken by an operator': () =>
    run((context, state) =>
      withDurableLock(context, 'a', async (held) => {
        await held.step('one', async () => 1);
        await context.step('break', () => locks.break('a', { reason: 'by the test' }).then(() => 1));
        const error = await held.step('two', async () => 2).catch((failed) => failed);
        await context.wait({ hours: 1 });
        state.lost = [error instanceof LockLostError, error.reason];
        return 'not seen';
      }).catch((error) => [...state.lost, error instanceof LockLostError, error.reason]),
    ),
  'days of contention and waits': () =>
    run(
      (context) =>
        withDurableLock(context, 'a', { waitSeconds: 7 * 86_400 }, async (held) => {
          await held.step('one', async () => 1);
          await held.wait({ days: 2 });
          return held.step('two', async (hold) => [hold.isHeld, locks.time.now()]);
        }),
      {
        setUp: async () => {
          const other = await locks.simulate.heldByOther('a');
          void locks.time.sleep(5 * 3600).then(() => other.release());
        },
      },
    ),
};

const only = process.argv[2];
const outcomes = {};
for (const [name, outcome] of Object.entries(CASES)) {
  if (only === undefined || name === only) outcomes[name] = await outcome();
}
console.log(JSON.stringify(outcomes));
process.exit();
