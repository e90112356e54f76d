import { GuardedStore, StaleWriteError } from '../../examples/fencing/guarded-store.js';
import { Setting } from '../runtime/lock/setting.js';

test('a store that remembers the greatest token refuses a holder that comes late', async () => {
  const setting = new Setting();
  const store = new GuardedStore();
  const frozen = setting.process();
  const late = await setting.time.until(frozen.factory({ fencing: true }).createLock('report').acquire());
  store.write('report', 'first', late.fencingToken);
  store.write('report', 'first, complete', late.fencingToken);
  // Its requests stop, as where it is frozen; another takes over.
  frozen.store.fate = () => 'silence';
  const next = await setting.time.until(
    setting.process().factory({ fencing: true }).createLock('report').acquire({ waitSeconds: 60 }),
  );
  store.write('report', 'second', next.fencingToken);

  expect(() => store.write('report', 'late', late.fencingToken)).toThrow(StaleWriteError);

  expect(store.read('report')).toBe('second');
  store.write('report', 'third', next.fencingToken);
  expect(store.read('report')).toBe('third');
});
