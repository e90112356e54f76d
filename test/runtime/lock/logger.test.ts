import { LockFactory } from '../../../runtime/lock/factory.js';
import { errorOf, Setting } from './setting.js';

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
