import { currentHold } from '../../../runtime/entry/scope.js';
import type { LockEvent } from '../../../runtime/observe/events.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import type { InvocationContext } from '../../../runtime/options/options.js';
import { type StickyHold, StickyLock, type StickyOptions } from '../../../runtime/recipes/sticky-lock.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let events: LockEvent[];
const made: StickyLock[] = [];
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  events = [];
});
afterEach(async () => {
  us.store.fate = () => ({});
  // So that none is left to be given back by the next test's signal, in a time that has ended.
  await setting.time.until(Promise.all(made.splice(0).map((lock) => lock.release())));
  process.removeAllListeners('SIGTERM');
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const types = (): string[] => events.map(({ type }) => type);
const sticky = (options: StickyOptions = {}): StickyLock => {
  const observers = [{ onLockEvent: (event: LockEvent) => void events.push(event) }];
  const { leaseSeconds, waitSeconds } = options;
  const lock = new StickyLock(() => us.factory({ observers }).createLock('a', { leaseSeconds, waitSeconds }), options);
  made.push(lock);
  return lock;
};
const invocation = (seconds: number): InvocationContext => {
  const endsMs = setting.time.nowMs + seconds * 1000;
  return { awsRequestId: 'request-1', getRemainingTimeInMillis: () => endsMs - setting.time.nowMs };
};

test('making one sends nothing, the first use acquires, each later one is one write', async () => {
  const lock = sticky();
  expect(us.store.sent).toEqual([]);
  for (const expected of [['acquire'], ['acquire', 'acquire'], ['acquire', 'acquire', 'acquire']]) {
    expect(await until(lock.use(invocation(30), (held) => held.isHeld))).toBe(true);
    expect(us.store.operations()).toEqual(expected);
    await pass(4000);
  }
  expect(setting.versionOf('a')).toBeDefined();
});

test('between uses nothing is sent, and no timer keeps the process alive', async () => {
  const lock = sticky();
  await until(lock.use(undefined, () => {}));
  const before = us.store.sent.length;
  expect(us.keptAliveBy.size).toBe(0);
  await pass(9000);
  expect(lock.isHeld).toBe(true);
  await pass(60_000);

  expect(lock.isHeld).toBe(false);
  expect(us.store.sent.length).toBe(before);
});

test('running out between uses is no loss, and said so', async () => {
  const lock = sticky();
  await until(lock.use(undefined, () => {}));
  await pass(60_000);

  expect(types()).toEqual(['requested', 'acquired', 'lapsed']);
  expect(us.warnings).toEqual([]);
});

test('thawed past its deadline it takes the lock anew in two requests, its own entry counting as expired', async () => {
  const lock = sticky();
  await until(lock.use(undefined, () => {}));
  us.freeze(10_200);
  const before = us.store.sent.length;

  expect(await until(lock.use(undefined, (held) => held.isHeld))).toBe(true);
  expect(us.store.operations().slice(before)).toEqual(['acquire', 'acquire']);
  expect(types()).toEqual(['requested', 'acquired', 'lapsed', 'requested', 'acquired']);
});

test('taken by another meanwhile, it is waited for like any other', async () => {
  const lock = sticky({ waitSeconds: 1 });
  await until(lock.use(undefined, () => {}));
  us.freeze(60_000);
  setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });

  expect(await until(errorOf(lock.use(undefined, () => {})))).toMatchObject({
    name: 'LockNotGrantedError',
    holder: { hostIdentifier: 'somebody' },
  });
});

test('a long use is kept alive', async () => {
  const lock = sticky();
  const outcome = lock.use(undefined, async (held) => {
    await setting.time.sleep(25_000);
    return held.isHeld;
  });

  expect(await until(outcome)).toBe(true);
});

test('a loss while it is used is told, and the result withheld', async () => {
  const lock = sticky();
  const outcome = lock.use(undefined, async (held) => {
    setting.table.items.clear();
    await setting.time.sleep(6000);
    return held.signal.aborted;
  });

  expect(await until(errorOf(outcome))).toMatchObject({ name: 'LockLostError', reason: 'gone', result: true });
  expect(types()).toContain('lost');
});

test('uses at once take turns in order', async () => {
  const lock = sticky();
  const log: string[] = [];
  const use = (id: number) =>
    lock.use(undefined, async () => {
      log.push(`begin ${id}`);
      await setting.time.sleep(100);
      log.push(`end ${id}`);
    });
  await until(Promise.all([1, 2, 3].map(use)));

  expect(log).toEqual([1, 2, 3].flatMap((id) => [`begin ${id}`, `end ${id}`]));
  expect(us.store.operations()).toEqual(['acquire', 'acquire', 'acquire']);
});

test('what is waited for a turn is bounded too', async () => {
  const lock = sticky({ waitSeconds: 2 });
  const first = lock.use(undefined, () => setting.time.sleep(10_000));
  const second = watched(lock.use(undefined, () => {}));
  await pass(2100);

  expect(second.error).toMatchObject({
    name: 'LockNotGrantedError',
    message: expect.stringMatching(/ was not granted within 2 s: another use of it in this process goes on$/),
  });
  await until(first);
});

test('the work is told before its invocation ends; past it, it has no lock, and the next use comes', async () => {
  const lock = sticky();
  let seen: { readonly isHeld: boolean; readonly signal: AbortSignal } | undefined;
  const slow = watched(
    lock.use(invocation(5), async (held) => {
      seen = held;
      await setting.time.sleep(20_000);
    }),
  );
  await pass(4100);
  expect(seen?.signal.reason).toMatchObject({ name: 'InvocationEndingError' });
  expect(seen?.isHeld).toBe(true);
  await pass(1000);
  expect(seen?.isHeld).toBe(false);
  expect(us.warnings).toEqual([expect.stringMatching('lock "a" .* the invocation that uses it has ended')]);

  expect(await until(lock.use(invocation(30), (held) => held.isHeld))).toBe(true);
  await pass(20_000);
  expect(slow.error).toMatchObject({ name: 'LockLostError', reason: 'invocation-ended' });
});

test('timers that go off a little early do not let it miss the end of its invocation', async () => {
  us.hasCoarseTimers = true;
  const lock = sticky();
  let signal: AbortSignal | undefined;
  const work = (held: StickyHold): Promise<void> => {
    ({ signal } = held);
    return setting.time.sleep(20_000);
  };
  void watched(lock.use(invocation(5.0004), work));
  await pass(4002);
  expect(signal?.reason).toMatchObject({ name: 'InvocationEndingError' });

  const next = watched(lock.use(undefined, () => setting.time.nowMs));
  await pass(1030);
  expect(next).toMatchObject({ state: 'resolved' });
});

test('thawed past the end of its invocation it makes way at once, though its clock stood still', async () => {
  const lock = sticky({ leaseSeconds: 600, waitSeconds: 5 });
  void watched(lock.use(invocation(30), () => setting.time.sleep(200_000)));
  await pass(1000);
  us.freeze(60_000);

  expect(await until(lock.use(invocation(30), (held) => held.isHeld))).toBe(true);
});

test('no more can be asked of it than its invocation has left', async () => {
  const lock = sticky({ leaseSeconds: 120 });
  const used = lock.use(invocation(5), (held) => {
    held.assertHeld({ forSeconds: 4.9 });
    expect(() => held.assertHeld({ forSecond: 1 } as object)).toThrow('assertHeld knows no option "forSecond"');
    held.assertHeld({ forSeconds: 60 });
  });

  expect(await until(errorOf(used))).toMatchObject({
    name: 'LockLostError',
    message: expect.stringMatching(/is held for 4\.\d+ s more, not for the 60 s asked for$/),
  });
});

test('given back while it is used, the work is told, and the next use takes it anew', async () => {
  const lock = sticky();
  let signal: AbortSignal | undefined;
  const used = lock.use(undefined, (held) => {
    ({ signal } = held);
    return setting.time.sleep(1000);
  });
  await pass(100);
  await until(lock.release());

  expect(signal?.reason).toMatchObject({ name: 'LockLostError', reason: 'released' });
  expect(await until(errorOf(used))).toMatchObject({ name: 'LockLostError', reason: 'released' });
  expect(await until(lock.use(undefined, (held) => held.isHeld))).toBe(true);
});

test('code that outlives its use may ask for the lock again, and sees no hold that is not its own', async () => {
  const lock = sticky();
  let later: Promise<unknown> | undefined;
  await until(
    lock.use(invocation(5), (held) => {
      expect(currentHold()).toBe(held);
      later = setting.time.sleep(1000).then(() => [currentHold()?.isHeld, lock.use(undefined, ({ isHeld }) => isHeld)]);
    }),
  );
  const [isHeld, used] = (await until(later as Promise<unknown>)) as [boolean, Promise<boolean>];

  expect(isHeld).toBe(false);
  expect(await until(used)).toBe(true);
});

test('what currentHold gives in a use is a whole hold, until the use is over', async () => {
  const lock = sticky();
  let hold: HeldLock | undefined;
  await until(
    lock.use(undefined, async () => {
      hold = currentHold();
      await hold?.refresh({ data: { step: 1 } });
      await hold?.transactWrite([{ Put: { Item: {}, TableName: 'mine' } }]).catch(() => {});
      expect(hold?.conditionCheck).toBeDefined();
      expect(() => hold?.fencingToken).toThrow('fencing: true');
    }),
  );
  expect(await until(errorOf(hold?.refresh() as Promise<void>))).toMatchObject({ reason: 'released' });
  expect(await until(errorOf(hold?.serialize() as Promise<string>))).toMatchObject({ reason: 'released' });
  expect(() => hold?.conditionCheck()).toThrow('its use is over');
  await until(hold?.release() as Promise<void>);
  await until(hold?.[Symbol.asyncDispose]() as Promise<void>);
  expect(lock.isHeld).toBe(true);
});

test('released by its own hold, or handed over, it is taken anew by the next use', async () => {
  const lock = sticky();
  for (const end of [
    (hold?: HeldLock) => hold?.release(),
    (hold?: HeldLock) => hold?.[Symbol.asyncDispose](),
    (hold?: HeldLock) => hold?.serialize(),
  ]) {
    await until(lock.use<unknown>(undefined, () => end(currentHold())));
    setting.table.items.clear();
    expect(await until(lock.use(undefined, (held) => held.isHeld))).toBe(true);
  }
});

test('what it handed over is its receiver’s, and not taken back', async () => {
  const lock = sticky({ waitSeconds: 0 });
  const text = await until(lock.use(undefined, () => currentHold()?.serialize()));

  expect(await until(errorOf(lock.use(undefined, () => {})))).toMatchObject({ name: 'LockNotGrantedError' });
  expect((await until(us.factory().deserializeLock(text ?? ''))).isHeld).toBe(true);
});

test('it waits for as long as its factory says', async () => {
  setting.putEntry('a', { version: PYTHONS_VERSION });
  const lock = new StickyLock(() => us.factory({ waitSeconds: 2 }).createLock('a'), {});

  expect(await until(errorOf(lock.use(undefined, () => {})))).toMatchObject({
    message: expect.stringMatching(/ was not granted within 2 s: /),
  });
});

test('a factory whose leases are those of invocations has none for it', async () => {
  const lock = new StickyLock(() => us.factory({ leaseSeconds: 'invocation' }).createLock('a'), {});

  expect(await until(errorOf(lock.use(invocation(30), () => {})))).toMatchObject({
    name: 'LockOptionError',
    message: 'leaseSeconds of a sticky lock is a number: it outlasts invocations; its factory\'s is "invocation"',
  });
});

test('after its use a hold is not held, though the lock stays', async () => {
  const lock = sticky();
  const held = await until(lock.use(undefined, (given) => given));

  expect(held.isHeld).toBe(false);
  expect(held.signal.aborted).toBe(true);
  expect(lock.isHeld).toBe(true);
});

test('what the work throws is thrown, and the lock stays', async () => {
  const lock = sticky();

  expect(await until(errorOf(lock.use(undefined, () => Promise.reject(new TypeError('no')))))).toEqual(
    new TypeError('no'),
  );
  expect(lock.isHeld).toBe(true);
});

test('release gives it back, and so does idleSeconds', async () => {
  const lock = sticky({ idleSeconds: 3 });
  await until(lock.use(undefined, () => {}));
  await until(lock.release());
  expect(setting.table.items.size).toBe(0);

  await until(lock.use(undefined, () => {}));
  await pass(2900);
  expect(setting.table.items.size).toBe(1);
  await pass(200);
  expect(setting.table.items.size).toBe(0);
});

describe('each use is a hold of its own', () => {
  const holdId = () => setting.ownVersionOf('a')?.holdId;

  test('which others see with the invocation that it is for', async () => {
    const lock = sticky();
    await until(lock.use(undefined, () => {}));
    const first = holdId();
    await until(lock.use(invocation(30), () => {}));

    expect(holdId()).not.toBe(first);
    expect(setting.table.items.get('a')).toMatchObject({ hostIdentifier: { S: 'process-1/request-1' } });
    expect(types()).toEqual(['requested', 'acquired', 'requested', 'released', 'acquired']);
  });

  test('with a greater fencing token than the use before', async () => {
    const lock = new StickyLock(() => us.factory().createLock('a', { fencing: true }), {});
    made.push(lock);
    const token = () => until(lock.use(undefined, () => currentHold()?.fencingToken as bigint));

    expect([await token(), await token()].map((one, index, all) => one > (all[index - 1] ?? 0n))).toEqual([true, true]);
  });

  test('and no other caller of the process gets in between', async () => {
    const lock = sticky();
    await until(lock.use(undefined, () => {}));
    const other = watched(us.factory().createLock('a').acquire({ waitSeconds: 60 }));
    for (let use = 0; use < 5; use += 1) {
      await until(lock.use(undefined, () => setting.time.sleep(1000)));
      await pass(1000);
    }
    expect(other.state).toBe('pending');
    await until(lock.release());
    await pass(100);
    expect(other.state).toBe('resolved');
  });

  test.each(['drop-answer', 'reset', 'silence'] as const)('though its write met a %s', async (fate) => {
    const lock = sticky();
    await until(lock.use(undefined, () => {}));
    us.store.next('acquire', fate);
    const held = watched(lock.use(undefined, () => setting.time.sleep(60_000)));
    await pass(30_000);
    expect(held.state).toBe('pending');
    expect(lock.isHeld).toBe(true);
    await pass(60_000);
    expect(held.state).toBe('resolved');
  });

  test('though a refresh of the use before lands late', async () => {
    const lock = sticky();
    us.store.next('refresh', { requestMs: 1000 });
    await until(lock.use(undefined, () => setting.time.sleep(5100)));
    await pass(850);
    const before = us.store.sent.length;
    us.store.next('acquire', { requestMs: 200 });

    expect(await until(lock.use(undefined, (held) => held.isHeld))).toBe(true);
    expect(us.store.operations().slice(before)).toEqual(['acquire', 'acquire']);
  });

  test('and what another took meanwhile is waited for', async () => {
    const lock = sticky({ waitSeconds: 60 });
    await until(lock.use(undefined, () => {}));
    setting.putEntry('a', { version: setting.versionDrawn() });
    const used = lock.use(undefined, (held) => held.isHeld && setting.time.nowMs);

    expect(await until(used)).toBeGreaterThan(9000);
    expect(types().slice(2, 5)).toEqual(['requested', 'lapsed', 'not-granted']);
    expect(us.warnings).toEqual([]);
  });
});

describe('a use that DynamoDB confirms nothing of', () => {
  test.each([
    ['as long as it was to wait', undefined, 1, 1000],
    ['until its invocation is about to end', 5, 60, 4000],
    ['as long as a try, where it was not to wait', undefined, 0, 5000],
    ['until the end of its invocation, so late in it', 0.8, 60, 800],
  ])('takes %s', async (_, invocationSeconds, waitSeconds, mostMs) => {
    const lock = sticky({ leaseSeconds: 60, waitSeconds });
    await until(lock.use(undefined, () => {}));
    us.store.fate = () => 'silence';
    const startMs = setting.time.nowMs;
    const context = invocationSeconds === undefined ? undefined : invocation(invocationSeconds);

    expect(await until(errorOf(lock.use(context, () => {})))).toMatchObject({ name: 'LockUnavailableError' });
    expect(setting.time.nowMs - startMs).toBeGreaterThan(mostMs - 50);
    expect(setting.time.nowMs - startMs).toBeLessThanOrEqual(mostMs + 1);
  });

  test('gives the lock back, as soon as it is heard', async () => {
    const lock = sticky({ leaseSeconds: 600, waitSeconds: 1 });
    await until(lock.use(undefined, () => {}));
    us.store.fate = () => 'reset';
    await until(errorOf(lock.use(undefined, () => {})));
    expect(lock.isHeld).toBe(false);
    us.store.fate = () => ({});
    await pass(2000);

    expect(setting.table.items.has('a')).toBe(false);
  });

  test('is bounded by its invocation in a frozen sandbox, too, and the next use comes', async () => {
    const lock = sticky({ leaseSeconds: 60, waitSeconds: 3600 });
    await until(lock.use(undefined, () => {}));
    us.store.fate = () => 'silence';
    const used = watched(lock.use(invocation(30), () => {}));
    await pass(1000);
    us.freeze(60_000);
    us.store.fate = () => ({});

    expect(await until(lock.use(invocation(30), (held) => held.isHeld))).toBe(true);
    expect(used.state).toBe('rejected');
  });
});

test('a guarded write of a use that is over is not tried again', async () => {
  const lock = sticky();
  let sent = 0;
  Object.assign(us.store, {
    transactWrite: async () => {
      sent += 1;
      await setting.time.sleep(10);
      throw new Error('conflict');
    },
  });
  let writing: ReturnType<typeof watched> | undefined;
  await until(
    lock.use(undefined, async () => {
      writing = watched(currentHold()?.transactWrite([{ Put: { Item: {}, TableName: 'mine' } }]) as Promise<void>);
      await setting.time.sleep(100);
    }),
  );
  const before = sent;
  expect(before).toBeGreaterThan(1);
  await pass(5000);

  expect(sent).toBeLessThanOrEqual(before + 1);
  expect(writing?.error).toMatchObject({
    name: 'LockLostError',
    reason: 'released',
    message: expect.stringMatching(/its use is over; whether the transaction was carried out is not known$/),
  });
  expect(lock.isHeld).toBe(true);
});

test('SIGTERM gives it back', async () => {
  const lock = sticky();
  await until(lock.use(undefined, () => {}));
  const others = (): void => {};
  process.on('SIGTERM', others);
  process.emit('SIGTERM');
  await pass(100);

  expect(setting.table.items.size).toBe(0);
  expect(lock.isHeld).toBe(false);
});

test('SIGTERM ends a process that nobody else keeps, once all have been given back', async () => {
  const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
  for (const name of ['a', 'slow']) {
    const lock = new StickyLock(() => us.factory().createLock(name), {});
    made.push(lock);
    await until(lock.use(undefined, () => {}));
  }
  expect(process.listenerCount('SIGTERM')).toBe(1);
  us.store.next('release', {}, { answerMs: 300 });
  process.emit('SIGTERM');
  await pass(100);
  expect([...setting.table.items.keys()]).toEqual([]);
  expect(kill).not.toHaveBeenCalled();
  await pass(300);

  expect(kill.mock.calls).toEqual([[process.pid, 'SIGTERM']]);
  kill.mockRestore();
});

test('SIGTERM ends a process where a use has taken a lock anew meanwhile, too', async () => {
  const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
  const lock = sticky();
  const slow = new StickyLock(() => us.factory().createLock('slow'), {});
  const uses = [1, 2].map(() => watched(lock.use(undefined, () => setting.time.sleep(1000))));
  await pass(100);
  await until(slow.use(undefined, () => {}));
  us.store.next('release', {}, { answerMs: 1500 });
  process.emit('SIGTERM');
  await pass(3000);

  expect(uses).toMatchObject([{ error: { reason: 'released' } }, { error: { reason: 'released' } }]);
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGTERM']]);
  expect(setting.table.items.size).toBe(0);
  expect(process.listenerCount('SIGTERM')).toBe(0);
  kill.mockRestore();
});

test('SIGTERM gives back what a use is taking on at this moment', async () => {
  const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
  const lock = sticky();
  await until(lock.use(undefined, () => {}));
  us.store.next('acquire', { requestMs: 500, answerMs: 500 });
  const used = watched(lock.use(undefined, () => setting.time.sleep(60_000)));
  await pass(100);
  process.emit('SIGTERM');
  await pass(2000);

  expect(kill.mock.calls).toEqual([[process.pid, 'SIGTERM']]);
  expect(setting.table.items.size).toBe(0);
  expect(used.state).toBe('pending');
  kill.mockRestore();
});

test('a second SIGTERM while it is given back ends nothing, and the process ends once', async () => {
  const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
  const lock = sticky();
  await until(lock.use(undefined, () => {}));
  us.store.next('release', { answerMs: 1000 });
  process.emit('SIGTERM');
  await pass(100);
  expect(process.listenerCount('SIGTERM')).toBe(1);
  process.emit('SIGTERM');
  await pass(2000);

  expect(kill.mock.calls).toEqual([[process.pid, 'SIGTERM']]);
  expect(process.listenerCount('SIGTERM')).toBe(0);
  kill.mockRestore();
});

test('a use within a use is refused, not waited for', async () => {
  const lock = sticky();

  expect(await until(errorOf(lock.use(undefined, () => lock.use(undefined, () => {}))))).toMatchObject({
    name: 'LockReentrancyError',
  });
});
