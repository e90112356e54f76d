import { EPOCH_MS, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);

describe('TTL does not delete the entry of a living holder', () => {
  const DAY_MS = 86_400_000;
  const expiryMs = (): number =>
    Number((setting.table.items.get('a') as { expiresAt?: { N: string } } | undefined)?.expiresAt?.N) * 1000;
  const trueMs = (): number => EPOCH_MS + setting.time.nowMs;

  /** At every moment from the grant on. */
  const watchFor = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) {
      expect(expiryMs()).toBeGreaterThanOrEqual(trueMs() + DAY_MS - 1000);
      await pass(500);
    }
  };

  test('whose wall clock is set back by days', async () => {
    await until(us.factory().createLock('a').acquire());
    us.wallOffMs = -7 * DAY_MS;

    await watchFor(30_000);
  });

  test.each([{}, { clockToleranceSeconds: Infinity }])(
    'whose wall clock is days behind from the start, %p',
    async (settings) => {
      us.wallOffMs = -7 * DAY_MS;

      await until(us.factory(settings).createLock('a').acquire());

      await watchFor(30_000);
      expect(us.store.operations(0).slice(0, 2)).toEqual(['acquire', 'refresh']);
    },
  );

  test('which adopted it, its wall clock days behind', async () => {
    us.wallOffMs = -7 * DAY_MS;
    const giver = await until(setting.process().factory().createLock('a').acquire());

    await until(us.factory({ clockToleranceSeconds: Infinity }).deserializeLock(await until(giver.serialize())));

    await watchFor(30_000);
  });

  test('whose wall clock was set back between two holds', async () => {
    await until(us.factory().withLock('a', () => {}));
    us.wallOffMs = -7 * DAY_MS;

    await until(us.factory({ clockToleranceSeconds: Infinity }).createLock('a').acquire());

    await watchFor(30_000);
    expect(us.store.operations().slice(2, 3)).toEqual(['acquire']);
  });

  test('that heard a Date once, but hears none any more', async () => {
    await until(us.factory().createLock('a').acquire());
    us.store.fate = () => ({ isUndated: true });
    us.wallOffMs = -7 * DAY_MS;

    await watchFor(30_000);
  });

  describe('that never hears a Date: it has no expiry', () => {
    beforeEach(() => {
      us.store.fate = () => ({ isUndated: true });
      us.wallOffMs = -7 * DAY_MS;
    });
    const noExpiry = (): void => {
      expect(setting.table.items.has('a')).toBe(true);
      expect(setting.table.items.get('a')).not.toHaveProperty('expiresAt');
    };

    test.each([{}, { clockToleranceSeconds: Infinity }])('from its grant on, %p', async (settings) => {
      const held = await until(us.factory(settings).createLock('a').acquire());
      noExpiry();
      await pass(20_000);
      noExpiry();

      expect(held.isHeld).toBe(true);
    });

    test('nor has what it leaves', async () => {
      const lock = us.factory().createLock('a', { fencing: true, lockAtLeastSeconds: 3600 });
      const held = await until(lock.acquire());
      noExpiry();
      await until(held.release());

      expect(setting.table.items.get('a')).toMatchObject({ leaseDuration: { N: '3600' } });
      noExpiry();
    });

    test('nor what it broke', async () => {
      await until(setting.process().factory().createLock('a').acquire());

      await until(us.factory().break('a', { reason: 'stuck' }));

      noExpiry();
    });

    test('nor what it adopted', async () => {
      const giver = await until(setting.process().factory().createLock('a').acquire());

      await until(us.factory().deserializeLock(await until(giver.serialize())));

      noExpiry();
    });
  });
});
