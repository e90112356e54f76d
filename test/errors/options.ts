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
    when: 'the factory’s class is constructed, and not injected',
    provoke: () => new (LockFactory as unknown as new () => LockFactory)(),
  },
  {
    when: 'an option is misspelt',
    provoke: (locks) => locks.withLock('a', wrong({ waitSecond: 1 }), work),
  },
  {
    when: 'options are no object',
    provoke: (locks) => locks.createLock('a', wrong(10)),
  },
  {
    when: '`leaseSeconds` is out of range',
    provoke: (locks) => locks.createLock('a', { leaseSeconds: 0.5 }),
  },
  {
    when: "`leaseSeconds` is the invocation's, and there is none",
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
    when: '`fencing` is no flag',
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
    when: '`signal` is no signal',
    provoke: (locks) => locks.withLock('a', { signal: wrong('stop') }, work),
  },
  {
    when: '`context` is no Lambda context',
    provoke: (locks) => locks.withLock('a', { context: wrong({}) }, work),
  },
  {
    when: '`context` is that of a durable execution',
    provoke: (locks) => locks.withLock('a', { context: wrong({ step: work, wait: work }) }, work),
  },
  {
    when: '`data` is no JSON',
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
    when: "a lock's name is no text",
    provoke: (locks) => locks.createLock(wrong(42)),
  },
  { when: "a lock's name is empty", provoke: (locks) => locks.createLock('') },
  {
    when: "a lock's name is too long",
    provoke: (locks) => locks.createLock(LONG),
  },
  {
    when: "a lock's name is half of a character",
    provoke: (locks) => locks.createLock('\ud800'),
  },
  {
    when: 'no table is named',
    provoke: () => inEnvironment({}, () => getLockFactory()),
  },
  {
    when: "a table's name cannot be one",
    provoke: () => getLockFactory('my locks'),
  },
  {
    when: 'an environment variable is wrong',
    provoke: () => inEnvironment({ LYNK_TABLE_NAME: 'my-locks', LYNK_LEASE_SECONDS: 'soon' }, () => getLockFactory()),
  },
  {
    when: '`client` is none',
    provoke: () => getLockFactory('my-locks', { client: wrong({}) }),
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
    when: '`logger` is none',
    provoke: () => getLockFactory('my-locks', { logger: wrong({}) }),
  },
  {
    when: '`metrics` is none',
    provoke: () => getLockFactory('my-locks', { metrics: wrong({}) }),
  },
  {
    when: '`observers` is no list of observers',
    provoke: () => getLockFactory('my-locks', { observers: wrong([1]) }),
  },
  {
    when: '`prefix` is no beginning of a name',
    provoke: (locks) => first(locks.list({ prefix: wrong(1) })),
  },
  {
    when: '`onMalformed` is no function',
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
    when: 'a single flight is to go without a clock that it can trust',
    provoke: () =>
      createTestLocks({
        clockToleranceSeconds: Infinity,
        tableName: 'my-locks',
      }).singleFlight('a', { freshSeconds: 60 }, work),
  },
  {
    when: 'the result of a single flight is no JSON',
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
    when: '`version` was never shown',
    provoke: (locks) => locks.break('a', { reason: 'stuck', version: '' }),
  },
  {
    when: 'a fencing token is asked for without fencing',
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
    when: 'a transaction is asked of test locks',
    provoke: (locks) => locks.withLock('a', (held) => held.transactWrite([{ Delete: wrong({}) }])),
  },
  {
    when: '`makeLocked` gets no function',
    provoke: () => makeLocked(wrong<() => number>('f'), { name: 'a' }),
  },
  {
    when: '`makeLocked` gets no options',
    provoke: () => makeLocked(work, wrong(undefined)),
  },
  {
    when: '`name` of `makeLocked` is no name',
    provoke: () => makeLocked(work, { name: wrong(1) }),
  },
  {
    when: '`onNotGranted` is something else',
    provoke: () => makeLocked(work, wrong({ name: 'a', onNotGranted: 'wait' })),
  },
  {
    when: '`factory` is none',
    provoke: () => makeLocked(work, { name: 'a', factory: wrong({}) }),
  },
  {
    when: '`@locked` stands at no method',
    provoke: () =>
      locked({ name: 'a' })(wrong<object>({}), 'a', wrong<TypedPropertyDescriptor<() => Promise<void>>>(undefined)),
  },
  {
    when: 'a sticky lock is to have the lease of an invocation',
    provoke: () => stickyLock('a', { leaseSeconds: wrong('invocation') }),
  },
  {
    when: 'the locks of its factory have one',
    provoke: () => stickyLock('a', { factory: createTestLocks({ leaseSeconds: 'invocation' }) }).use(undefined, work),
  },
  {
    when: '`idleSeconds` is out of range',
    provoke: () => stickyLock('a', { idleSeconds: 0 }),
  },
  {
    when: '`tracerProvider` is none',
    provoke: () => lockTracing({ tracerProvider: wrong({}) }),
  },
];
