import type { LockFactory } from '../../../runtime/client/lock-factory.js';
import { currentHold } from '../../../runtime/entry/scope.js';
import { LockNotGrantedError, LockOptionError } from '../../../runtime/errors.js';
import type { LockedOptions } from '../../../runtime/lambda/locked-function.js';
import { makeLocked } from '../../../runtime/lambda/make-locked.js';
import type { InvocationContext } from '../../../runtime/options/options.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let factory: LockFactory;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  factory = us.factory();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
interface Event {
  readonly id: number;
}
const name = ({ id }: Event): string => `account/${id}`;
const context = (seconds: number): InvocationContext => {
  const endsMs = setting.time.nowMs + seconds * 1000;
  return { awsRequestId: 'request-1', getRemainingTimeInMillis: () => endsMs - setting.time.nowMs };
};

test('each call runs under the lock that its arguments name, and gets its own result', async () => {
  const held: unknown[] = [];
  const handler = makeLocked(
    async ({ id }: Event) => {
      held.push([currentHold()?.name, currentHold()?.isHeld, [...setting.table.items.keys()]]);
      return id * 2;
    },
    { name, factory },
  );

  expect(await until(handler({ id: 21 }))).toBe(42);
  expect(held).toEqual([['account/21', true, ['account/21']]]);
  expect(setting.table.items.size).toBe(0);
  expect(us.store.operations()).toEqual(['acquire', 'release']);
  expect(currentHold()).toBeUndefined();
});

test('`this` and all arguments reach the function', async () => {
  const seen = makeLocked(
    function (this: unknown, ...args: number[]) {
      return [this, args];
    },
    { name: 'a', factory },
  );
  const self = { seen };

  expect(await until(self.seen(1, 2, 3))).toEqual([self, [1, 2, 3]]);
});

test('what the function throws is thrown, and the lock released', async () => {
  const failing = makeLocked(() => Promise.reject(new TypeError('no')), { name: 'a', factory });

  expect(await until(errorOf(failing()))).toEqual(new TypeError('no'));
  expect(setting.table.items.size).toBe(0);
});

test('a context among the arguments bounds the wait and the hold, read at each call', async () => {
  const handler = makeLocked(
    async (_: Event, __: InvocationContext) => {
      await setting.time.sleep(5000);
      return currentHold()?.isHeld;
    },
    { name, factory, waitSeconds: 60 },
  );

  expect(await until(handler({ id: 1 }, context(30)))).toBe(true);
  expect(await until(errorOf(handler({ id: 1 }, context(3))))).toMatchObject({ reason: 'invocation-ended' });
  setting.putEntry('account/2', { version: PYTHONS_VERSION, leaseSeconds: 60 });
  const askedMs = setting.time.nowMs;
  await until(errorOf(handler({ id: 2 }, context(3))));
  expect(setting.time.nowMs - askedMs).toBe(2000);
});

test('a first argument is an event, whatever it looks like', async () => {
  const handler = makeLocked((event: InvocationContext) => event.getRemainingTimeInMillis(), { name: 'a', factory });

  expect(await until(handler({ getRemainingTimeInMillis: () => 0 }))).toBe(0);
});

describe('a lock that another holds', () => {
  const fn = jest.fn(() => 'done');
  beforeEach(() => {
    fn.mockClear();
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });
  });
  afterEach(() => expect(fn).not.toHaveBeenCalled());

  test.each([undefined, 'throw'] as const)('is an error with onNotGranted %s', async (onNotGranted) => {
    const error = await until(errorOf(makeLocked(fn, { name: 'a', factory, waitSeconds: 0, onNotGranted })()));

    expect(error).toMatchObject({ name: 'LockNotGrantedError', holder: { hostIdentifier: 'somebody' } });
  });

  test('is skipped', async () => {
    const skipping = makeLocked(fn, { name: 'a', factory, waitSeconds: 0, onNotGranted: 'skip' });

    expect(await until(skipping())).toBeUndefined();
    expect(us.store.operations()).toEqual(['acquire']);
  });

  test('is answered by a function, which gets the holder and the arguments', async () => {
    const onNotGranted = (holder: { hostIdentifier: string }, id: number) =>
      Promise.resolve(`${holder.hostIdentifier} ${id}`);
    const answering = makeLocked((_: number) => fn(), { name: 'a', factory, waitSeconds: 0, onNotGranted });

    expect(await until(answering(7))).toBe('somebody 7');
  });

  test('is an error in any case where DynamoDB is out of reach', async () => {
    us.store.fate = () => 'reset';
    const skipping = makeLocked(fn, { name: 'b', factory, waitSeconds: 0, onNotGranted: 'skip' });

    expect(await until(errorOf(skipping()))).toMatchObject({ name: 'LockUnavailableError' });
  });

  test.each(['skip', () => 'busy'] as const)(
    'and where it was lost in the wait, with onNotGranted %s',
    async (onNotGranted) => {
      const called = makeLocked(fn, { name: 'a', factory, waitSeconds: 10, onNotGranted: onNotGranted as 'skip' })();
      const error = errorOf(called);
      await setting.time.run(1000);
      us.store.fate = () => 'reset';

      expect(await until(error)).toMatchObject({
        name: 'LockUnavailableError',
        message: expect.stringContaining('; when last seen, held by somebody'),
        cause: { message: 'connection reset' },
      });
    },
  );
});

test('a lock that the function itself was not granted is the function’s own error', async () => {
  setting.putEntry('inner', { version: PYTHONS_VERSION, leaseSeconds: 60 });
  const outer = makeLocked(() => factory.withLock('inner', { waitSeconds: 0 }, () => 1), {
    name: 'outer',
    factory,
    onNotGranted: 'skip',
  });

  expect(await until(errorOf(outer()))).toBeInstanceOf(LockNotGrantedError);
});

describe('refused with a reason', () => {
  const fn = (): number => 1;
  const refusals: readonly (readonly [string, () => unknown, string])[] = [
    ['no function', () => makeLocked('fn' as never, { name: 'a' }), 'makeLocked takes a function first, got "fn"'],
    ['no options', () => makeLocked(fn, undefined as never), 'makeLocked takes options'],
    ['no name', () => makeLocked(fn, {} as never), 'name is a text, or a function'],
    ['an unknown option', () => makeLocked(fn, { name: 'a', waitSecond: 1 } as never), 'no option "waitSecond"'],
    ['onNotGranted', () => makeLocked(fn, { name: 'a', onNotGranted: 'ignore' } as never), 'got "ignore"'],
    ['factory', () => makeLocked(fn, { name: 'a', factory: {} } as never), 'factory is what getLockFactory returns'],
  ];
  test.each(refusals)('%s', (_, call, message) => {
    expect(call).toThrow(LockOptionError);
    expect(call).toThrow(message);
  });

  test('a name that is none is refused at the call', async () => {
    const options: LockedOptions<[]> = { name: () => '', factory, onNotGranted: 'skip' };
    expect(await errorOf(makeLocked(fn, options as never)() as Promise<unknown>)).toBeInstanceOf(LockOptionError);
  });
});
