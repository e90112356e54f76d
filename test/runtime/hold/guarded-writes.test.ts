import { type GuardedWrite, ItemsRefused, type WriteAnswer } from '../../../runtime/core/store.js';
import { LockEntryError } from '../../../runtime/errors.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { EPOCH_MS, errorOf, Setting, type TestProcess } from '../setting.js';

const ITEM = { Put: { TableName: 'accounts', Item: { id: { S: '42' } } } };

let setting: Setting;
let us: TestProcess;
let held: HeldLock;
let sent: GuardedWrite[];
/** What comes of the next transactions. */
let answers: (() => Promise<WriteAnswer>)[];

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const dateMs = (): number => Math.floor((EPOCH_MS + setting.time.nowMs) / 1000) * 1000;
const written = async (): Promise<WriteAnswer> => ({ written: true, dateMs: dateMs() });
const failing = (error: unknown) => (): Promise<WriteAnswer> => Promise.reject(error);
const conflict = failing(Object.assign(new Error('conflict'), { name: 'TransactionCanceledException' }));
const silence = (): Promise<WriteAnswer> => new Promise(() => {});

beforeEach(async () => {
  setting = new Setting();
  us = setting.process();
  [sent, answers] = [[], []];
  Object.assign(us.store, {
    transactWrite: async (write: GuardedWrite) => {
      sent.push(write);
      await setting.time.sleep(10);
      return (answers.shift() ?? written)();
    },
    conditionCheck: (guard: object) => ({ ConditionCheck: guard }),
  });
  held = await until(us.factory({ fencing: true }).createLock('a').acquire());
});

test('is one request where nothing is wrong, and names the hold and its fencing token', async () => {
  await until(held.transactWrite([ITEM]));

  const { holdId } = setting.ownVersionOf('a') ?? {};
  const guard = { lockKey: 'a', holdId, fencingToken: held.fencingToken };
  expect(sent).toEqual([{ guard, items: [ITEM], token: expect.stringMatching(/^[-\w]{1,36}$/) }]);
  expect(held.conditionCheck()).toEqual({ ConditionCheck: guard });
});

test('after a conflict or a lost answer sends the same again, by the same token; the next call has its own', async () => {
  answers = [conflict, failing(new Error('connection reset')), written];

  await until(held.transactWrite([ITEM]));
  await until(held.transactWrite([ITEM]));

  expect(sent.map(({ token }) => token)).toEqual([sent[0]?.token, sent[0]?.token, sent[0]?.token, sent[3]?.token]);
  expect(sent[3]?.token).not.toBe(sent[0]?.token);
});

test.each([
  ['taken', 'elsewhere', 'was lost: elsewhere holds it now'],
  ['broken', 'broken by operator: stuck', 'was lost: it was broken by operator: stuck'],
  ['gone', undefined, 'was lost: its entry was deleted'],
] as const)('ends the hold where the entry is %s', async (reason, hostIdentifier, why) => {
  const entry = hostIdentifier && { lockKey: 'a', leaseSeconds: 10, version: 'v', hostIdentifier };
  answers = [async () => ({ written: false, dateMs: dateMs(), ...(entry && { entry }) })];

  const error = await until(errorOf(held.transactWrite([ITEM])));

  expect(error).toMatchObject({ name: 'LockLostError', reason, message: expect.stringContaining(why) });
  expect(held.isHeld).toBe(false);
  expect(held.signal.reason).toBe(error);
  expect(sent.length).toBe(1);
});

test('what is wrong with the items is told as the SDK says it, and the lock is still held', async () => {
  const sdkError = Object.assign(new Error('the balance is too low'), { CancellationReasons: [] });
  answers = [failing(new ItemsRefused(sdkError))];

  expect(await until(errorOf(held.transactWrite([ITEM])))).toBe(sdkError);
  expect([held.isHeld, sent.length]).toEqual([true, 1]);
});

test('a table that cannot be used is not asked again', async () => {
  const { transactWrite } = us.store as { transactWrite?: unknown };
  expect(transactWrite).toBeDefined();
  const other = setting.process();
  const theirs = await until(other.factory().createLock('b').acquire());

  expect(await until(errorOf(theirs.transactWrite([ITEM])))).toMatchObject({
    name: 'LockOptionError',
    message: expect.stringContaining('is not kept in DynamoDB, and has no transactions'),
  });
  expect(() => theirs.conditionCheck()).toThrow('has no transactions');
});

test('without an answer it says, while the lock is held, that it is not confirmed', async () => {
  answers = Array.from({ length: 1000 }, () => conflict);

  expect(await until(errorOf(held.transactWrite([ITEM])))).toMatchObject({
    name: 'LockUnavailableError',
    message: expect.stringContaining('the transaction was not confirmed in time'),
    cause: { message: 'conflict' },
  });
  expect(held.isHeld).toBe(true);
});

test('without an answer takes as long as a try may, however long the lease', async () => {
  const long = await until(us.factory().createLock('long', { leaseSeconds: 3600 }).acquire());
  answers = Array.from({ length: 1000 }, () => silence);
  const startMs = setting.time.nowMs;

  expect(await until(errorOf(long.transactWrite([ITEM])))).toMatchObject({ name: 'LockUnavailableError' });

  expect(setting.time.nowMs - startMs).toBeLessThanOrEqual(5000);
  expect(sent.length).toBeGreaterThan(1);
});

test('finding no entry of a lock in its place is a loss', async () => {
  answers = [failing(new LockEntryError('no entry of a lock', { attribute: 'leaseDuration' }))];

  expect(await until(errorOf(held.transactWrite([ITEM])))).toMatchObject({ name: 'LockLostError', reason: 'taken' });
  expect(sent.length).toBe(1);
});

test('without an answer until the deadline it says that it does not know', async () => {
  us.store.fate = () => 'silence';
  await pass(8000);
  answers = Array.from({ length: 1000 }, () => silence);

  expect(await until(errorOf(held.transactWrite([ITEM])))).toMatchObject({
    name: 'LockLostError',
    reason: 'deadline',
    message: expect.stringContaining('whether the transaction was carried out is not known'),
  });
});

test('an answer that comes after the deadline counts: it was committed while the entry stood', async () => {
  us.store.fate = () => 'silence';
  await pass(9000);
  answers = [
    async () => {
      us.block(700);
      return written();
    },
  ];

  await until(held.transactWrite([ITEM]));

  expect(held.isHeld).toBe(false);
});

test('a caller may stop waiting', async () => {
  answers = [silence];
  const controller = new AbortController();
  const asked = errorOf(held.transactWrite([ITEM], { signal: controller.signal }));
  await pass(100);
  controller.abort('enough');

  expect(await until(asked)).toBe('enough');
});

test('after the end of the hold nothing is sent', async () => {
  await until(held.release());

  expect(await until(errorOf(held.transactWrite([ITEM])))).toMatchObject({ name: 'LockLostError', reason: 'released' });
  expect(() => held.conditionCheck()).toThrow(expect.objectContaining({ reason: 'released' }));
  expect(sent).toEqual([]);
});

test.each([
  ['none', [], 'got 0'],
  ['a hundred', Array.from({ length: 100 }, () => ITEM), 'got 100'],
  ['a single one', ITEM, 'got an object'],
])('%s is refused: DynamoDB takes 100 items, one of which is the check', async (_, items, got) => {
  expect(await until(errorOf(held.transactWrite(items as [])))).toMatchObject({
    name: 'LockOptionError',
    message: expect.stringContaining(got),
  });
  expect(sent).toEqual([]);
  await until(held.transactWrite(Array.from({ length: 99 }, () => ITEM)));
});

test('an abort is heard between two attempts, too', async () => {
  answers = Array.from({ length: 50 }, () => failing(new Error('connection reset')));
  const controller = new AbortController();
  const written = errorOf(held.transactWrite([ITEM], { signal: controller.signal }));
  await pass(1500);
  controller.abort('enough');

  expect(await Promise.race([written, pass(1)])).toBe('enough');
});
