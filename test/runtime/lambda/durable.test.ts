import type { LockFactory } from '../../../runtime/client/lock-factory.js';
import { LockOptionError } from '../../../runtime/errors.js';
import { locked } from '../../../runtime/lambda/locked.js';
import { makeLocked } from '../../../runtime/lambda/make-locked.js';
import { stickyLock } from '../../../runtime/lambda/sticky-lock.js';
import { lockMiddleware } from '../../../runtime/middy/index.js';
import type { InvocationContext } from '../../../runtime/options/options.js';
import { errorOf, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let factory: LockFactory;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  factory = us.factory();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const inner: InvocationContext = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 30_000 };

/** By its shape, a `DurableContext`; test/package/durable.test.ts has the SDK's own. */
class Durable {
  readonly lambdaContext = inner;
  step(): void {}
  wait(): void {}
  runInChildContext(): void {}
}
const CONTEXTS = {
  'a durable execution': () => new Durable(),
  // middy 7 copies what a Lambda context has onto it.
  'a durable execution, as middy dresses it': () => Object.assign(new Durable(), inner),
};

describe.each(Object.entries(CONTEXTS))('the context of %s is refused at once', (_, contextOf) => {
  const work = jest.fn();
  beforeEach(() => work.mockClear());
  const WAYS: Readonly<Record<string, (context: InvocationContext) => Promise<unknown>>> = {
    withLock: (context) => factory.withLock('a', { context }, work),
    tryWithLock: (context) => factory.tryWithLock('a', { context }, work),
    withLocks: (context) => factory.withLocks(['a', 'b'], { context }, work),
    singleFlight: (context) => factory.singleFlight('a', { freshSeconds: 10, context }, work),
    acquire: (context) => factory.createLock('a').acquire({ context }),
    tryAcquire: (context) => factory.createLock('a').tryAcquire({ context }),
    withPermit: (context) => factory.createSemaphore('a', { permits: 2 }).withPermit({ context }, work),
    'acquire of a permit': (context) => factory.createSemaphore('a', { permits: 2 }).acquire({ context }),
    'a sticky lock': (context) => stickyLock('a', { factory }).use(context, work),
    makeLocked: (context) => makeLocked(work, { name: 'a', factory })({}, context),
    'makeLocked, as the function of a child context': (context) => makeLocked(work, { name: 'a', factory })(context),
    '@locked': (context) => {
      const method = { value: work };
      locked({ name: 'a', factory })({}, 'method', method);
      return method.value({}, context) as Promise<unknown>;
    },
    'the middleware': (context) => lockMiddleware({ name: 'a', factory }).before({ event: {}, context }),
  };

  test.each(Object.keys(WAYS))('by %s', async (way) => {
    const error = await until(errorOf(WAYS[way]?.(contextOf() as unknown as InvocationContext) as Promise<unknown>));

    expect(error).toBeInstanceOf(LockOptionError);
    expect(String(error)).toMatch(/durable execution.*suspended.*inside a step.*context\.lambdaContext/);
    expect(work).not.toHaveBeenCalled();
    expect(us.store.operations()).toEqual([]);
  });

  test('by deserializeLock', async () => {
    const text = await until(
      factory
        .createLock('a')
        .acquire()
        .then((held) => held.serialize()),
    );
    const context = contextOf() as unknown as InvocationContext;

    expect(String(await until(errorOf(factory.deserializeLock(text, { context }))))).toContain('durable execution');
    expect((await until(factory.deserializeLock(text))).isHeld).toBe(true);
  });
});

test('inside a step, the Lambda context bounds the hold as anywhere', async () => {
  const { lambdaContext: context } = new Durable();

  expect(await until(factory.withLock('a', { context }, (held) => held.isHeld))).toBe(true);
  expect(await until(makeLocked((..._: unknown[]) => 'done', { name: 'a', factory })({}, context))).toBe('done');
});
