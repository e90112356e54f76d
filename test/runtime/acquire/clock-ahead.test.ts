import { EPOCH_MS, errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const theirTry = () => until(setting.process().factory().createLock('a').tryAcquire());

describe('a process whose wall clock was ahead', () => {
  const DAY_MS = 86_400_000;
  /** That it crashes: from now on nothing of it is heard. */
  const crash = (): void => {
    us.block(0);
    us.store.fate = () => 'silence';
  };
  const aheadMs = (): number => (setting.ownVersionOf('a')?.stampMs ?? Number.NaN) - EPOCH_MS - setting.time.nowMs;
  /** Who asks once, by a process of its own. */
  const isHadAtFirstSight = async (): Promise<boolean> => (await theirTry()) !== undefined;

  test.each([8000, 3_600_000, DAY_MS])(
    'by %p ms from the start has a new hold in place before it is granted',
    async (offMs) => {
      us.wallOffMs = offMs;

      const held = await until(us.factory().createLock('a').acquire());

      expect(us.store.operations()).toEqual(['acquire', 'acquire']);
      expect(aheadMs()).toBeLessThanOrEqual(1000);
      expect(held.remainingSeconds).toBeCloseTo(9.64, 1);
      await pass(30_000);
      expect(held.isHeld).toBe(true);
      crash();
      await pass(10_000);
      expect(await isHadAtFirstSight()).toBe(false);
      await pass(5100);
      expect(await isHadAtFirstSight()).toBe(true);
    },
  );

  test('no more than answers leave open needs no second write', async () => {
    us.wallOffMs = 900;
    await until(us.factory().createLock('a').acquire());

    expect(us.store.operations()).toEqual(['acquire']);
  });

  test('is corrected for the next one', async () => {
    us.wallOffMs = DAY_MS;
    await until(us.factory().withLock('a', () => {}));
    const before = us.store.sent.length;

    await until(us.factory().withLock('a', () => {}));

    expect(us.store.operations().slice(before)).toEqual(['acquire', 'release']);
  });

  test('also after a wait whose first write was refused, and after a takeover', async () => {
    us.wallOffMs = DAY_MS;
    setting.putEntry('a', { version: PYTHONS_VERSION });

    const held = await until(us.factory().createLock('a').acquire());

    expect(aheadMs()).toBeLessThanOrEqual(1000);
    expect(held.isHeld).toBe(true);
  });

  test('and also after an adopt', async () => {
    us.wallOffMs = DAY_MS;
    const giver = await until(setting.process().factory().createLock('a').acquire());

    const held = await until(us.factory().deserializeLock(await until(giver.serialize())));

    expect(aheadMs()).toBeLessThanOrEqual(1000);
    await pass(20_000);
    expect(held.isHeld).toBe(true);
  });

  test('an adopt whose replacement never arrives leaves its text good for another try', async () => {
    us.wallOffMs = DAY_MS;
    const giver = await until(setting.process().factory().createLock('a').acquire());
    const text = await until(giver.serialize());
    us.store.fate = ({ operation }) => (operation === 'acquire' ? 'reset' : {});
    await until(errorOf(us.factory().deserializeLock(text)));
    us.store.fate = () => ({});

    const held = await until(us.factory().deserializeLock(text));

    expect(held.isHeld).toBe(true);
    expect(aheadMs()).toBeLessThanOrEqual(1000);
  });

  test('with fencing has a token that is greater than all before, and the one that stands', async () => {
    const before = await until(setting.process().factory().createLock('a', { fencing: true }).acquire());
    await until(before.release());
    us.wallOffMs = DAY_MS;

    const held = await until(us.factory({ fencing: true }).createLock('a').acquire());

    expect(held.fencingToken > before.fencingToken).toBe(true);
    expect(setting.table.items.get('a')).toMatchObject({ fencingToken: { N: String(held.fencingToken) } });
    await pass(20_000);
    expect(held.isHeld).toBe(true);
  });

  test('whose replacement’s answer is lost, has it all the same', async () => {
    us.wallOffMs = DAY_MS;
    us.store.next('acquire', {}, 'drop-answer');

    const held = await until(us.factory().createLock('a').acquire());

    expect(us.store.operations()).toEqual(['acquire', 'acquire', 'acquire']);
    expect(aheadMs()).toBeLessThanOrEqual(1000);
    await pass(20_000);
    expect(held.isHeld).toBe(true);
  });

  test('whose replacement never arrives, leaves nothing behind', async () => {
    us.wallOffMs = DAY_MS;
    us.store.next('acquire', {}, 'reset', 'reset', 'reset', 'reset', 'reset', 'reset');
    await until(errorOf(us.factory().createLock('a').acquire({ waitSeconds: 0.2 })));
    await pass(2000);

    expect(setting.table.items.has('a')).toBe(false);
  });

  test('and stays so for a moment of its lease: set forward and back, it leaves no stamp that is ahead', async () => {
    const held = await until(us.factory({ leaseSeconds: 3600 }).createLock('a').acquire());
    us.wallOffMs = 1_500_000;
    await until(held.refresh());
    us.wallOffMs = 0;

    expect(aheadMs()).toBeLessThanOrEqual(3000);
    expect(held.isHeld).toBe(true);
    await until(held.refresh());
    crash();
    await pass(3_603_000 + 5000);
    expect(await isHadAtFirstSight()).toBe(true);
  });

  test('leaves a lock taken for no longer than it is to stay taken', async () => {
    const held = await until(us.factory({ leaseSeconds: 10 }).createLock('a', { lockAtLeastSeconds: 30 }).acquire());
    us.wallOffMs = DAY_MS;
    await until(held.release());
    crash();

    expect(aheadMs()).toBeLessThanOrEqual(1000);
    await pass(25_000);
    expect(await isHadAtFirstSight()).toBe(false);
    await pass(10_000);
    expect(await isHadAtFirstSight()).toBe(true);
  });

  test('frozen with its monotonic clock stopped, keeps what it has: no stamp that is too old is believed', async () => {
    const held = await until(us.factory({ leaseSeconds: 60 }).createLock('a').acquire());
    us.freeze(25_000);
    await pass(10_000);

    expect(held.isHeld).toBe(true);
    // The refresh after the freeze could not know how long that took: what it offers is shorter, until the next one.
    await pass(120_000);
    expect(held.isHeld).toBe(true);
    expect(Math.abs(aheadMs())).toBeLessThan(31_000);
  });
});
