import { LockFactory } from '../../../runtime/client/lock-factory.js';
import { withLock } from '../../../runtime/index.js';
import { createTestLocks } from '../../../runtime/testing/index.js';
import { errorOf, Setting } from '../setting.js';

test('what nobody waits to hear goes to the console, where no logger was given: a loss, and nothing else', async () => {
  const methods = ['log', 'info', 'debug', 'warn', 'error'] as const;
  const printed = methods.map((method) => jest.spyOn(console, method).mockImplementation(() => {}));
  const setting = new Setting();
  const us = setting.process();
  const factory = new LockFactory(us.locks, us.store, {}, () => 'host');
  us.store.fate = ({ operation }) => (operation === 'acquire' ? {} : 'reset');

  await setting.time.until(errorOf(factory.withLock('a', () => setting.time.sleep(12_000))));

  const calls = printed.map(({ mock }) => mock.calls.length);
  const [message] = printed[3]?.mock.calls[0] ?? [];
  for (const spy of printed) spy.mockRestore();
  expect(calls).toEqual([0, 0, 0, 1, 0]);
  expect(message).toMatch(/^lock "a" in table "locks" was lost: no refresh was confirmed before its deadline$/);
});

test('so it does from withLock, which can be given none', async () => {
  const printed = (['log', 'info', 'debug', 'warn', 'error'] as const).map((method) =>
    jest.spyOn(console, method).mockImplementation(() => {}),
  );
  const locks = createTestLocks({ time: 'virtual' }).install();

  await locks.time.until(withLock('kept', () => {}));
  await locks.time.until(
    errorOf(
      withLock('a', async (held) => {
        await locks.time.advance(2);
        await locks.simulate.lose(held);
      }),
    ),
  );

  locks.uninstall();
  const [[message, details] = []] = printed[3]?.mock.calls ?? [];
  const calls = printed.map(({ mock }) => mock.calls.length);
  for (const spy of printed) spy.mockRestore();
  expect(calls).toEqual([0, 0, 0, 1, 0]);
  expect(message).toMatch(/^lock "a" in table "test-locks" was lost: /);
  const lock = { lockName: 'a', tableName: 'test-locks', leaseSeconds: 10, hostIdentifier: expect.any(String) };
  expect(details).toEqual({
    lockEvent: 'lost',
    ...lock,
    reason: 'taken',
    heldSeconds: expect.any(Number),
    cause: undefined,
  });
  expect(details.heldSeconds).toBeGreaterThan(1.9);
  expect(details.heldSeconds).toBeLessThan(30);
});
