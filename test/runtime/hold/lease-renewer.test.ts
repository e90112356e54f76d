import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { brokenBy } from '../../../runtime/protocol/breaking.js';
import { PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let held: HeldLock;
beforeEach(async () => {
  setting = new Setting();
  us = setting.process();
  held = await setting.time.until(us.factory().createLock('a').acquire());
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const refreshes = (): number[] =>
  us.store.sent.filter(({ operation }) => operation === 'refresh').map(({ atMs }) => atMs);

test('refreshes half a lease after the last confirmed version was sent, each time with a later version', async () => {
  await pass(60_000);

  expect(held.isHeld).toBe(true);
  const sent = us.store.sent.map(({ atMs }) => atMs);
  expect(sent.length).toBe(13);
  expect(sent.every((atMs, index) => Math.abs(atMs - index * 5000) < 100)).toBe(true);
  const versions = us.store.sent.map(({ version = '' }) => version);
  expect(versions.every((version, index) => version > (versions[index - 1] ?? ''))).toBe(true);
  expect(setting.versionOf('a')).toBe(versions.at(-1));
});

test('moves the expiry on that TTL goes by', async () => {
  await pass(5500);

  const [first, second] = us.store.sent.map(({ expiresAtSeconds = 0 }) => expiresAtSeconds);
  expect(second).toBe((first ?? 0) + 5);
});

test('stops with the release', async () => {
  await setting.time.until(held.release());
  const before = us.store.sent.length;

  await pass(60_000);

  expect(us.store.sent.length).toBe(before);
});

describe('failures in transit', () => {
  test.each(['reset', 'silence', 'drop-answer'] as const)('(%s) through most of a lease lose nothing', async (fate) => {
    us.store.fate = ({ atMs }) => (atMs < 8500 ? fate : {});

    await pass(20_000);

    expect(held.isHeld).toBe(true);
    expect(held.signal.aborted).toBe(false);
    expect(us.warnings).toEqual([expect.stringMatching(/was refreshed 3\.\d+ s late: it would have been lost in 1\./)]);
  });

  test('that end shortly before the deadline lose nothing, however long they lasted', async () => {
    us.store.fate = ({ atMs }) => (atMs < 9500 ? 'reset' : {});

    await pass(20_000);

    expect(held.isHeld).toBe(true);
  });

  test('are tried again with growing sleeps', async () => {
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});

    await pass(6500);

    const gaps = refreshes()
      .slice(1)
      .map((atMs, index) => Math.round(atMs - (refreshes()[index] ?? 0) - 5));
    expect(gaps.slice(0, 5)).toEqual([25, 50, 100, 200, 400]);
  });

  test('until the deadline end the hold then, with the last failure as cause', async () => {
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});
    const aborted = jest.fn();
    held.signal.addEventListener('abort', () => aborted(setting.time.nowMs));

    await pass(20_000);

    // Sent at 0, a lease of 10 s, a margin of 0.35 s.
    expect(aborted.mock.calls).toEqual([[expect.closeTo(9650, 2)]]);
    expect(held.signal.reason).toMatchObject({
      name: 'LockLostError',
      reason: 'deadline',
      cause: new Error('connection reset'),
      lockName: 'a',
      tableName: 'locks',
    });
    expect(us.warnings).toEqual([expect.stringContaining('lock "a" in table "locks" was lost')]);
  });

  test('are over once the hold is: no request after the deadline', async () => {
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});

    await pass(60_000);

    expect(Math.max(...refreshes())).toBeLessThan(9650);
  });

  test('that were writes after all count from their own sending', async () => {
    us.store.next('refresh', 'drop-answer');
    await pass(5500);

    // The second refresh made it good; both landed.
    expect(refreshes().length).toBe(2);
    const [, second = 0] = refreshes();
    expect(held.remainingSeconds).toBeCloseTo((second + 9650 - setting.time.nowMs) / 1000, 6);
  });
});

test('an answer that comes after the deadline changes nothing any more: lost is lost', async () => {
  us.store.fate = ({ operation }) => (operation === 'refresh' ? { requestMs: 100, answerMs: 9000 } : {});

  await pass(30_000);

  expect(held.isHeld).toBe(false);
  expect(held.signal.reason).toMatchObject({ reason: 'deadline' });
});

test('a refresh that has no answer leaves time for another before the deadline', async () => {
  us.store.next('refresh', 'silence');

  await pass(9600);

  expect(refreshes().length).toBe(2);
  expect(held.isHeld).toBe(true);
});

test('a refresh of a long lease that has no answer is tried again within seconds', async () => {
  const long = await until(us.factory().createLock('b', { leaseSeconds: 3600 }).acquire());
  let refreshes = 0;
  us.store.fate = ({ operation, lockKeys }) =>
    operation === 'refresh' && lockKeys?.[0] === 'b' && refreshes++ === 0 ? 'silence' : {};
  await pass(1_800_000 + 6000);

  expect(refreshes).toBe(2);
  expect(long.remainingSeconds).toBeGreaterThan(3550);
});

describe('a condition that fails', () => {
  test('is a loss at once where another holds it: taken, and by whom', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });

    await pass(5000);

    expect(held.isHeld).toBe(false);
    expect(held.signal.reason).toMatchObject({ name: 'LockLostError', reason: 'taken' });
    expect(String(held.signal.reason)).toContain('somebody holds it now');
  });

  test('is a loss at once where the entry was deleted: gone', async () => {
    setting.table.items.clear();

    await pass(5000);

    expect(held.isHeld).toBe(false);
    expect(held.signal.reason).toMatchObject({ name: 'LockLostError', reason: 'gone' });
  });

  test('is a loss at once where what stands there is no entry any more', async () => {
    setting.table.items.set('a', { lockKey: { S: 'a' } });

    await pass(5000);

    expect(held.signal.reason).toMatchObject({
      message: 'lock "a" in table "locks" was lost: its item is no longer the entry of a lock',
      reason: 'taken',
      cause: { name: 'LockEntryError' },
    });
  });

  test('is a loss at once where it was broken, and leaves the rest of the lease alone', async () => {
    const hostIdentifier = { S: brokenBy('them', 'stuck') };
    setting.table.items.set('a', {
      ...setting.table.items.get('a'),
      versionNumber: { S: PYTHONS_VERSION },
      hostIdentifier,
    });

    await pass(5000);
    await until(held.release());

    expect(held.signal.reason).toMatchObject({ reason: 'broken' });
    expect(us.store.operations()).toEqual(['acquire', 'refresh']);
  });

  test('is none where it is our own write that stands there', async () => {
    // Prepare: the SDK repeats the refresh, whose first answer was lost; the copy fails its condition.
    const refresh = us.store.refresh.bind(us.store);
    us.store.refresh = async (request, signal) => {
      await setting.table.refresh(request);
      return refresh(request, signal);
    };

    await pass(12_000);

    expect(held.isHeld).toBe(true);
    expect(us.warnings).toEqual([]);
  });
});

test('beats as soon as a blocked event loop gets to run again', async () => {
  us.block(8000);
  const thawedMs = setting.time.nowMs;

  await pass(10);

  expect(refreshes()[0]).toBe(thawedMs);
  expect(held.isHeld).toBe(true);
});

test('beats soon after a frozen sandbox thaws, though its timers slept too', async () => {
  await pass(1000);
  us.freeze(6000);
  const thawedMs = setting.time.nowMs;

  await pass(3000);

  expect((refreshes()[0] ?? Number.NaN) - thawedMs).toBeLessThanOrEqual(250);
  expect(held.isHeld).toBe(true);
});

test('keeps a lease of one second, and one of a day', async () => {
  const factory = us.factory();
  const short = await setting.time.until(factory.createLock('short', { leaseSeconds: 1 }).acquire());
  const long = await setting.time.until(factory.createLock('long', { leaseSeconds: 86_400 }).acquire());

  await pass(100_000);

  expect(short.isHeld).toBe(true);
  expect(long.isHeld).toBe(true);
});

describe('one refresh at a time', () => {
  test('is sent only once the last one is answered, also after a freeze and a failed hand-over', async () => {
    us.store.next('refresh', { requestMs: 700, answerMs: 700 });
    await pass(5100);
    us.freeze(300);
    us.store.next('refresh', 'reset');
    const stopped = new AbortController();
    const handOver = watched(held.serialize({ signal: stopped.signal }));
    await pass(10);
    stopped.abort(new Error('not now'));
    await pass(200);

    expect(handOver.error).toEqual(new Error('not now'));
    expect(refreshes()).toHaveLength(2);
    expect(held.isHeld).toBe(true);
  });

  test('and none follows one that was under way at the release', async () => {
    us.store.next('refresh', { requestMs: 50, answerMs: 50 });
    await pass(5010);
    const released = held.release();
    await pass(200);
    await released;

    expect(us.store.operations()).toEqual(['acquire', 'refresh', 'release']);
    expect(setting.time.dueMs).toBeUndefined();
  });

  test('with ever more time after those that gained nothing, and begins anew after one that did', async () => {
    const gaining = 5;
    us.store.fate = ({ operation }) => (operation === 'refresh' && refreshes().length !== gaining ? 'reset' : {});
    await pass(12_000);

    const gaps = refreshes().map((atMs, index) => Math.round(atMs - (refreshes()[index - 1] ?? 0)));
    expect(gaps.slice(0, 8)).toEqual([5000, 30, 55, 105, 205, 5000, 30, 55]);
  });

  test('and not one that another has made needless', async () => {
    await pass(4900);
    await until(held.refresh());
    await pass(4000);

    expect(refreshes()).toHaveLength(1);
  });
});

describe('a loss after a time in which nothing ran says so, and for how long', () => {
  test.each(['block', 'freeze'] as const)('told by a timer (%s)', async (stop) => {
    await pass(1000);
    us[stop](30_000);
    await pass(300);

    expect(held.signal.reason).toMatchObject({
      reason: 'deadline',
      message: expect.stringMatching(/was lost: no refresh could be sent: nothing ran in this process for 30\.\d s$/),
    });
  });

  test.each(['block', 'freeze'] as const)('told by whoever asks first (%s)', async (stop) => {
    await pass(3000);
    us[stop](12_000);

    expect(held.isHeld).toBe(false);
    expect(String(held.signal.reason)).toMatch(/nothing ran in this process for 12\.\d s$/);
  });

  test('but not where refreshes were sent, and failed', async () => {
    us.store.fate = () => 'reset';
    await pass(9000);
    us.block(8000);
    await pass(300);

    expect(held.signal.reason).toMatchObject({
      message: expect.stringMatching(/no refresh was confirmed before its deadline$/),
      cause: new Error('connection reset'),
    });
  });

  test('nor for an earlier pause that was survived', async () => {
    await pass(1000);
    us.block(7000);
    await pass(300);
    expect(held.isHeld).toBe(true);
    us.store.fate = () => 'silence';
    await pass(12_000);

    expect(String(held.signal.reason)).toMatch(/no refresh was confirmed before its deadline$/);
  });
});
