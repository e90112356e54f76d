import { LockUnavailableError } from '../../../runtime/errors.js';
import type { SentRequest } from '../scripted-store.js';
import { errorOf, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const of = (operation: SentRequest['operation'], sinceMs = 0): SentRequest[] =>
  us.store.sent.filter((request) => request.operation === operation && request.atMs >= sinceMs);

/** Locks that others hold, and who waits for them here. */
function wait(count: number): void {
  const factory = us.factory({ waitSeconds: 600 });
  for (let index = 0; index < count; index += 1) {
    setting.putEntry(`other/${index}`, { version: setting.versionDrawn(), leaseSeconds: 3600 });
    void factory.createLock(`other/${index}`).acquire();
  }
}

/** Requests take that long. Tells how many were under way at a time, at most. */
function slow(tripMs: number): { most: number } {
  const seen = { most: 0 };
  let underWay = 0;
  us.store.fate = ({ operation }) => {
    if (operation === 'refresh') return {};
    underWay += 1;
    seen.most = Math.max(seen.most, underWay);
    setting.time.at(setting.time.nowMs + tripMs, () => {
      underWay -= 1;
    });
    return { requestMs: tripMs / 2, answerMs: tripMs / 2 };
  };
  return seen;
}

/** Each request keeps the event loop busy for that long. */
function costly(ms: number): void {
  us.store.fate = () => {
    us.busyMs += ms;
    return {};
  };
}

describe('however many wait in a process,', () => {
  test('at most 32 of their requests are under way at a time, and each has its turn', async () => {
    const seen = slow(100);
    wait(100);
    await pass(5000);

    expect(seen.most).toBe(32);
    const looks = Array.from({ length: 100 }, (_, index) =>
      of('read').filter(({ lockKeys }) => lockKeys?.[0] === `other/${index}`),
    );
    expect(Math.min(...looks.map(({ length }) => length))).toBeGreaterThan(8);
  });

  test('so do those of many who ask once, and of those who wait for a permit', async () => {
    const seen = slow(100);
    const factory = us.factory();
    const tries = Array.from({ length: 100 }, (_, index) => factory.createLock(`free/${index}`).tryAcquire());
    const permits = Array.from({ length: 100 }, (_, index) =>
      factory.createSemaphore(`pool/${index}`, { permits: 2 }).acquire(),
    );

    expect(await until(Promise.all(tries))).not.toContain(undefined);
    await until(Promise.all(permits));
    expect(seen.most).toBe(32);
  });

  test('its own holds are refreshed and given back at once', async () => {
    const held = await until(us.factory().createLock('own').acquire());
    slow(3000);
    wait(500);
    await pass(60_000);

    expect(held.isHeld).toBe(true);
    const [first, second] = of('refresh') as [SentRequest, SentRequest];
    expect(second.atMs - first.atMs).toBeCloseTo(5000, -2);
    const releasedMs = setting.time.nowMs;
    void held.release();
    expect(of('release', releasedMs)).toHaveLength(1);
  });

  test('who asks for a lock that is free does not wait until all of them have looked', async () => {
    wait(100);
    await pass(2000);
    slow(1000);
    await pass(2000);
    const askedMs = setting.time.nowMs;
    const free = us.factory({ waitSeconds: 30 }).createLock('free').acquire();
    await until(free);

    expect(of('acquire', askedMs)[0]?.atMs).toBeLessThanOrEqual(askedMs + 1000);
  });
});

describe('who stops waiting in the queue', () => {
  test('hears of it at once, sends nothing any more, and makes room', async () => {
    us.store.fate = () => 'silence';
    wait(32);
    const controller = new AbortController();
    const queued = watched(us.factory().createLock('queued').acquire({ signal: controller.signal }));
    const next = watched(us.factory().createLock('next').acquire());
    await pass(100);
    controller.abort('enough');
    await pass(0);
    expect(queued).toMatchObject({ state: 'rejected', error: 'enough' });

    us.store.fate = () => ({});
    await pass(6000);
    expect(next.state).toBe('resolved');
    expect(of('acquire').filter(({ lockKeys }) => lockKeys?.[0] === 'queued')).toEqual([]);
    expect((await until(us.factory().createLock('queued').tryAcquire()))?.isHeld).toBe(true);
  });

  test('is refused when its time is over', async () => {
    us.store.fate = () => 'silence';
    wait(32);
    const error = await until(errorOf(us.factory().createLock('queued').acquire({ waitSeconds: 2 })));

    expect(setting.time.nowMs).toBeCloseTo(2000, -1);
    expect(error).toMatchObject({ lockName: 'queued', cause: { message: expect.stringMatching(/^no answer/) } });
  });
});

test('in an outage all who wait hear of it, though most of them had no turn since it began', async () => {
  slow(100);
  const factory = us.factory({ waitSeconds: 30 });
  const refused = Array.from({ length: 200 }, (_, index) => {
    setting.putEntry(`other/${index}`, { version: setting.versionDrawn(), leaseSeconds: 3600 });
    return errorOf(factory.createLock(`other/${index}`).acquire());
  });
  await pass(10_000);
  us.store.fate = () => 'silence';
  const errors = await until(Promise.all(refused));

  expect(errors.filter((error) => !(error instanceof LockUnavailableError))).toEqual([]);
});

describe('where the event loop is busy,', () => {
  const looksPerSecond = async (seconds = 5): Promise<number> => {
    await pass(3000);
    const sinceMs = setting.time.nowMs;
    await pass(seconds * 1000);
    return of('read', sinceMs).length / seconds;
  };

  test('the looks of all waiters together take half of it', async () => {
    costly(4);
    wait(100);
    const perSecond = await looksPerSecond();

    expect(perSecond).toBeGreaterThan(100);
    expect(perSecond).toBeLessThan(140);
  });

  test('they are as many as before once it has time again', async () => {
    costly(4);
    wait(100);
    await pass(3000);
    costly(0.1);

    expect(await looksPerSecond()).toBeGreaterThan(100 / 0.2);
  });

  test('a few waiters look as often as ever', async () => {
    costly(0);
    wait(5);
    const before = await looksPerSecond();
    const work = (): void => {
      us.busyMs += 100;
      setting.time.at(setting.time.nowMs + 100, work);
    };
    work();

    expect(await looksPerSecond()).toBeGreaterThan(before * 0.9);
  });

  test('fewer are under way at a time, so that nothing waits behind many', async () => {
    costly(0);
    wait(100);
    await pass(1000);
    const seen = slow(100);
    await pass(1000);
    expect(seen.most).toBe(32);
    const work = (): void => {
      us.busyMs += 100;
      setting.time.at(setting.time.nowMs + 100, work);
    };
    work();
    await pass(1000);
    const later = slow(100);
    await pass(1000);

    expect(later.most).toBe(8);
  });
});

test('where DynamoDB refuses looks since there are too many, those of all waiters grow rarer', async () => {
  costly(0);
  wait(200);
  await pass(2000);
  const sinceMs = setting.time.nowMs;
  await pass(1000);
  const before = of('read', sinceMs).length;
  us.store.fate = ({ operation }) => (operation === 'read' ? new Error('throttled') : {});
  await pass(1000);
  const throttledMs = setting.time.nowMs;
  await pass(1000);

  expect(before).toBeGreaterThan(800);
  expect(of('read', throttledMs).length).toBeLessThan(150);
});
