import {
  LockEntryError,
  LockLostError,
  LockNotGrantedError,
  LockReentrancyError,
  LockUnavailableError,
} from '../../../runtime/errors.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import type { Semaphore } from '../../../runtime/recipes/semaphore.js';
import type { Fate } from '../scripted-store.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let semaphore: Semaphore;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  semaphore = us.factory().createSemaphore('api', { permits: 3 });
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const byText = (one: string, other: string): number => one.localeCompare(other);
const NAMES = ['api#0', 'api#1', 'api#2'];
const occupy = (...names: readonly string[]): void => {
  for (const name of names) setting.putEntry(name, { version: PYTHONS_VERSION });
};
const acquired = (count: number): Promise<HeldLock[]> =>
  until(Promise.all(Array.from({ length: count }, () => semaphore.acquire())));

describe('a permit', () => {
  test('is one of the entries name#0 to name#(N-1), each given once', async () => {
    const held = await acquired(3);

    expect(held.map(({ name }) => name).sort(byText)).toEqual(NAMES);
    expect([...setting.table.items.keys()].sort(byText)).toEqual(NAMES);
  });

  test.each([
    [0, 'api#0'],
    [0.34, 'api#1'],
    [0.99, 'api#2'],
  ])('is first tried at random: by %d, %s', async (fraction, name) => {
    us.fraction = fraction;

    expect(await until(semaphore.acquire())).toMatchObject({ name });
  });

  test('is a lock as any other: refreshed, released, lost, and its errors name the semaphore', async () => {
    const [held] = (await acquired(1)) as [HeldLock];
    await pass(30_000);
    expect(held.isHeld).toBe(true);
    expect(us.store.operations().filter((operation) => operation === 'refresh').length).toBeGreaterThan(4);

    us.store.fate = () => 'silence';
    await pass(10_000);

    expect(held.isHeld).toBe(false);
    expect(held.signal.reason).toBeInstanceOf(LockLostError);
    expect(held.signal.reason).toMatchObject({ reason: 'deadline', lockName: held.name, tableName: 'locks' });
    expect(String(held.signal.reason)).toContain(
      `permit "${held.name}" of semaphore "api" in table "locks" was lost: no refresh was confirmed`,
    );
  });

  test('of a crashed holder comes back, by its stamp at first sight', async () => {
    const semaphoreOfOne = us.factory().createSemaphore('api', { permits: 1 });
    setting.putEntry('api#0', { version: setting.versionDrawn(13_500) });

    expect(await until(semaphoreOfOne.tryAcquire())).toMatchObject({ name: 'api#0', isHeld: true });
  });

  test('of a crashed holder comes back, by observation, where its version is not ours', async () => {
    occupy(...NAMES);

    await until(semaphore.acquire());

    // Its lease, and the margin that is added for versions that are not ours.
    expect(setting.time.nowMs).toBeGreaterThan(10_350);
    expect(setting.time.nowMs).toBeLessThan(10_700);
  });

  test('is not given while the holder lives, in as many processes as there are', async () => {
    const others = [1, 2, 3].map(() => setting.process().factory().createSemaphore('api', { permits: 3 }));
    await until(Promise.all(others.map((other) => other.acquire())));
    const waiting = watched(semaphore.acquire({ waitSeconds: Infinity }));

    await pass(300_000);

    expect(waiting.state).toBe('pending');
  });
});

describe('requests', () => {
  test('a free permit is acquired and released in two writes', async () => {
    const held = await until(semaphore.acquire());
    await until(held.release());

    expect(us.store.operations()).toEqual(['acquire', 'release']);
  });

  test('a try where all are held: one write, and one consistent look at the others', async () => {
    occupy(...NAMES);

    expect(await until(semaphore.tryAcquire())).toBeUndefined();

    expect(us.store.operations()).toEqual(['acquire', 'readMany']);
    const [write, look] = us.store.sent;
    expect(look?.consistency).toBe('strong');
    expect([...(look?.lockKeys ?? []), ...(write?.lockKeys ?? [])].sort(byText)).toEqual(NAMES);
  });

  test('a try where the first one tried is held, and another free, takes that in three', async () => {
    us.fraction = 0;
    const [first = ''] = [(await until(semaphore.acquire())).name];
    setting.table.items.clear();
    const them = setting.process();
    them.fraction = 0;
    occupy(first);

    const held = await until(them.factory().createSemaphore('api', { permits: 3 }).tryAcquire());

    expect(held?.name).not.toBe(first);
    expect(them.store.operations()).toEqual(['acquire', 'readMany', 'acquire']);
  });

  test('a try that loses every race for what it sees free gives up after five looks', async () => {
    // Each entry is free when it is looked at, and taken when it is written.
    us.store.fate = ({ operation, lockKeys = [] }) => {
      if (operation === 'readMany') setting.table.items.clear();
      if (operation === 'acquire') occupy(...lockKeys);
      return {};
    };
    const many = us.factory().createSemaphore('api', { permits: 100 });

    expect(await until(many.tryAcquire())).toBeUndefined();

    const look = ['readMany', 'acquire', 'acquire'];
    expect(us.store.operations()).toEqual(['acquire', ...look, ...look, ...look, ...look, ...look]);
  });

  test('a refused try for what it sees free stops where all else was seen to be held', async () => {
    us.store.fate = ({ operation, lockKeys = [] }) => {
      if (operation === 'readMany') setting.table.items.delete('api#0');
      if (operation === 'acquire') occupy(...lockKeys);
      return {};
    };
    occupy(...NAMES);
    us.fraction = 0.99;

    expect(await until(semaphore.tryAcquire())).toBeUndefined();
    expect(us.store.operations()).toEqual(['acquire', 'readMany', 'acquire']);
  });

  test('a try that waited for a caller of its process knows what that one was told', async () => {
    occupy('api#0');
    const one = us.factory().createSemaphore('api', { permits: 1 });
    const named = us.factory().createLock('api#0').tryAcquire();
    const error = errorOf(one.acquire({ waitSeconds: 0 }));

    expect(await until(named)).toBeUndefined();
    const told = await until(error);
    expect(told).toMatchObject({ holders: [{ hostIdentifier: 'somebody' }] });
    expect(told).not.toHaveProperty('cause', expect.anything());
  });

  test('as many as there are permits get one each by trying at once', async () => {
    const racers = Array.from({ length: 10 }, () => setting.process());
    const tries = racers.map((racer) => racer.factory().createSemaphore('api', { permits: 10 }).tryAcquire());

    const names = (await until(Promise.all(tries))).map((held) => held?.name);
    expect(new Set(names)).toEqual(new Set(Array.from({ length: 10 }, (_, index) => `api#${index}`)));
  });

  test('a waiter looks in one request, eventually consistent, ever more seldom, and writes once one is free', async () => {
    occupy(...NAMES);
    const waiting = semaphore.acquire();
    await pass(5000);
    setting.table.items.delete('api#1');

    expect((await until(waiting)).name).toBe('api#1');

    const [write, ...rest] = us.store.sent;
    const looks = rest.slice(0, -1);
    expect(write?.operation).toBe('acquire');
    expect(rest.at(-1)).toMatchObject({ operation: 'acquire', lockKeys: ['api#1'] });
    expect(looks.every(({ operation, consistency }) => operation === 'readMany' && consistency === 'eventual')).toBe(
      true,
    );
    expect(looks.slice(1).every(({ lockKeys = [] }) => lockKeys.length === 3)).toBe(true);
    expect(looks.length).toBeLessThan(5000 / 85);
    expect(looks.length).toBeGreaterThan(5000 / 255);
  });

  test('looks at many permits come more seldom: no more than some 150 items a second', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `api#${index}`);
    occupy(...names);
    watched(us.factory().createSemaphore('api', { permits: 100 }).acquire());

    await pass(10_000);

    const items = us.store.sent.reduce((sum, { lockKeys = [] }) => sum + lockKeys.length, 0);
    expect(items).toBeLessThan(1900);
    expect(items).toBeGreaterThan(1000);
  });

  test('a look that is told of some only, as when throttled, takes nothing else for free', async () => {
    occupy('api#0', 'api#2');
    const { readMany } = us.store;
    jest.spyOn(us.store, 'readMany').mockImplementation(async (lockKeys, consistency, signal) => {
      const answer = await readMany.call(us.store, lockKeys, consistency, signal);
      const [told] = lockKeys;
      return { ...answer, entries: new Map([...answer.entries].filter(([lockKey]) => lockKey === told)) };
    });
    setting.putEntry('api#1', { version: PYTHONS_VERSION });

    expect(await until(semaphore.tryAcquire())).toBeUndefined();

    // The one that nothing was told of is asked for again, not written.
    expect(us.store.operations()).toEqual(['acquire', 'readMany', 'readMany']);
    expect(us.store.sent.at(-1)?.lockKeys?.length).toBe(1);
  });
});

describe('not granted', () => {
  test('it says how many permits there are, and who holds them', async () => {
    occupy('api#0', 'api#1');
    const them = setting.process();
    await until(them.factory().createSemaphore('api', { permits: 3 }).acquire());

    const error = await until(errorOf(semaphore.acquire({ waitSeconds: 2 })));

    expect(error).toBeInstanceOf(LockNotGrantedError);
    expect(error).toMatchObject({ lockName: 'api', tableName: 'locks', permits: 3 });
    expect(error).not.toHaveProperty('cause');
    const { holder, holders } = error as LockNotGrantedError;
    expect(holders.map(({ hostIdentifier }) => hostIdentifier).sort(byText)).toEqual([
      'process-2',
      'somebody',
      'somebody',
    ]);
    expect(holder).toBe(holders[0]);
    expect(String(error)).toContain(
      'semaphore "api" in table "locks" was not granted within 2 s: its 3 permits are held',
    );
    expect(String(error)).toContain('process-2 (lease 10 s');
  });

  test('with many holders, its message names four of them', async () => {
    occupy(...Array.from({ length: 7 }, (_, index) => `api#${index}`));
    const seven = us.factory().createSemaphore('api', { permits: 7 });

    const error = await until(errorOf(seven.acquire({ waitSeconds: 0 })));

    expect(String(error)).toContain('was not granted at once: its 7 permits are held by somebody');
    expect(String(error)).toContain(', and 3 more');
    expect((error as LockNotGrantedError).holders.length).toBe(7);
  });

  test('DynamoDB out of reach is no refusal', async () => {
    us.store.fate = () => 'reset';

    expect(await until(errorOf(semaphore.tryAcquire()))).toMatchObject({
      name: 'LockUnavailableError',
      lockName: 'api',
      cause: new Error('connection reset'),
    });
  });

  test('nor is a look that is never answered', async () => {
    occupy(...NAMES);
    us.store.fate = ({ operation }) => (operation === 'readMany' ? 'silence' : {});

    expect(await until(errorOf(semaphore.tryAcquire()))).toBeInstanceOf(LockUnavailableError);
    expect(setting.time.nowMs).toBe(5000);
  });

  test('an entry that is none of a lock is told, and left as it is', async () => {
    for (const name of NAMES) setting.table.items.set(name, { lockKey: { S: name } });

    expect(await until(errorOf(semaphore.acquire()))).toBeInstanceOf(LockEntryError);
    expect(await until(errorOf(semaphore.tryAcquire()))).toBeInstanceOf(LockEntryError);
    expect(us.store.operations()).toEqual(['acquire', 'acquire']);
  });
});

describe('permits that are lowered or raised by another client', () => {
  test('raised: the new ones can be had at once', async () => {
    await acquired(3);
    const raised = setting.process().factory().createSemaphore('api', { permits: 4 });

    expect(await until(raised.acquire())).toMatchObject({ name: 'api#3' });
    expect(await until(raised.tryAcquire())).toBeUndefined();
  });

  test('lowered: holders of the higher ones keep theirs, and nobody gets them again', async () => {
    const held = await acquired(3);
    const lowered = setting.process().factory().createSemaphore('api', { permits: 1 });
    const waiting = watched(lowered.acquire());
    for (const one of held) if (one.name !== 'api#0') await until(one.release());
    await pass(1000);
    expect(waiting.state).toBe('pending');

    await until(held.find(({ name }) => name === 'api#0')?.release() ?? Promise.reject(new Error('nobody has it')));
    await pass(1000);

    expect(waiting).toMatchObject({ state: 'resolved', value: { name: 'api#0' } });
  });

  test('in one process, those who want one of more permits do not queue behind those who want one of fewer', async () => {
    await until(us.factory().createLock('api#0').acquire());
    watched(us.factory().createSemaphore('api', { permits: 1 }).acquire());

    expect(await until(semaphore.acquire({ waitSeconds: 1 }))).toMatchObject({ isHeld: true });
  });
});

describe('callers of one process', () => {
  test('get permits in the order in which they asked', async () => {
    const order: number[] = [];
    const work = (index: number) => async (): Promise<void> => {
      order.push(index);
      await setting.time.sleep(100 + index);
    };

    await until(Promise.all(Array.from({ length: 9 }, (_, index) => semaphore.withPermit(work(index)))));

    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('send nothing while this process holds all permits, and one write once it gives one back', async () => {
    const held = await acquired(3);
    const waiting = [semaphore.acquire(), semaphore.acquire()].map(watched);
    const before = us.store.sent.length;
    await pass(4000);
    expect(us.store.sent.length).toBe(before);

    await until((held[1] as HeldLock).release());
    await pass(30);

    expect(us.store.operations().slice(before)).toEqual(['release', 'acquire']);
    expect(waiting).toMatchObject([{ state: 'resolved', value: { name: held[1]?.name } }, { state: 'pending' }]);
  });

  test('a try behind a waiter fails without a request, and does not overtake it', async () => {
    occupy(...NAMES);
    watched(semaphore.acquire());
    await pass(1000);
    setting.table.items.clear();
    const before = us.store.sent.length;

    expect(await until(semaphore.tryAcquire())).toBeUndefined();

    expect(us.store.sent.length).toBe(before);
  });

  test('tries at once get what there is', async () => {
    const tried = await until(Promise.all(Array.from({ length: 5 }, () => semaphore.tryAcquire())));

    expect(tried.filter((held) => held !== undefined).length).toBe(3);
    expect(us.store.operations()).toEqual(['acquire', 'acquire', 'acquire']);
  });

  describe('a try while one of them asks for the last permit by its own name', () => {
    const asking = (fate: Fate): Promise<HeldLock> => {
      occupy('api#1', 'api#2');
      us.store.next('acquire', fate);
      return us.factory().createLock('api#0').acquire({ waitSeconds: 1 });
    };

    test('is refused once that one has it, by all who hold', async () => {
      const asker = asking({ answerMs: 500 });

      const error = (await until(errorOf(semaphore.acquire({ waitSeconds: 0 })))) as LockNotGrantedError;

      expect(error.cause).toBeUndefined();
      expect(error.holders.map(({ hostIdentifier }) => hostIdentifier)).toEqual(['process-1', 'somebody', 'somebody']);
      expect((await until(asker)).isHeld).toBe(true);
    });

    test('has it where that one had no answer', async () => {
      const failed = errorOf(asking('silence'));

      expect(await until(semaphore.tryAcquire())).toMatchObject({ name: 'api#0', isHeld: true });
      expect(await failed).toBeInstanceOf(LockUnavailableError);
    });

    test('does not take longer than a try does', async () => {
      watched(asking('silence'));
      us.store.fate = ({ operation }) => (operation === 'acquire' ? 'silence' : {});

      expect(await until(errorOf(semaphore.tryAcquire()))).toBeInstanceOf(LockUnavailableError);
      expect(setting.time.nowMs).toBe(5000);
    });
  });

  test('a try takes over what the process held until its leases ran out while nothing could run', async () => {
    const dead = await acquired(3);
    us.block(60_000);

    const held = await until(semaphore.tryAcquire());

    expect(held?.isHeld).toBe(true);
    expect(dead.map(({ isHeld }) => isHeld)).toEqual([false, false, false]);
  });

  test('an entry that a caller here holds under its own name is no permit to be had', async () => {
    await until(us.factory().createLock('api#1').acquire());

    const held = await acquired(2);

    expect(held.map(({ name }) => name).sort(byText)).toEqual(['api#0', 'api#2']);
    expect(await until(semaphore.tryAcquire())).toBeUndefined();
  });

  test('a loss lets the next one come forward', async () => {
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});
    await acquired(3);
    const next = watched(semaphore.acquire({ waitSeconds: 60 }));

    await pass(22_000);

    expect(next).toMatchObject({ state: 'resolved' });
  });

  test('a waiter whose time is over is told who holds, and does not hold up those behind it', async () => {
    occupy(...NAMES);
    const impatient = errorOf(semaphore.acquire({ waitSeconds: 2 }));
    const behind = errorOf(semaphore.acquire({ waitSeconds: 1 }));
    const patient = semaphore.acquire();

    expect(await until(behind)).toMatchObject({ permits: 3, holders: [{}, {}, {}] });
    expect(await until(impatient)).toMatchObject({ permits: 3 });
    setting.table.items.clear();
    expect((await until(patient)).isHeld).toBe(true);
  });

  test('leave what they give back to other processes for a moment, where such are seen', async () => {
    occupy('api#0');
    us.fraction = 0.75;
    const two = us.factory().createSemaphore('api', { permits: 2 });
    await until(Promise.all(Array.from({ length: 11 }, () => two.withPermit(() => {}))));

    const { sent } = us.store;
    const pauses = sent.flatMap(({ operation, atMs }, index) => {
      const next = sent[index + 1];
      return operation === 'release' && next?.operation === 'acquire' ? [Math.round(next.atMs - atMs - 10)] : [];
    });
    expect(pauses).toEqual([0, 0, 0, 0, 75, 0, 0, 0, 0, 15]);
  });
});

test('readers take a permit, and a writer all: many read at once, one writes, and then nobody reads', async () => {
  const processes = [us, setting.process(), setting.process()];
  let [reading, writing, most, reads, writes] = [0, 0, 0, 0, 0];
  const all = processes.flatMap((process) => {
    const factory = process.factory({ waitSeconds: 600 });
    const readers = factory.createSemaphore('api', { permits: 3 });
    const read = () =>
      readers.withPermit(async () => {
        expect(writing).toBe(0);
        most = Math.max(most, ++reading);
        await setting.time.sleep(50);
        reading -= 1;
        reads += 1;
      });
    const write = () =>
      factory.withLocks(NAMES, async () => {
        expect([reading, ++writing]).toEqual([0, 1]);
        await setting.time.sleep(50);
        writing -= 1;
        writes += 1;
      });
    return [read, read, write, read, read, write, read].map((ask) => ask());
  });
  await until(Promise.all(all));

  expect({ most, reads, writes }).toEqual({ most: 3, reads: 15, writes: 6 });
  expect(setting.table.items.size).toBe(0);
});

describe('cancelling', () => {
  test('the head gives back what is granted after all, before the next one asks', async () => {
    us.store.next('acquire', { requestMs: 1000, answerMs: 2000 });
    const controller = new AbortController();
    const head = watched(semaphore.acquire({ signal: controller.signal }));
    const next = watched(semaphore.acquire());
    await pass(500);
    controller.abort('enough');
    await pass(2400);
    expect(head).toMatchObject({ state: 'rejected', error: 'enough' });
    expect(us.store.operations()).toEqual(['acquire']);

    await pass(200);

    expect(us.store.operations()).toEqual(['acquire', 'release', 'acquire']);
    expect(next.state).toBe('resolved');
    expect(setting.table.items.size).toBe(1);
  });

  test('a waiter in the middle lets the others go on', async () => {
    const held = await acquired(3);
    const controller = new AbortController();
    const first = watched(semaphore.acquire());
    const middle = errorOf(semaphore.acquire({ signal: controller.signal }));
    const last = watched(semaphore.acquire());
    controller.abort('enough');
    expect(await until(middle)).toBe('enough');

    for (const one of held) await until(one.release());
    await pass(100);

    expect([first.state, last.state]).toEqual(['resolved', 'resolved']);
  });
});

describe('a lost answer', () => {
  test('is no lost permit: the next answer tells, and no orphan is left', async () => {
    us.store.next('acquire', 'drop-answer');

    const held = await until(semaphore.acquire());

    expect(us.store.operations()).toEqual(['acquire', 'acquire']);
    await until(held.release());
    expect(setting.table.items.size).toBe(0);
  });
});

describe('inside withPermit', () => {
  test.each([
    ['acquire', () => semaphore.acquire()],
    ['tryAcquire', () => semaphore.tryAcquire()],
    ['withPermit', () => semaphore.withPermit(() => {})],
  ] as const)('asking for a second permit by %s fails at once, without a request', async (_, ask) => {
    await until(
      semaphore.withPermit(async () => {
        const error = await errorOf(ask());
        expect(error).toBeInstanceOf(LockReentrancyError);
        expect(error).toMatchObject({ lockName: 'api', tableName: 'locks' });
        expect(String(error)).toContain('a permit of it is held by the withPermit that this code runs in');
      }),
    );
    expect(us.store.operations()).toEqual(['acquire', 'release']);
  });

  test('another semaphore may be asked for, and a lost permit is told to the work', async () => {
    const other = us.factory().createSemaphore('other', { permits: 1 });
    expect(await until(semaphore.withPermit(() => other.withPermit(() => 'both')))).toBe('both');

    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});
    const error = await until(errorOf(semaphore.withPermit(() => setting.time.sleep(20_000).then(() => 'late'))));
    expect(error).toBeInstanceOf(LockLostError);
    expect(error).toMatchObject({ reason: 'deadline', result: 'late' });
  });
});

test('an invocation’s last second is left alone, and its end ends the hold', async () => {
  occupy(...NAMES);
  const endsMs = setting.time.nowMs + 3000;
  const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => endsMs - setting.time.nowMs };
  expect(await until(errorOf(semaphore.acquire({ context })))).toMatchObject({ permits: 3 });
  expect(setting.time.nowMs).toBe(2000);
  expect(await until(errorOf(semaphore.acquire({ context })))).toMatchObject({
    message: expect.stringContaining('was not granted so late in its invocation'),
  });

  setting.table.items.clear();
  const held = await until(semaphore.tryAcquire({ context }));
  await pass(1000);
  expect(held?.signal.reason).toMatchObject({ name: 'InvocationEndingError' });
  expect(() => held?.assertHeld()).toThrow(expect.objectContaining({ reason: 'invocation-ended' }));
});
