import { getLockFactory as lightFactory } from '../../runtime/light/index.js';
import { type Provocation, wrong } from './provocation.js';
import { createTestLocks, getLockFactory, LockFactory, locked, lockTracing, makeLocked, stickyLock } from './public.js';

const work = (): number => 1;
const LONG = 'x'.repeat(3000);

/** Runs it with these environment variables and no other of ours. */
function inEnvironment(variables: Readonly<Record<string, string>>, run: () => unknown): unknown {
  const before = { ...process.env };
  for (const name of Object.keys(before)) if (name.startsWith('LYNK_')) delete process.env[name];
  Object.assign(process.env, variables);
  try {
    return run();
  } finally {
    process.env = before;
  }
}

async function first(listed: AsyncIterable<unknown>): Promise<unknown> {
  for await (const one of listed) return one;
  return undefined;
}

/** Every option with a value that it cannot have. */
export const OPTIONS: readonly Provocation[] = [
  {
    when: 'the factory’s class is constructed',
    provoke: () => new (LockFactory as unknown as new () => LockFactory)(),
  },
  {
    when: 'an option is misspelt',
    provoke: (locks) => locks.withLock('a', wrong({ waitSecond: 1 }), work),
  },
  {
    when: 'the options are not an object',
    provoke: (locks) => locks.createLock('a', wrong(10)),
  },
  {
    when: '`leaseSeconds` is out of range',
    provoke: (locks) => locks.createLock('a', { leaseSeconds: 0.5 }),
  },
  {
    when: '`leaseSeconds` is `invocation`, but there is no `context`',
    provoke: (locks) => locks.withLock('a', { leaseSeconds: 'invocation' }, work),
  },
  {
    when: '`maxInvocationLeaseSeconds` is out of range',
    provoke: (locks) => locks.createLock('a', { maxInvocationLeaseSeconds: 0 }),
  },
  {
    when: '`waitSeconds` is out of range',
    provoke: (locks) => locks.createLock('a', { waitSeconds: -1 }),
  },
  {
    when: '`lockAtLeastSeconds` is out of range',
    provoke: (locks) => locks.createLock('a', { lockAtLeastSeconds: -1 }),
  },
  {
    when: '`fencing` is not a boolean',
    provoke: (locks) => locks.createLock('a', { fencing: wrong('yes') }),
  },
  {
    when: '`releaseReserveSeconds` is out of range',
    provoke: (locks) => locks.withLock('a', { releaseReserveSeconds: -1 }, work),
  },
  {
    when: '`forSeconds` is negative',
    provoke: (locks) => locks.withLock('a', (held) => held.assertHeld({ forSeconds: -1 })),
  },
  {
    when: '`signal` is not an AbortSignal',
    provoke: (locks) => locks.withLock('a', { signal: wrong('stop') }, work),
  },
  {
    when: '`context` is not a Lambda context',
    provoke: (locks) => locks.withLock('a', { context: wrong({}) }, work),
  },
  {
    when: '`context` belongs to a durable execution',
    provoke: (locks) => locks.withLock('a', { context: wrong({ step: work, wait: work }) }, work),
  },
  {
    when: '`data` is not a JSON value',
    provoke: (locks) => locks.withLock('a', { data: 10n }, work),
  },
  {
    when: '`data` is a function',
    provoke: (locks) => locks.withLock('a', { data: work }, work),
  },
  {
    when: '`data` is too long',
    provoke: (locks) => locks.withLock('a', { data: LONG }, work),
  },
  {
    when: "a lock's name is not a string",
    provoke: (locks) => locks.createLock(wrong(42)),
  },
  { when: "a lock's name is empty", provoke: (locks) => locks.createLock('') },
  {
    when: "a lock's name is too long",
    provoke: (locks) => locks.createLock(LONG),
  },
  {
    when: "a lock's name is not well-formed Unicode",
    provoke: (locks) => locks.createLock('\ud800'),
  },
  {
    when: 'no table is named',
    provoke: () => inEnvironment({}, () => getLockFactory()),
  },
  {
    when: "a table's name is not allowed",
    provoke: () => getLockFactory('my locks'),
  },
  {
    when: 'an environment variable is wrong',
    provoke: () => inEnvironment({ LYNK_TABLE_NAME: 'my-locks', LYNK_LEASE_SECONDS: 'soon' }, () => getLockFactory()),
  },
  {
    when: '`client` is not a client',
    provoke: () => getLockFactory('my-locks', { client: wrong({}) }),
  },
  {
    when: 'a `client` is passed to `cdk-lynk/runtime/light`',
    provoke: () => lightFactory('my-locks', wrong({ client: {} })),
  },
  {
    when: '`credentials` of `cdk-lynk/runtime/light` is not a function',
    provoke: () => lightFactory('my-locks', { credentials: wrong('mine') }),
  },
  {
    when: '`clockToleranceSeconds` is out of range',
    provoke: () => getLockFactory('my-locks', { clockToleranceSeconds: 1 }),
  },
  {
    when: '`hostIdentifier` is empty',
    provoke: () => getLockFactory('my-locks', { hostIdentifier: '' }),
  },
  {
    when: '`logger` is not a logger',
    provoke: () => getLockFactory('my-locks', { logger: wrong({}) }),
  },
  {
    when: '`metrics` is not a metrics object',
    provoke: () => getLockFactory('my-locks', { metrics: wrong({}) }),
  },
  {
    when: '`observers` is not a list of observers',
    provoke: () => getLockFactory('my-locks', { observers: wrong([1]) }),
  },
  {
    when: '`prefix` cannot begin a name',
    provoke: (locks) => first(locks.list({ prefix: wrong(1) })),
  },
  {
    when: '`onMalformed` is not a function',
    provoke: (locks) => first(locks.list({ onMalformed: wrong('log') })),
  },
  {
    when: 'the work is missing',
    provoke: (locks) => locks.withLock('a', wrong<() => number>({})),
  },
  {
    when: '`withLocks` gets no list',
    provoke: (locks) => locks.withLocks(wrong('a'), work),
  },
  {
    when: '`withLocks` gets an empty list',
    provoke: (locks) => locks.withLocks([], work),
  },
  {
    when: '`withLocks` gets a name twice',
    provoke: (locks) => locks.withLocks(['a', 'b', 'a'], work),
  },
  {
    when: '`permits` is out of range',
    provoke: (locks) => locks.createSemaphore('a', { permits: 0 }),
  },
  {
    when: '`freshSeconds` is too short',
    provoke: (locks) => locks.singleFlight('a', { freshSeconds: 1 }, () => 1),
  },
  {
    when: 'a single flight has no clock that it can trust',
    provoke: () =>
      createTestLocks({
        clockToleranceSeconds: Infinity,
        tableName: 'my-locks',
      }).singleFlight('a', { freshSeconds: 60 }, work),
  },
  {
    when: 'the result of a single flight is not a JSON value',
    provoke: (locks) => locks.singleFlight('a', { freshSeconds: 60 }, () => 10n),
  },
  {
    when: 'the result of a single flight is a function',
    provoke: (locks) => locks.singleFlight('a', { freshSeconds: 60 }, () => work),
  },
  {
    when: 'the result of a single flight is too long',
    provoke: (locks) => locks.singleFlight('a', { freshSeconds: 60 }, () => 'x'.repeat(400_000)),
  },
  {
    when: '`break` has no reason',
    provoke: (locks) => locks.break('a', wrong({})),
  },
  {
    when: '`version` is not from `inspect`',
    provoke: (locks) => locks.break('a', { reason: 'stuck', version: '' }),
  },
  {
    when: 'a fencing token is read without fencing',
    provoke: (locks) => locks.withLock('a', (held) => held.fencingToken),
  },
  {
    when: '`transactWrite` gets no list',
    provoke: (locks) => locks.withLock('a', (held) => held.transactWrite(wrong('put'))),
  },
  {
    when: '`transactWrite` gets an empty list',
    provoke: (locks) => locks.withLock('a', (held) => held.transactWrite([])),
  },
  {
    when: 'test locks are asked to run a transaction',
    provoke: (locks) => locks.withLock('a', (held) => held.transactWrite([{ Delete: wrong({}) }])),
  },
  {
    when: '`makeLocked` does not get a function',
    provoke: () => makeLocked(wrong<() => number>('f'), { name: 'a' }),
  },
  {
    when: '`makeLocked` gets no options',
    provoke: () => makeLocked(work, wrong(undefined)),
  },
  {
    when: '`name` of `makeLocked` is neither a string nor a function',
    provoke: () => makeLocked(work, { name: wrong(1) }),
  },
  {
    when: '`onNotGranted` is not allowed',
    provoke: () => makeLocked(work, wrong({ name: 'a', onNotGranted: 'wait' })),
  },
  {
    when: '`factory` is not a factory',
    provoke: () => makeLocked(work, { name: 'a', factory: wrong({}) }),
  },
  {
    when: '`@locked` decorates something that is not a method',
    provoke: () =>
      locked({ name: 'a' })(wrong<object>({}), 'a', wrong<TypedPropertyDescriptor<() => Promise<void>>>(undefined)),
  },
  {
    when: 'a sticky lock has the lease `invocation`',
    provoke: () => stickyLock('a', { leaseSeconds: wrong('invocation') }),
  },
  {
    when: 'the factory of a sticky lock has the lease `invocation`',
    provoke: () => stickyLock('a', { factory: createTestLocks({ leaseSeconds: 'invocation' }) }).use(undefined, work),
  },
  {
    when: '`idleSeconds` is out of range',
    provoke: () => stickyLock('a', { idleSeconds: 0 }),
  },
  {
    when: '`tracerProvider` is not a tracer provider',
    provoke: () => lockTracing({ tracerProvider: wrong({}) }),
  },
];
