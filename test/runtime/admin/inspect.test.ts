import type { LockInspection } from '../../../runtime/admin/inspect.js';
import type { LockFactory } from '../../../runtime/client/lock-factory.js';
import { LockEntryError, LynkError } from '../../../runtime/errors.js';
import { formatVersion, tombstoneHoldIdFrom } from '../../../runtime/protocol/version.js';
import { EPOCH_MS, errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let factory: LockFactory;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  factory = us.factory();
});

const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const inspect = (name = 'a'): Promise<LockInspection | undefined> => setting.time.until(factory.inspect(name));
const secondsAfterEpoch = (date: Date | undefined): number => ((date?.getTime() ?? Number.NaN) - EPOCH_MS) / 1000;

test('a lock that nobody holds has no entry to inspect', async () => {
  expect(await inspect()).toBeUndefined();
  expect(us.store.operations()).toEqual(['read']);
});

test('a living holder: who, its last sign of life, and how long it has at most', async () => {
  const other = setting.process();
  await setting.time.until(other.factory({ leaseSeconds: 20 }).createLock('a').acquire());
  await pass(13_000);

  const seen = await inspect();

  expect(seen).toMatchObject({
    name: 'a',
    tableName: 'locks',
    hostIdentifier: 'process-2',
    leaseSeconds: 20,
    isFree: false,
    isBroken: false,
    writer: 'cdk-lynk',
    looksDead: false,
    deadSince: undefined,
    data: undefined,
    fencingToken: undefined,
    version: setting.versionOf('a'),
    holdId: setting.ownVersionOf('a')?.holdId,
  });
  // Refreshed after half its lease.
  expect(secondsAfterEpoch(seen?.lastSignOfLife)).toBeCloseTo(10, 1);
  expect(secondsAfterEpoch(seen?.inspectedAt)).toBe(13);
  expect(seen?.holder).toMatchObject({ hostIdentifier: 'process-2', leaseSeconds: 20 });
  expect(seen?.holder?.remainingSeconds).toBeCloseTo(20, 1);
});

test('a dead holder, at first sight, by DynamoDB’s clock: its own may be off by hours', async () => {
  us.wallOffMs = 7_200_000;
  setting.putEntry('a', { version: setting.versionDrawn(), leaseSeconds: 10 });

  await pass(9000);
  expect(await inspect()).toMatchObject({ looksDead: false, deadSince: undefined });
  await pass(3000);
  const seen = await inspect();

  expect(seen?.looksDead).toBe(true);
  expect(secondsAfterEpoch(seen?.deadSince)).toBe(10);
  // By the stamp and the tolerance: another second, as well as a clock like this can tell.
  expect(seen?.holder?.remainingSeconds).toBeLessThan(2);
});

test.each([
  ['Python’s', () => PYTHONS_VERSION, 10_350],
  ['a client that goes by no stamps', () => setting.versionDrawn(0, false), 10_000],
])('one read of %s version tells no age; a second one, a lease later, does', async (_, version, standsMs) => {
  setting.putEntry('a', { version: version(), leaseSeconds: 10 });

  expect(await inspect()).toMatchObject({ lastSignOfLife: undefined, looksDead: undefined, deadSince: undefined });
  const firstSeenMs = setting.time.nowMs;
  await pass(standsMs - 100);
  expect(await inspect()).toMatchObject({ looksDead: undefined });
  await pass(1000);
  const seen = await inspect();

  expect(seen?.looksDead).toBe(true);
  expect(secondsAfterEpoch(seen?.deadSince)).toBeCloseTo((firstSeenMs + standsMs) / 1000, 1);
  expect(seen?.lastSignOfLife).toBeUndefined();
});

test('whose version it is', async () => {
  setting.putEntry('a', { version: PYTHONS_VERSION });
  expect(await inspect()).toMatchObject({ writer: 'other', holdId: undefined, version: PYTHONS_VERSION });
});

test('a kept entry is free, whoever held it last', async () => {
  setting.putEntry('a', { version: setting.versionDrawn(), leaseSeconds: 0 });
  await pass(60_000);

  expect(await inspect()).toMatchObject({
    isFree: true,
    holder: undefined,
    hostIdentifier: 'somebody',
    leaseSeconds: 0,
    looksDead: false,
  });
});

test('note and fencing token are shown', async () => {
  setting.putEntry('a', { version: setting.versionDrawn() });
  setting.table.items.set('a', {
    ...setting.table.items.get('a'),
    data: { S: '{"job":7}' },
    fencingToken: { N: '42' },
  });

  expect(await inspect()).toMatchObject({ data: { job: 7 }, fencingToken: 42 });
});

test.each([null, false, 0, ''])('the note %j is shown as that, too', async (data) => {
  await setting.time.until(factory.createLock('a').acquire({ data }));

  expect((await inspect())?.data).toBe(data);
});

test('a note that is no JSON is shown as it is', async () => {
  setting.putEntry('a', { version: PYTHONS_VERSION });
  setting.table.items.set('a', { ...setting.table.items.get('a'), data: { S: 'see ticket 7' } });

  expect(await inspect()).toMatchObject({ data: 'see ticket 7', fencingToken: undefined });
});

test('an entry that was left in place of a hold that has ended is a tombstone', async () => {
  const version = formatVersion({
    stampMs: EPOCH_MS,
    timed: true,
    holdId: tombstoneHoldIdFrom(new Uint8Array(10).fill(1)),
  });
  setting.putEntry('a', { version });

  const left = { isReleased: true, isBroken: false, looksDead: false, deadSince: undefined };
  expect(await inspect()).toMatchObject({ ...left, isFree: false, holder: { hostIdentifier: 'somebody' } });
  await pass(9000);
  expect(await inspect()).toMatchObject({ ...left, isFree: false });
  // Who has watched it for its time could have it now, and nobody else.
  await pass(1500);
  expect(await inspect()).toMatchObject({ ...left, isFree: false, holder: { remainingSeconds: 0 } });
  await pass(4000);
  expect(await inspect()).toMatchObject({ ...left, isFree: true, holder: undefined });
});

test('so is one whose lock was broken', async () => {
  await setting.time.until(us.factory().createLock('a').acquire());
  await setting.time.until(us.factory().break('a', { reason: 'stuck' }));

  expect(await inspect()).toMatchObject({ isBroken: true, looksDead: false, isFree: false });
  await pass(14_000);
  expect(await inspect()).toMatchObject({ isBroken: true, looksDead: false, isFree: true, holder: undefined });
});

test('without a Date in the answer, the entry’s age is not claimed', async () => {
  setting.putEntry('a', { version: setting.versionDrawn(60_000) });
  us.store.next('read', { isUndated: true });

  expect(await inspect()).toMatchObject({ looksDead: false, inspectedAt: undefined });
});

test('a failure in transit is tried again', async () => {
  us.store.next('read', 'reset', 'reset');
  setting.putEntry('a', { version: setting.versionDrawn() });

  expect(await inspect()).toMatchObject({ hostIdentifier: 'somebody' });
});

test('an outage ends the inspection, and says so', async () => {
  us.store.fate = () => 'reset';

  const error = await setting.time.until(errorOf(factory.inspect('a')));

  expect(error).toBeInstanceOf(LynkError);
  expect(error).toMatchObject({ lockName: 'a', tableName: 'locks', cause: new Error('connection reset') });
  expect(String(error)).toMatch(/lock "a" in table "locks": no answer from DynamoDB within 10 s/);
});

test('an entry that is none is reported', async () => {
  setting.table.items.set('a', { lockKey: { S: 'a' } });

  expect(await setting.time.until(errorOf(factory.inspect('a')))).toBeInstanceOf(LockEntryError);
});

test('the caller’s signal ends it', async () => {
  us.store.fate = () => 'silence';
  const controller = new AbortController();
  const inspecting = errorOf(factory.inspect('a', { signal: controller.signal }));
  await pass(100);
  controller.abort('enough');

  expect(await setting.time.until(inspecting)).toBe('enough');
});

describe('an entry whose stamp is days ahead', () => {
  beforeEach(() => setting.putEntry('a', { version: setting.versionDrawn(-3 * 86_400_000) }));

  test('does not tell by one read whether its holder lives', async () => {
    const seen = await inspect();

    expect(seen).toMatchObject({ looksDead: undefined, deadSince: undefined, isFree: false });
    expect(secondsAfterEpoch(seen?.lastSignOfLife)).toBe(3 * 86_400);
  });

  test('shows a lease later that its holder is dead, and since when', async () => {
    await inspect();
    const firstSeenMs = setting.time.nowMs;
    await pass(10_500);

    const seen = await inspect();

    expect(seen).toMatchObject({ looksDead: true });
    expect(secondsAfterEpoch(seen?.deadSince)).toBeCloseTo((firstSeenMs + 10_000) / 1000, 1);
  });
});
