import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { tryWithDurableLock, withDurableLock, withDurablePermit } from '../../../runtime/durable/index.js';
import type { LockFactory } from '../../../runtime/index.js';
import { locked } from '../../../runtime/lambda/locked.js';
import { makeLocked } from '../../../runtime/lambda/make-locked.js';
import { lockMiddleware } from '../../../runtime/middy/index.js';
import { StoredExecution } from '../durable/stored-execution.js';
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

type Work = () => Promise<unknown>;
const AT_LEAST = { lockAtLeastSeconds: 60 };
const permits = { permits: 1 };
const failing: Work = () => Promise.reject(new Error('no luck'));
const passing: Work = async () => 'done';
const durable = () => new StoredExecution(setting.time).invoke();

/** Every call that holds a lock while work runs, and the name of its lock. */
const CALLS: Record<string, [name: string, run: (work: Work) => Promise<unknown>]> = {
  'withLock of a factory': ['a', (work) => factory.withLock('a', AT_LEAST, work)],
  'tryWithLock of a factory': ['a', (work) => factory.tryWithLock('a', AT_LEAST, work)],
  'withLock of a lock': ['a', (work) => factory.createLock('a', AT_LEAST).withLock(work)],
  'tryWithLock of a lock': ['a', (work) => factory.createLock('a', AT_LEAST).tryWithLock(work)],
  withPermit: ['a#0', (work) => factory.createSemaphore('a', permits).withPermit(AT_LEAST, work)],
  makeLocked: ['a', (work) => makeLocked(work, { name: 'a', factory, ...AT_LEAST })()],
  '@locked': [
    'a',
    (work) => {
      const decorate = locked<[]>({ name: 'a', factory, ...AT_LEAST });
      return decorate(work, { kind: 'method' } as ClassMethodDecoratorContext).call(undefined);
    },
  ],
  lockMiddleware: [
    'a',
    async (work) => {
      const handler = middy({ timeoutEarlyInMillis: 0 })
        .use(lockMiddleware({ name: 'a', factory, ...AT_LEAST }))
        .handler(work);
      return handler({}, { getRemainingTimeInMillis: () => 30_000 } as Context);
    },
  ],
  withDurableLock: ['a', (work) => withDurableLock(durable(), 'a', { factory, ...AT_LEAST }, work)],
  tryWithDurableLock: ['a', (work) => tryWithDurableLock(durable(), 'a', { factory, ...AT_LEAST }, work)],
  withDurablePermit: ['a#0', (work) => withDurablePermit(durable(), 'a', { factory, ...permits, ...AT_LEAST }, work)],
};

describe.each(Object.entries(CALLS))('%s', (_, [name, run]) => {
  const entry = () => setting.table.items.get(name);

  test('leaves the lock taken after work that succeeded', async () => {
    await until(run(passing));

    expect(entry()?.['leaseDuration']).toEqual({ N: '60' });
  });

  test('gives the lock up at once after work that failed', async () => {
    expect(await until(errorOf(run(failing)))).toMatchObject({ message: 'no luck' });

    expect(entry()).toBeUndefined();
    // A retry in another process does the work, and then the lock stays taken.
    factory = setting.process().factory();
    const retriedMs = setting.time.nowMs;
    await until(run(passing));
    expect(setting.time.nowMs - retriedMs).toBeLessThan(1000);
    expect(entry()?.['leaseDuration']).toEqual({ N: '60' });
  });
});

test('with fencing, the entry stays for its token, and is free', async () => {
  const lock = us.factory({ fencing: true }).createLock('a', AT_LEAST);

  await until(errorOf(lock.withLock(failing)));

  expect(setting.table.items.get('a')).toMatchObject({
    leaseDuration: { N: '0' },
    fencingToken: { N: expect.anything() },
  });
});

test('a step that failed, and whose error the work caught, is no failure of the work', async () => {
  const run = withDurableLock(durable(), 'a', { factory, ...AT_LEAST }, async (held) => {
    const config = { retryStrategy: () => ({ shouldRetry: false }) };
    return held.step('fails', failing, config).catch(() => 'caught');
  });

  await expect(until(run)).resolves.toBe('caught');
  expect(setting.table.items.get('a')?.['leaseDuration']).toEqual({ N: '60' });
});
