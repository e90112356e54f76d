import type { Lock } from '../../../runtime/acquire/lock.js';
import { LockTableError, LockUnavailableError } from '../../../runtime/errors.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

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

describe('DynamoDB out of reach', () => {
  test.each(['silence', 'reset'] as const)('(%s) rejects an acquire at its limit, with a cause', async (fate) => {
    us.store.fate = () => fate;

    const error = await until(errorOf(lock.acquire({ waitSeconds: 12 })));

    expect(error).toBeInstanceOf(LockUnavailableError);
    expect(error).toMatchObject({ cause: expect.any(Error), lockName: 'a', tableName: 'locks' });
    expect(setting.time.nowMs).toBe(12_000);
  });

  test.each(['silence', 'reset'] as const)('(%s) rejects a try, never resolves it to undefined', async (fate) => {
    us.store.fate = () => fate;

    const error = await until(errorOf(lock.tryAcquire()));

    expect(error).toBeInstanceOf(LockUnavailableError);
    expect(error).toMatchObject({ cause: expect.any(Error) });
    expect(setting.time.nowMs).toBe(5000);
  });

  test('for a moment is got over by a try', async () => {
    us.store.next('acquire', 'reset', 'reset');

    expect(await until(lock.tryAcquire())).toMatchObject({ isHeld: true });
  });

  test('rejects a try that nobody answers within half a short lease', async () => {
    us.store.fate = () => 'silence';

    await until(errorOf(us.factory({ leaseSeconds: 4 }).createLock('a').tryAcquire()));

    expect(setting.time.nowMs).toBe(2000);
  });

  test('has its cause named in the message', async () => {
    us.store.fate = () => 'reset';

    expect(String(await until(errorOf(lock.acquire({ waitSeconds: 1 }))))).toContain('connection reset');
  });
});

describe('an acquire whose answer is lost', () => {
  test('is made good by the next attempt: no wait, and no entry left', async () => {
    us.store.next('acquire', 'drop-answer');

    const held = await until(lock.acquire());

    expect(us.store.operations()).toEqual(['acquire', 'acquire']);
    expect(setting.time.nowMs).toBeLessThan(100);
    // It is the first version that stands, and counts from its own sending.
    expect(setting.versionOf('a')).toBe(us.store.sent[0]?.version);
    expect(held.remainingSeconds).toBeCloseTo((9650 - setting.time.nowMs) / 1000, 6);
    await until(held.release());
    expect(setting.table.items.size).toBe(0);
  });

  test('draws another version for the next attempt', async () => {
    us.store.next('acquire', 'drop-answer');
    await until(lock.acquire());

    const [first = '', second = ''] = us.store.sent.map(({ version }) => version);
    expect(first < second).toBe(true);
    expect(first.slice(14)).toBe(second.slice(14));
  });

  test('and which came too late is topped up before it is granted', async () => {
    us.store.next('acquire', 'drop-answer');
    us.store.next('acquire', { requestMs: 4900, answerMs: 50 });

    const held = await until(lock.acquire());

    expect(us.store.operations()).toEqual(['acquire', 'acquire', 'refresh']);
    expect(held.remainingSeconds).toBeGreaterThan(9);
  });
});

describe('a lock that was had with less than half a lease left', () => {
  test('is topped up before it is granted', async () => {
    us.store.next('acquire', { requestMs: 4500, answerMs: 450 });

    const held = await until(lock.acquire());

    expect(us.store.operations()).toEqual(['acquire', 'refresh']);
    expect(held.remainingSeconds).toBeCloseTo(9.64, 6);
  });

  test('is given back where two refreshes do not help, and a try then says why', async () => {
    us.store.next('acquire', { requestMs: 4500, answerMs: 450 });
    us.store.fate = ({ operation }) => (operation === 'refresh' ? 'reset' : {});

    const error = await until(errorOf(lock.tryAcquire()));

    expect(us.store.operations()).toEqual(['acquire', 'refresh', 'refresh', 'release']);
    expect(error).toBeInstanceOf(LockUnavailableError);
    expect(String(error)).toMatch(/too late to leave half of a lease/);
    expect(error).toMatchObject({ cause: new Error('connection reset') });
    expect(setting.table.items.size).toBe(0);
  });

  test('is made good where an answer to the top-up is lost', async () => {
    us.store.next('acquire', { requestMs: 4500, answerMs: 450 });
    us.store.next('refresh', 'drop-answer');

    const held = await until(lock.acquire());

    expect(us.store.operations()).toEqual(['acquire', 'refresh', 'refresh']);
    expect(held.isHeld).toBe(true);
  });

  test('is not granted where another has it by the time of the top-up', async () => {
    us.store.next('acquire', { requestMs: 100, answerMs: 4850 });
    const tried = lock.tryAcquire();
    await pass(4000);
    setting.putEntry('a', { version: PYTHONS_VERSION });

    expect(await until(errorOf(tried))).toBeInstanceOf(LockUnavailableError);
    expect(us.store.operations()).toEqual(['acquire', 'refresh']);
    expect(setting.versionOf('a')).toBe(PYTHONS_VERSION);
  });

  test('leaves nothing behind where the top-up is refused for good', async () => {
    us.store.next('acquire', { requestMs: 4500, answerMs: 450 });
    us.store.next('refresh', new LockTableError('permission is missing'));

    expect(await until(errorOf(lock.acquire()))).toBeInstanceOf(LockTableError);
    await pass(1000);

    expect(us.store.operations()).toEqual(['acquire', 'refresh', 'release']);
    expect(setting.table.items.size).toBe(0);
  });

  test('is contended for anew by a wait', async () => {
    us.store.next('acquire', { requestMs: 4500, answerMs: 450 });
    us.store.next('refresh', 'reset', 'reset');

    const held = await until(lock.acquire());

    expect(us.store.operations()).toEqual(['acquire', 'refresh', 'refresh', 'release', 'acquire']);
    expect(held.isHeld).toBe(true);
  });
});
