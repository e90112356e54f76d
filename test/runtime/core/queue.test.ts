import type { Lock } from '../../../runtime/acquire/lock.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let lock: Lock;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  lock = us.factory().createLock('a');
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);

describe('callers of one process', () => {
  test('get the lock in the order in which they asked', async () => {
    const order: number[] = [];
    const work = (index: number) => async (): Promise<void> => {
      order.push(index);
      await setting.time.sleep(10 * (7 - index));
    };

    await until(Promise.all([0, 1, 2, 3, 4, 5].map((index) => lock.withLock(work(index)))));

    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('get it in that order by whatever lock object of whatever factory', async () => {
    const held = await until(lock.acquire());
    const order: number[] = [];
    const waiting = [0, 1, 2].map((index) => us.factory().withLock('a', () => void order.push(index)));
    await until(held.release());

    await until(Promise.all(waiting));

    expect(order).toEqual([0, 1, 2]);
  });

  test('send nothing while they are not at the head', async () => {
    const held = await until(lock.acquire());
    const waiting = [lock.acquire(), lock.acquire()].map(watched);
    const before = us.store.sent.length;

    await pass(4000);

    expect(us.store.sent.length).toBe(before);
    expect(waiting).toMatchObject([{ state: 'pending' }, { state: 'pending' }]);
    await until(held.release());
  });

  test('release the lock in DynamoDB between them: another process may come in', async () => {
    await until(Promise.all([lock.withLock(() => {}), lock.withLock(() => {})]));

    expect(us.store.operations()).toEqual(['acquire', 'release', 'acquire', 'release']);
  });

  test('do not queue behind those that want another lock', async () => {
    await until(lock.acquire());

    expect((await until(us.factory().createLock('b').acquire())).isHeld).toBe(true);
  });
});

describe('a waiter whose time is over', () => {
  test('is told who holds the lock, and does not hold up those behind it', async () => {
    const held = await until(lock.acquire());
    const impatient = errorOf(lock.acquire({ waitSeconds: 2 }));
    const patient = lock.acquire();

    expect(await until(impatient)).toMatchObject({
      name: 'LockNotGrantedError',
      holder: { hostIdentifier: 'process-1', leaseSeconds: 10 },
    });
    expect(setting.time.nowMs).toBe(2010);
    await until(held.release());
    expect((await until(patient)).isHeld).toBe(true);
  });

  test('has its own limit, whatever the limits before it', async () => {
    await until(lock.acquire());
    const limits = [3, 1, 2];
    const order: number[] = [];

    await until(
      Promise.all(
        limits.map((waitSeconds) => errorOf(lock.acquire({ waitSeconds })).then(() => order.push(waitSeconds))),
      ),
    );

    expect(order).toEqual([1, 2, 3]);
  });
});

describe('cancelling', () => {
  test('a waiter in the middle lets the others go on', async () => {
    const held = await until(lock.acquire());
    const controller = new AbortController();
    const order: string[] = [];
    const first = lock.withLock(() => void order.push('first'));
    const middle = errorOf(lock.acquire({ signal: controller.signal }));
    const last = lock.withLock(() => void order.push('last'));

    controller.abort('enough');
    expect(await until(middle)).toBe('enough');
    await until(held.release());
    await until(Promise.all([first, last]));

    expect(order).toEqual(['first', 'last']);
  });

  test('the head passes its place on only when its request in flight is answered', async () => {
    // Prepare: a head whose write is on its way for 3 s, and a waiter behind it.
    us.store.next('acquire', { requestMs: 1000, answerMs: 2000 });
    const controller = new AbortController();
    const head = watched(lock.acquire({ signal: controller.signal }));
    const next = watched(lock.acquire());
    await pass(500);

    // Act
    controller.abort('enough');
    await pass(2400);

    // Assess: the head's caller has heard, but nothing else was sent.
    expect(head).toMatchObject({ state: 'rejected', error: 'enough' });
    expect(us.store.operations()).toEqual(['acquire']);

    // What was granted after all is given back, then the next caller asks.
    await pass(200);
    expect(us.store.operations()).toEqual(['acquire', 'release', 'acquire']);
    expect(next).toMatchObject({ state: 'resolved' });
    expect(setting.versionOf('a')).toBe(us.store.sent.at(-1)?.version);
  });

  test('the head that sleeps between two looks passes its place on at once', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });
    const controller = new AbortController();
    const head = errorOf(lock.acquire({ signal: controller.signal }));
    const next = lock.acquire();
    await pass(2000);

    controller.abort('enough');
    await until(head);
    setting.table.items.clear();

    expect((await until(next)).isHeld).toBe(true);
  });
});

describe('a try', () => {
  test('behind a holder of the same process fails without a request, and names it', async () => {
    await until(lock.acquire());
    const before = us.store.sent.length;

    expect(await until(us.factory().tryWithLock('a', () => {}))).toMatchObject({
      acquired: false,
      holder: { hostIdentifier: 'process-1', leaseSeconds: 10, remainingSeconds: expect.closeTo(9.65, 1) },
    });
    expect(await until(lock.tryAcquire())).toBeUndefined();
    expect(us.store.sent.length).toBe(before);
  });

  test('behind a holder of the same process whose lease ran out while nothing could run, takes the lock over', async () => {
    const dead = await until(lock.acquire());
    us.block(60_000);

    const outcome = await until(us.factory().tryWithLock('a', () => 'worked'));

    expect(outcome).toEqual({ acquired: true, value: 'worked' });
    expect(dead.signal.reason).toMatchObject({ reason: 'deadline' });
  });

  test('behind a waiter that saw who holds the lock fails without a request, and names that one', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });
    watched(lock.acquire({ waitSeconds: 5 }));
    await pass(1000);
    const writes = us.store.operations().filter((operation) => operation === 'acquire').length;

    expect(await until(us.factory().tryWithLock('a', () => {}))).toMatchObject({
      holder: { hostIdentifier: 'somebody' },
    });

    expect(us.store.operations().filter((operation) => operation === 'acquire').length).toBe(writes);
  });

  test('behind a caller that has just asked waits for that answer', async () => {
    const first = lock.acquire();
    const tried = lock.tryAcquire();

    await until(first);

    expect(await until(tried)).toBeUndefined();
    expect(us.store.operations()).toEqual(['acquire']);
  });

  test('behind a caller that got no answer rejects when its time is over', async () => {
    us.store.fate = () => 'silence';
    watched(lock.acquire());

    const error = await until(errorOf(lock.tryAcquire()));

    expect(error).toMatchObject({ name: 'LockUnavailableError', cause: expect.any(Error) });
    expect(setting.time.nowMs).toBe(5000);
  });

  test('behind a caller that failed asks for itself', async () => {
    us.store.next('acquire', 'silence');
    const first = errorOf(lock.acquire({ waitSeconds: 1 }));
    const tried = lock.tryAcquire();
    await until(first);

    expect(await until(tried)).toMatchObject({ isHeld: true });
  });
});

test('a loss passes the lock on too, to whoever waits here', async () => {
  us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});
  const held = await until(lock.acquire());
  const next = watched(lock.acquire());

  await pass(9700);
  expect(held.isHeld).toBe(false);
  expect(next.state).toBe('pending');

  // The next caller watches the lost entry for its lease, as any other process does.
  await pass(10_000);
  expect(next).toMatchObject({ state: 'resolved', value: { isHeld: true } });
});

describe('for other processes’ sake', () => {
  /** How long after each release the next local caller's write was sent. */
  async function pauses(holds: number, fraction: number): Promise<number[]> {
    us.fraction = fraction;
    await until(Promise.all(Array.from({ length: holds }, () => lock.withLock(() => {}))));
    const { sent } = us.store;
    return sent.flatMap(({ operation, atMs }, index) => {
      const former = sent[index - 1];
      return operation === 'acquire' && former ? [Math.round(atMs - former.atMs - 10)] : [];
    });
  }

  test('the next caller sleeps 0 to 20 ms after 10 holds handed over locally', async () => {
    const slept = await pauses(23, 0.75);

    expect(slept).toEqual([...Array.from({ length: 9 }, () => 0), 15, ...Array.from({ length: 9 }, () => 0), 15, 0, 0]);
  });

  test('a process that saw another’s entry, and took the lock more than 3 times in a row, sleeps 0 to 100 ms', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });
    expect(await until(lock.tryAcquire())).toBeUndefined();
    setting.table.items.clear();

    const slept = await pauses(7, 0.75);

    expect(slept.slice(-6)).toEqual([0, 0, 0, 75, 0, 0]);
  });

  describe('which nobody used', () => {
    /** How many holds there were between two such sleeps. */
    async function inARow(sleeps: number): Promise<number[]> {
      const counts: number[] = [];
      for (let holds = 0; counts.length < sleeps; holds += 1) {
        const beforeMs = setting.time.nowMs;
        await until(lock.withLock(() => {}));
        if (setting.time.nowMs - beforeMs < 75) continue;
        counts.push(holds);
        holds = 0;
      }
      return counts;
    }

    beforeEach(async () => {
      us.fraction = 0.75;
      setting.putEntry('a', { version: PYTHONS_VERSION });
      await until(lock.tryAcquire());
      setting.table.items.clear();
    });

    test('it sleeps the less often, up to 24 holds apart', async () => {
      expect(await inARow(9)).toEqual([4, 6, 8, 11, 16, 22, 24, 24, 24]);
    });

    test('until it sees another’s entry again', async () => {
      await inARow(7);
      setting.putEntry('a', { version: PYTHONS_VERSION });
      await until(lock.tryAcquire());
      setting.table.items.clear();

      expect(await inARow(2)).toEqual([4, 6]);
    });
  });

  test('it does so no longer once nobody else was seen for a minute', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });
    await until(lock.tryAcquire());
    setting.table.items.clear();
    await pass(60_000);

    const slept = await pauses(7, 0.75);

    expect(slept.slice(-6)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

test('a place is left once, whatever comes', async () => {
  const held: HeldLock = await until(lock.acquire());
  await until(Promise.all([held.release(), held.release(), held[Symbol.asyncDispose]()]));
  const order: string[] = [];
  const first = lock.withLock(async () => {
    await setting.time.sleep(100);
    order.push('first');
  });
  const second = lock.withLock(() => void order.push('second'));
  await until(held.release());

  await until(Promise.all([first, second]));

  expect(order).toEqual(['first', 'second']);
});
