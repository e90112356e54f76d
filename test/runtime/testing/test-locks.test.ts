import { LockNotGrantedError, LockOptionError } from '../../../runtime/errors.js';
import { getLockFactory, stickyLock, tryWithLock, withLock } from '../../../runtime/index.js';
import { createTestLocks, type VirtualTestLocks } from '../../../runtime/testing/index.js';

let locks: VirtualTestLocks;
beforeEach(() => {
  locks = createTestLocks({ time: 'virtual', logger: { warn: () => {}, debug: () => {} } });
});
afterEach(() => locks.uninstall());

/** Made before any test locks, like a factory at the top of a module under test. */
const madeBefore = getLockFactory('some-table', { leaseSeconds: 20, hostIdentifier: 'made before' });

describe('installed', () => {
  test('withLock and tryWithLock use them, and need no table name', async () => {
    locks.install();
    await locks.simulate.heldByOther('a');

    expect(await withLock('b', () => locks.holderOf('b'))).toMatch(/\/\d+$/);
    expect(await tryWithLock('a', () => 1)).toMatchObject({ acquired: false });
    await expect(locks.time.until(withLock('a', { waitSeconds: 3 }, () => 1))).rejects.toThrow(LockNotGrantedError);
  });

  test('a factory that was made before uses them too, with its own settings', async () => {
    locks.install();

    const held = await madeBefore.createLock('a').acquire();

    expect(locks.holderOf('a')).toBe('made before');
    expect(held.remainingSeconds).toBeGreaterThan(15);
    expect(await locks.createLock('a').tryAcquire()).toBeUndefined();
  });

  test('a sticky lock keeps nothing from an earlier test', async () => {
    const leader = stickyLock('leader', { waitSeconds: 1 });
    locks.install();
    await leader.use(undefined, () => {});
    locks.uninstall();
    locks = createTestLocks({ time: 'virtual' }).install();
    await locks.simulate.heldByOther('leader');

    await expect(locks.time.until(leader.use(undefined, () => {}))).rejects.toThrow(LockNotGrantedError);
  });

  test('the factories of one process queue: a lock is passed on without a pause', async () => {
    locks.install();
    const held = await locks.createLock('a').acquire();
    const waiting = withLock('a', () => 'mine');

    await held.release();

    expect(await waiting).toBe('mine');
  });

  test('semaphores, list and inspect use them too', async () => {
    locks.install();
    const semaphore = madeBefore.createSemaphore('imports', { permits: 2 });
    await locks.simulate.heldByOther('imports#0');
    const permit = await semaphore.tryAcquire();
    expect(locks.holderOf('imports#1')).toBe('made before');

    const listed = new Set<string>();
    for await (const { name } of madeBefore.list()) listed.add(name);
    expect(listed).toEqual(new Set(['imports#0', 'imports#1']));
    expect(await madeBefore.inspect('imports#0')).toMatchObject({ hostIdentifier: 'another-process' });
    await permit?.release();
    expect(locks.holderOf('imports#1')).toBeUndefined();
  });

  test('a lock stays in the test locks that were installed when it was taken', async () => {
    const former = createTestLocks({ time: 'virtual' }).install();
    const held = await madeBefore.createLock('a').acquire();

    locks.install();
    expect(await madeBefore.createLock('a').tryAcquire()).toBeDefined();

    await held.release();
    expect(former.holderOf('a')).toBeUndefined();
    expect(locks.holderOf('a')).toBe('made before');
  });

  test('after uninstall, nothing uses them', async () => {
    locks.install();
    await withLock('a', () => 1);

    locks.uninstall();

    await expect(withLock('a', () => 1)).rejects.toThrow(/which table\?/);
  });

  test('uninstall does not remove test locks that replaced them', async () => {
    locks.install();
    const later = createTestLocks({ time: 'virtual' }).install();

    locks.uninstall();
    expect(await withLock('a', () => later.holderOf('a'))).toBeDefined();

    later[Symbol.dispose]();
    await expect(withLock('a', () => 1)).rejects.toThrow(LockOptionError);
  });

  test('a factory that was made while they were installed never uses DynamoDB', async () => {
    locks.install();
    const factory = getLockFactory();
    locks.uninstall();

    await factory.createLock('a').acquire();

    expect(locks.holderOf('a')).toBeDefined();
  });

  test('are refused in Lambda', () => {
    process.env['AWS_LAMBDA_RUNTIME_API'] = '127.0.0.1:9001';
    try {
      expect(() => locks.install()).toThrow(/protect nothing in a Lambda function/);
    } finally {
      delete process.env['AWS_LAMBDA_RUNTIME_API'];
    }
  });
});

test('they are a factory that can be passed to code', async () => {
  expect(await locks.withLock('a', () => 'a')).toBe('a');
  expect(locks.holderOf('a')).toBeUndefined();
});

test('the end of an invocation ends the hold', async () => {
  const held = await locks.createLock('a').acquire({ context: locks.invocation(5) });

  await locks.time.advance(6);

  expect(held.signal.reason).toMatchObject({ name: 'InvocationEndingError' });
  expect(() => held.assertHeld()).toThrow(expect.objectContaining({ reason: 'invocation-ended' }));
});

test('two sets of test locks are independent', async () => {
  const others = createTestLocks({ tableName: 'others' });
  await locks.createLock('a').acquire();

  await others.createLock('a').acquire();

  expect(others.holderOf('a')).toBeDefined();
});

test.each<[unknown, RegExp]>([
  [{ time: 'fast' }, /time is "real" or "virtual", got "fast"/],
  [{ tableName: '' }, /tableName is a text, got ""/],
  [{ leaseSecond: 3 }, /createTestLocks knows no option "leaseSecond"/],
  [{ leaseSeconds: 0 }, /leaseSeconds is a whole number/],
])('%p is refused', (options, message) => {
  expect(() => createTestLocks(options as object)).toThrow(LockOptionError);
  expect(() => createTestLocks(options as object)).toThrow(message);
});
