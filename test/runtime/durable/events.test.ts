import { tryWithDurableLock, withDurableLock } from '../../../runtime/durable/index.js';
import { LockNotGrantedError, LockOptionError } from '../../../runtime/index.js';
import type { LockEvent } from '../../../runtime/observe/events.js';
import { Setting } from '../setting.js';
import { StoredExecution } from './stored-execution.js';

let setting: Setting;
let execution: StoredExecution;
let events: LockEvent[];
beforeEach(() => {
  setting = new Setting();
  execution = new StoredExecution(setting.time);
  events = [];
});

const factory = () =>
  setting.process().factory({ observers: [{ onLockEvent: (event: LockEvent) => void events.push(event) }] });
const types = () => events.map(({ type }) => type);
/** Another process holds the lock for that long. */
const heldFor = async (seconds: number) => {
  const held = await setting.time.until(setting.process().factory().createLock('job').acquire());
  void setting.time.sleep(seconds * 1000).then(() => held.release());
};

test('observers hear of the execution’s attempt, and of its holds, by the execution’s name', async () => {
  const options = { factory: factory() };
  const run = () =>
    withDurableLock(execution.invoke(), 'job', options, (held) => held.step('work', async () => 'done'));
  await expect(setting.time.until(run())).resolves.toBe('done');

  expect(types()).toEqual(['requested', 'acquired', 'released']);
  expect(events[0]?.attempt).toMatchObject({ lockName: 'job', hostIdentifier: 'execution', leaseSeconds: 30 });
  // A replay tells nothing anew.
  await expect(setting.time.until(run())).resolves.toBe('done');
  expect(types()).toHaveLength(3);
});

test('a wait is counted over its suspensions', async () => {
  await heldFor(40);
  const before = setting.time.nowMs;
  const options = { factory: factory(), waitSeconds: 600 };
  await setting.time.until(withDurableLock(execution.invoke(), 'job', options, async () => 'done'));

  expect(types()).toEqual(['requested', 'waiting', 'acquired', 'released']);
  const acquired = events[2] as LockEvent & { readonly waitSeconds: number; readonly attempts: number };
  const suspended = execution.waits.reduce((sum, { seconds }) => sum + seconds, 0);
  expect(suspended).toBeGreaterThanOrEqual(40);
  expect(acquired.waitSeconds).toBeGreaterThanOrEqual(suspended - 1);
  expect(acquired.waitSeconds).toBeLessThanOrEqual((setting.time.nowMs - before) / 1000);
  expect(acquired.attempts).toBe(execution.waits.length + 1);
});

test('a refusal is no error for who asks once, and one for who has waited', async () => {
  await heldFor(1000);
  const options = { factory: factory() };
  const once = await setting.time.until(tryWithDurableLock(execution.invoke(), 'job', options, async () => 1));
  expect(once.acquired).toBe(false);
  expect(events.at(-1)).toMatchObject({ type: 'not-granted', holder: expect.anything(), error: undefined });

  const second = new StoredExecution(setting.time);
  const waiting = withDurableLock(second.invoke(), 'job', { ...options, waitSeconds: 20 }, async () => 1);
  await expect(setting.time.until(waiting)).rejects.toThrow(LockNotGrantedError);
  expect(events.at(-1)).toMatchObject({ type: 'not-granted', error: { name: 'LockNotGrantedError' } });
});

test.each([{ leaseSeconds: 'invocation' }, { data: 1n }, { waitSeconds: -1 }, { maxPollSeconds: 0 }])(
  'an option that is not allowed (%p) is refused before any operation, and nothing is reported',
  async (wrong) => {
    const options = { factory: factory(), ...wrong } as object;
    const refused = withDurableLock(execution.invoke(), 'job', options, async () => 'done');

    await expect(setting.time.until(refused)).rejects.toThrow(LockOptionError);
    expect([execution.operations.size, events]).toEqual([0, []]);
  },
);
