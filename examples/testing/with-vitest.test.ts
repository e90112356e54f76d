import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LockUnavailableError } from '../../runtime/index.js';
import { createTestLocks, type VirtualTestLocks } from '../../runtime/testing/index.js';
import { type Accounts, beginAudit, deposit, endAudit } from './deposit.js';

class FakeAccounts implements Accounts {
  readonly saved: number[] = [];
  balance = async (): Promise<number> => this.saved.at(-1) ?? 100;
  save = async (_id: string, balance: number): Promise<void> => void this.saved.push(balance);
}

let accounts: FakeAccounts;
let locks: VirtualTestLocks;
beforeEach(() => {
  accounts = new FakeAccounts();
  locks = createTestLocks({ time: 'virtual' }).install();
});
afterEach(() => locks.uninstall());

test('a deposit is made, and the lock is free again', async () => {
  expect(await deposit(accounts, '42', 10)).toBe('done');

  expect(accounts.saved).toEqual([110]);
  expect(locks.holderOf('account/42')).toBeUndefined();
});

test('two at once: none is lost', async () => {
  await locks.time.until(Promise.all([deposit(accounts, '42', 1), deposit(accounts, '42', 2)]));

  expect(accounts.saved).toEqual([101, 103]);
});

test('not granted: somebody else holds the account for too long', async () => {
  await locks.simulate.heldByOther('account/42');

  expect(await locks.time.until(deposit(accounts, '42', 10))).toBe('try later');
  expect(accounts.saved).toEqual([]);
});

test('a slow acquire: somebody else holds the account for 7 s', async () => {
  const other = await locks.simulate.heldByOther('account/42');
  const done = deposit(accounts, '42', 10);
  await locks.time.advance(7);
  expect(accounts.saved).toEqual([]);

  await other.release();

  expect(await locks.time.until(done)).toBe('done');
});

test('somebody else died with the account: lease and tolerance have to pass', async () => {
  const other = await locks.simulate.heldByOther('account/42', { leaseSeconds: 3 });
  other.crash();

  expect(await locks.time.until(deposit(accounts, '42', 10))).toBe('done');
});

test('lost in the middle: nothing is saved', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(accounts, 'balance').mockImplementation(async () => {
    await locks.simulate.lose('account/42', 'deadline');
    return 100;
  });

  await expect(locks.time.until(deposit(accounts, '42', 10))).rejects.toMatchObject({
    name: 'LockLostError',
    reason: 'deadline',
  });
  expect(accounts.saved).toEqual([]);
  expect(warn).toHaveBeenCalledTimes(1);
  warn.mockRestore();
});

test('work that is longer than the lease keeps the lock', async () => {
  vi.spyOn(accounts, 'balance').mockImplementation(async () => {
    await locks.time.sleep(60);
    return 100;
  });

  expect(await locks.time.until(deposit(accounts, '42', 10))).toBe('done');
});

test('DynamoDB is out of reach', async () => {
  locks.simulate.outage();

  await expect(locks.time.until(deposit(accounts, '42', 10))).rejects.toThrow(LockUnavailableError);
  expect(accounts.saved).toEqual([]);
});

test('a few throttled requests, and an answer that is lost, are no matter', async () => {
  locks.simulate.throttle({ times: 2 });
  locks.simulate.loseAnswers({ times: 1 });

  expect(await locks.time.until(deposit(accounts, '42', 10))).toBe('done');
  expect(accounts.saved).toEqual([110]);
});

test('handed over: nobody makes a deposit until the audit has ended', async () => {
  const ticket = await beginAudit('42');
  const done = deposit(accounts, '42', 10);
  await locks.time.advance(3);
  expect(accounts.saved).toEqual([]);

  await endAudit(ticket);

  expect(await locks.time.until(done)).toBe('done');
});

describe('with fake timers of the runner, for code that sets timers of its own', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('not granted', async () => {
    const realTime = createTestLocks({ time: 'real' }).install();
    await realTime.simulate.heldByOther('account/42');
    const done = deposit(accounts, '42', 10);

    await vi.advanceTimersByTimeAsync(10_000);

    expect(await done).toBe('try later');
    realTime.uninstall();
  });
});
