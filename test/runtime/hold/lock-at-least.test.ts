import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { errorOf, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let them: TestProcess;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  them = setting.process();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const leaseInTable = (): unknown => setting.table.items.get('a')?.['leaseDuration'];

const AT_LEAST = { lockAtLeastSeconds: 60 };
const FAILURE = new Error('no luck');
const failing = (): Promise<never> => Promise.reject(FAILURE);

/** A scheduled job, as each of its triggers runs it. */
async function trigger(process: TestProcess, runs: TestProcess[]): Promise<'ran' | 'skipped'> {
  const options = { lockAtLeastSeconds: 60 };
  const outcome = await process.factory().tryWithLock('a', options, () => void runs.push(process));
  return outcome.acquired ? 'ran' : 'skipped';
}

test('two triggers a moment apart run the job once, though it is done at once, and neither waits', async () => {
  const runs: TestProcess[] = [];
  const first = trigger(us, runs);
  await pass(50);
  const second = trigger(them, runs);

  expect(await until(Promise.all([first, second]))).toEqual(['ran', 'skipped']);
  expect(runs).toEqual([us]);
  expect(setting.time.nowMs).toBeLessThan(1000);
  expect(us.store.operations()).toEqual(['acquire', 'leave']);
});

test('two triggers in one process run it once as well', async () => {
  const runs: TestProcess[] = [];

  expect(await until(trigger(us, runs))).toBe('ran');
  expect(await until(trigger(us, runs))).toBe('skipped');
});

test('the next trigger runs it, in a process that never saw the lock', async () => {
  const runs: TestProcess[] = [];
  await until(trigger(us, runs));
  await pass(64_100);

  expect(await until(trigger(them, runs))).toBe('ran');
});

test('its seconds count from the grant, and what is left of them is rounded up', async () => {
  const held = await until(us.factory().createLock('a', { lockAtLeastSeconds: 30 }).acquire());
  await pass(29_500);
  await until(held.release());
  expect(leaseInTable()).toEqual({ N: '1' });

  const late = await until(them.factory().createLock('a').acquire({ lockAtLeastSeconds: 2 }));
  await pass(2000);
  await until(late.release());

  expect(leaseInTable()).toBeUndefined();
  expect(them.store.operations()).toContain('release');
});

test('a wall clock that is set back before the release does not open it to whoever comes then', async () => {
  const held = await until(us.factory().createLock('a', { lockAtLeastSeconds: 60 }).acquire());
  us.wallOffMs = -3_600_000;
  const released = held.release();
  await pass(0);
  const runs: TestProcess[] = [];

  expect(await until(trigger(them, runs))).toBe('skipped');
  await until(released);
  // Its stamp was right at once.
  expect(us.store.operations()).toEqual(['acquire', 'leave']);
});

test('who is refused is told for how long', async () => {
  await until(
    us
      .factory()
      .createLock('a', { lockAtLeastSeconds: 60 })
      .withLock(() => setting.time.sleep(10_000)),
  );

  const outcome = await until(them.factory().tryWithLock('a', () => {}));

  // Its lease, and what a contender who goes by the stamp adds.
  if (outcome.acquired) throw new Error('it was taken early');
  expect(outcome.holder.hostIdentifier).toBe('process-1');
  expect(outcome.holder.leaseSeconds).toBe(50);
  expect(outcome.holder.remainingSeconds).toBeGreaterThan(49);
  expect(outcome.holder.remainingSeconds).toBeLessThan(53);
});

test('a call’s own wins over the lock’s', async () => {
  const lock = us.factory().createLock('a', { lockAtLeastSeconds: 60 });

  await until(lock.withLock({ lockAtLeastSeconds: 0 }, () => {}));
  expect(leaseInTable()).toBeUndefined();
  await until(lock.tryWithLock({ lockAtLeastSeconds: 5 }, () => {}));

  expect(leaseInTable()).toEqual({ N: '5' });
});

test('whoever wants a failure to count as well catches the error within the work', async () => {
  const work = async (): Promise<string> => failing().catch(() => 'caught');

  await expect(until(us.factory().withLock('a', AT_LEAST, work))).resolves.toBe('caught');
  expect(leaseInTable()).toEqual({ N: '60' });
});

test('the release of a hold that was acquired keeps it taken, whatever happened before', async () => {
  const held = await until(us.factory().createLock('a', AT_LEAST).acquire());
  await until(errorOf(failing()));
  await until(held.release());

  expect(leaseInTable()).toEqual({ N: '60' });
});

test('so does a release within the work, which comes before its failure', async () => {
  const work = async (held: HeldLock): Promise<void> => {
    await held.release();
    await failing();
  };

  expect(await until(errorOf(us.factory().withLock('a', AT_LEAST, work)))).toEqual(FAILURE);
  expect(leaseInTable()).toEqual({ N: '60' });
});

test('a hold that was lost by the clock still leaves its time', async () => {
  const held = await until(us.factory().createLock('a', { lockAtLeastSeconds: 60 }).acquire());
  us.block(9800);
  expect(held.isHeld).toBe(false);

  await until(held.release());

  expect(leaseInTable()).toEqual({ N: '51' });
});

test('a holder that dies leaves its lease, no more', async () => {
  await until(us.factory().createLock('a', { lockAtLeastSeconds: 600 }).acquire());
  us.store.fate = () => 'silence';
  const startMs = setting.time.nowMs;

  await until(them.factory().createLock('a').acquire());

  expect(setting.time.nowMs - startMs).toBeLessThan(14_000);
});

test('a wait that ended leaves nothing', async () => {
  us.store.next('acquire', { answerMs: 3000 });
  const asked = us.factory().createLock('a').acquire({ waitSeconds: 1, lockAtLeastSeconds: 60 });
  await until(errorOf(asked));
  await pass(5000);

  expect(leaseInTable()).toBeUndefined();
});

test('a hand-over ends it; its receiver may ask for its own', async () => {
  const giver = await until(us.factory().createLock('a', { lockAtLeastSeconds: 60 }).acquire());
  const text = await until(giver.serialize());
  await until(giver.release());
  expect(leaseInTable()).toEqual({ N: '10' });

  const receiver = await until(them.factory().deserializeLock(text, { lockAtLeastSeconds: 20 }));
  await until(receiver.release());

  expect(leaseInTable()).toEqual({ N: '20' });
});

test.each([-1, 86_401, Number.NaN, Infinity, '60', null])('%p is refused by name', async (seconds) => {
  const lockAtLeastSeconds = seconds as number;
  const factory = us.factory();

  expect(() => factory.createLock('a', { lockAtLeastSeconds })).toThrow(
    'lockAtLeastSeconds is a number of seconds from 0 to 86400, got',
  );
  if (seconds === null) return;
  expect(await until(errorOf(factory.withLock('a', { lockAtLeastSeconds }, () => {})))).toMatchObject({
    name: 'LockOptionError',
  });
});
