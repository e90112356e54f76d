import type middy6 from '@middy/core';
import type { Context } from 'aws-lambda';
import type { LockFactory } from '../../../runtime/client/lock-factory.js';
import { heldLock, lockMiddleware } from '../../../runtime/middy/index.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

/** What has been loaded of middy, in one of its versions. */
export type Middy = typeof middy6;

let setting: Setting;
let us: TestProcess;
let factory: LockFactory;

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
interface Event {
  readonly id: number;
}
const contextOf = (seconds: number): Context => {
  const endsMs = setting.time.nowMs + seconds * 1000;
  const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => endsMs - setting.time.nowMs };
  return context as unknown as Context;
};
// The time-outs of middy itself are not in virtual time.
const plugin = { timeoutEarlyInMillis: 0 };

/** What our middleware does with the middy that is loaded by the time the tests run. */
export function testWith(loaded: () => Middy): void {
  const middy = ((...args: Parameters<Middy>) => loaded()(...args)) as Middy;
  beforeEach(() => {
    setting = new Setting();
    us = setting.process();
    factory = us.factory();
  });

  test('the handler runs under the lock that event and context name', async () => {
    const seen: unknown[] = [];
    const handler = middy<Event, number>(plugin)
      .use(lockMiddleware<Event>({ name: ({ id }, { awsRequestId }) => `${id}/${awsRequestId}`, factory }))
      .handler(async ({ id }, context) => {
        seen.push(heldLock(context)?.isHeld, [...setting.table.items.keys()]);
        return id * 2;
      });
    const context = contextOf(30);

    expect(await until(handler({ id: 21 }, context))).toBe(42);
    expect(seen).toEqual([true, ['21/request-1']]);
    expect(us.store.operations()).toEqual(['acquire', 'release']);
    expect(heldLock(context)).toBeUndefined();
  });

  test('what the handler throws is thrown, and the lock released', async () => {
    const handler = middy(plugin)
      .use(lockMiddleware({ name: 'a', factory }))
      .handler(async () => {
        throw new TypeError('no');
      });

    expect(await until(errorOf(handler({}, contextOf(30))))).toEqual(new TypeError('no'));
    expect(setting.table.items.size).toBe(0);
  });

  test('the innermost of several locks is given, and all are released', async () => {
    const names: unknown[] = [];
    const handler = middy(plugin)
      .use([lockMiddleware({ name: 'outer', factory }), lockMiddleware({ name: 'inner', factory })])
      .handler(async (_, context) => {
        names.push(heldLock(context)?.name, setting.table.items.size);
      });
    await until(handler({}, contextOf(30)));

    expect(names).toEqual(['inner', 2]);
    expect(setting.table.items.size).toBe(0);
  });

  test('a lock lost before the handler was done is an error, which carries the response', async () => {
    const handler = middy(plugin)
      .use(lockMiddleware({ name: 'a', factory }))
      .handler(async () => {
        setting.table.items.clear();
        await setting.time.sleep(6000);
        return 'done';
      });

    expect(await until(errorOf(handler({}, contextOf(30))))).toMatchObject({
      name: 'LockLostError',
      reason: 'gone',
      result: 'done',
    });
  });

  test('a loss goes before the handler’s own error, and carries it', async () => {
    const cause = new TypeError('no');
    const handler = middy(plugin)
      .use(lockMiddleware({ name: 'a', factory }))
      .handler(async () => {
        setting.table.items.clear();
        await setting.time.sleep(6000);
        throw cause;
      });

    expect(await until(errorOf(handler({}, contextOf(30))))).toMatchObject({ name: 'LockLostError', cause });
  });

  test('middy’s own early time-out aborts the hold’s signal, and releases the lock under the handler', async () => {
    let held: HeldLock | undefined;
    let isAborted: boolean | undefined;
    const handler = middy({ timeoutEarlyInMillis: 1 })
      .use(lockMiddleware({ name: 'a', factory }))
      .handler(async (_, context, { signal }) => {
        held = heldLock(context);
        signal.addEventListener('abort', () => {
          isAborted = held?.signal.aborted;
        });
        await new Promise(() => {});
      });
    // Time for the lock is virtual here; for middy's timer it is what its context says.
    const outcome = errorOf(handler({}, { ...contextOf(30), getRemainingTimeInMillis: () => (held ? 20 : 5000) }));
    while (!held) await setting.time.run(setting.time.nowMs + 10);
    expect(held.signal.aborted).toBe(false);
    while (isAborted === undefined) await new Promise((resolve) => setTimeout(resolve, 5));

    expect(await until(outcome)).toMatchObject({ name: 'TimeoutError' });
    expect(held.signal.aborted).toBe(true);
    expect(held.signal.reason).toMatchObject({ name: 'TimeoutError' });
    expect(held.isHeld).toBe(false);
    expect(setting.table.items.size).toBe(0);
  });

  describe('a lock that another holds', () => {
    const run = jest.fn();
    beforeEach(() => {
      run.mockClear();
      setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });
    });
    afterEach(() => expect(run).not.toHaveBeenCalled());
    const handlerWith = (onNotGranted: Parameters<typeof lockMiddleware<Event>>[0]['onNotGranted'], waitSeconds = 0) =>
      middy<Event>(plugin)
        .use(lockMiddleware<Event>({ name: 'a', factory, waitSeconds, onNotGranted }))
        .handler(async () => run());

    test('is an error', async () => {
      expect(await until(errorOf(handlerWith(undefined)({ id: 1 }, contextOf(30))))).toMatchObject({
        name: 'LockNotGrantedError',
        holder: { hostIdentifier: 'somebody' },
      });
    });

    test('is skipped', async () => {
      expect(await until(handlerWith('skip')({ id: 1 }, contextOf(30)))).toBeUndefined();
    });

    test('is an error in any case where DynamoDB came out of reach in the wait', async () => {
      const error = errorOf(handlerWith('skip', 10)({ id: 1 }, contextOf(30)));
      await setting.time.run(1000);
      us.store.fate = () => 'reset';

      expect(await until(error)).toMatchObject({
        name: 'LockUnavailableError',
        cause: { message: 'connection reset' },
      });
    });

    test('is not waited for by a lock before it, which is released', async () => {
      const outer = lockMiddleware<Event>({ name: 'outer', factory });
      const inner = lockMiddleware<Event>({ name: 'a', factory, waitSeconds: 0, onNotGranted: 'skip' });
      const handler = middy<Event>(plugin)
        .use([outer, inner])
        .handler(async () => run());
      const context = contextOf(900);

      expect(await until(handler({ id: 1 }, context))).toBeUndefined();
      expect([...setting.table.items.keys()]).toEqual(['a']);
      expect(heldLock(context)).toBeUndefined();
    });

    test('is answered', async () => {
      const handler = handlerWith(({ hostIdentifier }, { id }) => ({
        statusCode: 423,
        body: `${hostIdentifier} ${id}`,
      }));

      expect(await until(handler({ id: 7 }, contextOf(30)))).toEqual({ statusCode: 423, body: 'somebody 7' });
    });
  });

  test('invocations of one process at once have a hold each', async () => {
    const names: unknown[] = [];
    const handler = middy<Event>(plugin)
      .use(lockMiddleware<Event>({ name: ({ id }) => `${id}`, factory }))
      .handler(async ({ id }, context) => {
        await setting.time.sleep(1000);
        names.push([id, heldLock(context)?.name, heldLock(context)?.isHeld]);
      });
    await until(Promise.all([1, 2, 3].map((id) => handler({ id }, contextOf(30)))));

    expect(names).toEqual([1, 2, 3].map((id) => [id, `${id}`, true]));
  });
}
