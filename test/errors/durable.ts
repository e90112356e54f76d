import { type DurableContext, withDurableLock, withDurablePermit } from '../../runtime/durable/index.js';
import type { VirtualTestLocks } from '../../runtime/testing/index.js';
import { type Provocation, wrong } from './provocation.js';

/** An execution that is never interrupted. It waits in the virtual time of the locks. */
function executionWith(locks: VirtualTestLocks): DurableContext {
  const run = async (...args: readonly unknown[]): Promise<unknown> => {
    const work = args.find((given) => typeof given === 'function') as (context: unknown) => unknown;
    return work(context);
  };
  const context: DurableContext = {
    lambdaContext: locks.invocation(900),
    executionContext: { durableExecutionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:billing:1/durable/0e7d' },
    step: run as DurableContext['step'],
    runInChildContext: run as DurableContext['runInChildContext'],
    wait: async (_name, { seconds }) => locks.time.advance(seconds),
    promise: { race: async (_name, promises) => Promise.race(promises) },
    waitForCallback: run,
    waitForCondition: run,
    invoke: run,
  };
  return context;
}

const work = async (): Promise<number> => 1;

/** Asks for a lock with these options. */
const asking =
  (options: object): Provocation['provoke'] =>
  (locks) =>
    withDurableLock(executionWith(locks), 'a', { factory: locks, ...options }, work);

export const DURABLE_OPTIONS: readonly Provocation[] = [
  {
    when: 'a durable lock is requested outside a durable execution',
    provoke: (locks) => withDurableLock(wrong<DurableContext>({}), 'a', { factory: locks }, work),
  },
  { when: 'a durable lock gets a `signal`', provoke: asking({ signal: new AbortController().signal }) },
  { when: 'a durable lock gets a `context`', provoke: asking({ context: {} }) },
  { when: 'a durable lock gets an option about invocations', provoke: asking({ releaseReserveSeconds: 1 }) },
  { when: 'a durable lock has the lease `invocation`', provoke: asking({ leaseSeconds: 'invocation' }) },
  { when: '`waitSeconds` of a durable lock is out of range', provoke: asking({ waitSeconds: -1 }) },
  { when: '`maxPollSeconds` is out of range', provoke: asking({ maxPollSeconds: 0 }) },
  { when: '`factory` of a durable lock is not a factory', provoke: asking({ factory: {} }) },
  {
    when: 'a permit for a durable execution lacks `permits`',
    provoke: (locks) => withDurablePermit(executionWith(locks), 'a', wrong({ factory: locks }), work),
  },
  {
    when: '`held.wait` gets no duration',
    provoke: (locks) =>
      withDurableLock(executionWith(locks), 'a', { factory: locks }, (held) => held.wait('pause', wrong(3))),
  },
  {
    when: '`retryStrategy` of `held.step` is not a function',
    provoke: (locks) =>
      withDurableLock(executionWith(locks), 'a', { factory: locks }, (held) =>
        held.step('charge', work, wrong({ retryStrategy: 3 })),
      ),
  },
  {
    when: '`serdes` of `held.step` lacks a method',
    provoke: (locks) =>
      withDurableLock(executionWith(locks), 'a', { factory: locks }, (held) =>
        held.step('charge', work, wrong({ serdes: JSON })),
      ),
  },
];

export const DURABLE_LOST: readonly Provocation[] = [
  {
    when: 'a durable lock is used after its work',
    provoke: async (locks) => {
      const held = await withDurableLock(executionWith(locks), 'account/42', { factory: locks }, async (lock) => lock);
      await held.step('charge', work);
    },
  },
];

export const DURABLE_OTHER: readonly Provocation[] = [
  {
    when: 'two steps of one durable lock overlap',
    provoke: (locks) =>
      withDurableLock(executionWith(locks), 'account/42', { factory: locks }, (held) =>
        Promise.all([held.step('charge', work), held.step('book', work)]),
      ),
  },
];
