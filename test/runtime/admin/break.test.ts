import type { BreakOptions } from '../../../runtime/admin/break.js';
import { BreakRefusedError, LockLostError, LynkError } from '../../../runtime/errors.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { formatVersion, parseVersion, tombstoneHoldIdFrom } from '../../../runtime/protocol/version.js';
import { EPOCH_MS, errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

const LEASE_MS = 10_000;

let setting: Setting;
let holder: TestProcess;
let operator: TestProcess;
let held: HeldLock;
beforeEach(async () => {
  setting = new Setting();
  holder = setting.process();
  operator = setting.process();
  held = await setting.time.until(holder.factory().createLock('a').acquire());
});

const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const breakIt = (options: Partial<BreakOptions> = {}) =>
  setting.time.until(operator.factory().break('a', { reason: 'stuck', ...options }));
const refusal = async (options: Partial<BreakOptions> = {}): Promise<string> => {
  const before = setting.table.items.get('a');
  const error = await setting.time.until(errorOf(operator.factory().break('a', { reason: 'stuck', ...options })));
  expect(error).toBeInstanceOf(BreakRefusedError);
  expect(error).toMatchObject({ lockName: 'a', tableName: 'locks', version: setting.versionOf('a') });
  expect(setting.table.items.get('a')).toBe(before);
  return (error as Error).message;
};

test('tells the holder at its next write: who, and why', async () => {
  await breakIt({ reason: 'stuck since noon' });
  expect(held.isHeld).toBe(true);

  await pass(LEASE_MS / 2);

  expect(held.isHeld).toBe(false);
  expect(held.signal.reason).toBeInstanceOf(LockLostError);
  expect(held.signal.reason).toMatchObject({
    reason: 'broken',
    message: 'lock "a" in table "locks" was lost: it was broken by process-2: stuck since noon',
  });
});

test('the lease runs out before anybody else has the lock, and the next contender then has it', async () => {
  const contender = setting.process();
  const acquiring = watched(contender.factory().createLock('a').acquire({ waitSeconds: 60 }));
  await pass(4000);
  // So that it learns of the break at the end of its lease alone.
  holder.store.fate = () => 'reset';
  await breakIt();
  const brokenMs = setting.time.nowMs;

  await pass(LEASE_MS - 100);
  expect(held.isHeld).toBe(false);
  expect(acquiring.state).toBe('pending');
  await pass(1000);

  expect(acquiring.state).toBe('resolved');
  expect(setting.ownVersionOf('a')?.stampMs).toBeGreaterThanOrEqual(EPOCH_MS + brokenMs + LEASE_MS);
});

test('whoever comes new waits for the lease and the tolerance, at whatever the breaker’s clock says', async () => {
  operator.wallOffMs = -3_600_000;
  holder.store.fate = () => 'reset';
  await breakIt();
  await pass(LEASE_MS + 2000);
  expect(await setting.time.until(setting.process().factory().createLock('a').tryAcquire())).toBeUndefined();

  await pass(3000);
  expect(await setting.time.until(setting.process().factory().createLock('a').tryAcquire())).toBeDefined();
});

test('shows what then stands in the table, to the breaker and to contenders', async () => {
  setting.table.items.set('a', { ...setting.table.items.get('a'), data: { S: '{}' }, fencingToken: { N: '7' } });
  const before = setting.versionOf('a');
  await pass(2000);

  const left = await breakIt();

  expect(left).toMatchObject({
    isBroken: true,
    hostIdentifier: 'broken by process-2: stuck',
    leaseSeconds: 10,
    data: {},
    fencingToken: 7,
    version: setting.versionOf('a'),
  });
  expect(left?.version).not.toBe(before);
  expect(left?.holder?.remainingSeconds).toBeCloseTo(10, 1);
  expect(setting.table.items.get('a')).toMatchObject({ data: { S: '{}' }, fencingToken: { N: '7' } });
  const error = await setting.time.until(
    errorOf(setting.process().factory().createLock('a').acquire({ waitSeconds: 0 })),
  );
  expect(String(error)).toMatch(/held by nobody: broken by process-2: stuck \(lease 10 s, about \d+(\.\d)? s left\)$/);
});

test('a holder of Python’s is broken too, with a version that contenders add a margin for', async () => {
  setting.putEntry('a', { version: PYTHONS_VERSION });

  const left = await breakIt();

  expect(left?.version).toBe(setting.versionOf('a'));
  expect(parseVersion(left?.version ?? '')).toBeUndefined();
  expect(left).toMatchObject({ writer: 'other', isBroken: true });
});

describe('is refused', () => {
  test('where nobody holds the lock', async () => {
    await setting.time.until(held.release());
    expect(await refusal()).toBe('lock "a" in table "locks" was not broken: it has no entry: nobody holds it');
  });

  test('where its entry is kept, but free', async () => {
    setting.putEntry('a', { version: setting.versionDrawn(), leaseSeconds: 0 });
    expect(await refusal()).toMatch(/was not broken: it is free$/);
  });

  test('where it was broken already: it would only last longer', async () => {
    await breakIt();
    expect(await refusal()).toMatch(/its lease is already running out: it was broken by process-2: stuck$/);
  });

  test('where the lease is over by its stamp', async () => {
    setting.putEntry('a', { version: setting.versionDrawn(14_100) });
    expect(await refusal()).toMatch(/its lease is over, and the next contender takes it$/);
  });

  test('where its hold was released, and the lock but stays taken for the rest of its lease', async () => {
    const holdId = tombstoneHoldIdFrom(new Uint8Array(10).fill(1));
    setting.putEntry('a', { version: formatVersion({ stampMs: EPOCH_MS, timed: true, holdId }) });
    expect(await refusal()).toMatch(/nobody holds it: it was released, and stays taken until its lease runs out$/);
  });

  test('where the lease is over by what this process has seen', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });
    await setting.time.until(operator.factory().inspect('a'));
    await pass(10_400);
    expect(await refusal()).toMatch(/its lease is over/);
  });

  test('where another hold has it than was inspected', async () => {
    const version = setting.versionOf('a') ?? '';
    setting.putEntry('a', { version: setting.versionDrawn() });
    expect(await refusal({ version })).toMatch(/it has changed since it was inspected: somebody holds it now$/);
  });

  test('where its holder has refreshed since it was inspected', async () => {
    const version = setting.versionOf('a') ?? '';
    await pass(6000);
    expect(await refusal({ version })).toMatch(/its holder has refreshed it since it was inspected$/);
  });

  test('where its entry has gone since it was inspected', async () => {
    const version = setting.versionOf('a') ?? '';
    await setting.time.until(held.release());
    expect(await refusal({ version })).toMatch(/its entry has disappeared since it was inspected$/);
  });

  test('where it was freed between read and write', async () => {
    operator.store.next('leave', { requestMs: 50 });
    const breaking = errorOf(operator.factory().break('a', { reason: 'stuck' }));
    await pass(30);
    void held.release();
    expect(String(await setting.time.until(breaking))).toMatch(/its entry has disappeared since it was inspected$/);
  });

  test('where somebody else took it between read and write', async () => {
    operator.store.next('leave', { requestMs: 50 });
    const breaking = errorOf(operator.factory().break('a', { reason: 'stuck' }));
    await pass(30);
    const version = setting.versionDrawn();
    setting.putEntry('a', { version });
    expect(String(await setting.time.until(breaking))).toMatch(
      /changed since it was inspected: somebody holds it now$/,
    );
    expect(setting.versionOf('a')).toBe(version);
  });
});

test('a living holder that refreshes between read and write is broken all the same', async () => {
  operator.store.next('leave', { requestMs: 50 });
  const breaking = operator.factory().break('a', { reason: 'stuck' });
  await pass(30);
  void held.refresh();

  expect(await setting.time.until(breaking)).toMatchObject({ isBroken: true });
  expect(operator.store.operations()).toEqual(['read', 'leave', 'read', 'leave']);
});

test('but not if that version alone was to be broken', async () => {
  operator.store.next('leave', { requestMs: 50 });
  const breaking = errorOf(operator.factory().break('a', { reason: 'stuck', version: setting.versionOf('a') }));
  await pass(30);
  void held.refresh();

  expect(String(await setting.time.until(breaking))).toMatch(/has refreshed it since it was inspected$/);
  await pass(20_000);
  expect(held.isHeld).toBe(true);
});

test('a lost answer is made good by the next', async () => {
  operator.store.next('leave', 'drop-answer');

  expect(await breakIt()).toMatchObject({ isBroken: true, version: setting.versionOf('a') });
  expect(operator.store.operations()).toEqual(['read', 'leave', 'leave']);
});

test('an outage ends it with an error', async () => {
  operator.store.fate = () => 'reset';

  const error = await setting.time.until(errorOf(operator.factory().break('a', { reason: 'stuck' })));

  expect(error).toBeInstanceOf(LynkError);
  expect(String(error)).toMatch(/lock "a" in table "locks": no answer from DynamoDB/);
  expect(held.isHeld).toBe(true);
});

describe('by force', () => {
  test('deletes the entry: the next contender has the lock at once, and the holder may believe still', async () => {
    expect(await breakIt({ force: true })).toBeUndefined();

    expect(setting.versionOf('a')).toBeUndefined();
    expect(await setting.time.until(setting.process().factory().createLock('a').tryAcquire())).toBeDefined();
    expect(held.isHeld).toBe(true);
    await pass(LEASE_MS / 2);
    expect(held.isHeld).toBe(false);
  });

  test.each([
    ['free', () => setting.putEntry('a', { version: setting.versionDrawn(), leaseSeconds: 0 })],
    ['dead', () => setting.putEntry('a', { version: setting.versionDrawn(60_000) })],
  ])('also where it is %s', async (_, prepare) => {
    prepare();
    expect(await breakIt({ force: true })).toBeUndefined();
    expect(setting.versionOf('a')).toBeUndefined();
  });

  test('and where it was broken before', async () => {
    await breakIt();
    expect(await breakIt({ force: true })).toBeUndefined();
    expect(setting.versionOf('a')).toBeUndefined();
  });

  test('deletes nothing but what was inspected', async () => {
    const version = setting.versionOf('a') ?? '';
    await pass(6000);
    expect(await refusal({ version, force: true })).toMatch(/has refreshed it since/);

    operator.store.next('release', { requestMs: 50 });
    const breaking = errorOf(operator.factory().break('a', { reason: 'stuck', force: true }));
    await pass(30);
    setting.putEntry('a', { version: PYTHONS_VERSION });
    expect(String(await setting.time.until(breaking))).toMatch(/changed since it was inspected/);
    expect(setting.versionOf('a')).toBe(PYTHONS_VERSION);
  });

  test('a lost answer is made good: what counts is that the entry is gone', async () => {
    operator.store.next('release', 'drop-answer');
    expect(await breakIt({ force: true })).toBeUndefined();
    expect(setting.versionOf('a')).toBeUndefined();
  });
});

test('a text that was handed over is of no use once its lock is broken, and says why', async () => {
  const text = await setting.time.until(held.serialize());
  await breakIt();

  const error = await setting.time.until(errorOf(setting.process().factory().deserializeLock(text)));

  expect(error).toMatchObject({ reason: 'stale-hand-over' });
  expect(String(error)).toMatch(/it was broken by process-2: stuck$/);
});

test('nobody writes over a broken entry before its time, but then anybody, with what it had of its own', async () => {
  await breakIt();
  const version = setting.versionOf('a');
  holder.store.fate = () => ({});
  await pass(LEASE_MS / 2 + 100);
  await setting.time.until(held.release());

  expect(setting.versionOf('a')).toBe(version);
});

describe('where the stamp is days ahead, as a clock was', () => {
  const AHEAD_MS = 3 * 86_400_000;
  const isHadAtFirstSight = async (): Promise<boolean> =>
    (await setting.time.until(setting.process().factory().createLock('a').tryAcquire())) !== undefined;
  const runsOutInTime = async (): Promise<void> => {
    await pass(LEASE_MS + 3000 - 200);
    expect(await isHadAtFirstSight()).toBe(false);
    await pass(4500);
    expect(await isHadAtFirstSight()).toBe(true);
  };
  beforeEach(() => {
    holder.store.fate = () => 'silence';
    setting.putEntry('a', { version: setting.versionDrawn(-AHEAD_MS) });
  });

  test.each([0, AHEAD_MS, -AHEAD_MS])('it runs out in time, the breaker’s clock off by %p ms', async (offMs) => {
    operator.wallOffMs = offMs;

    const broken = await breakIt();

    expect(broken?.holder?.remainingSeconds).toBeLessThanOrEqual(LEASE_MS / 1000);
    await runsOutInTime();
  });

  test('one that was broken, or left, so that it would never run out for who comes new, may be broken', async () => {
    const hostIdentifier = { S: 'broken by somebody: stuck' };
    setting.table.items.set('a', { ...setting.table.items.get('a'), hostIdentifier });

    await breakIt();

    await runsOutInTime();
  });

  test('no sooner than its holder, as long as it lives, stops believing', async () => {
    const process = setting.process();
    process.wallOffMs = AHEAD_MS;
    setting.table.items.delete('a');
    const living = await setting.time.until(process.factory().createLock('a').acquire());
    process.store.fate = () => 'silence';

    await breakIt();
    while (living.isHeld) {
      expect(await isHadAtFirstSight()).toBe(false);
      await pass(200);
    }
  });
});
