import { LockOptionError } from '../../../runtime/errors.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { EPOCH_MS, errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let them: TestProcess;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  them = setting.process();
});

const DAY_SECONDS = 24 * 60 * 60;
const THREE_DAYS_MS = BigInt(3 * DAY_SECONDS * 1000);
const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const acquire = (process: TestProcess): Promise<HeldLock> =>
  until(process.factory({ fencing: true }).createLock('a').acquire({ waitSeconds: 60 }));
const item = () => setting.table.items.get('a') as Record<string, { N: string }> | undefined;
const standingToken = (): bigint => BigInt(item()?.['fencingToken']?.N ?? Number.NaN);

/** DynamoDB's time now, in milliseconds. */
const clock = (): bigint => BigInt(EPOCH_MS + setting.time.nowMs);
/** Somebody else has raised it that far. */
const putToken = (token: bigint): void =>
  void setting.table.items.set('a', { ...setting.table.items.get('a'), fencingToken: { N: String(token) } });

test('follows the clock, and a cycle stays at two writes', async () => {
  const first = await acquire(us);
  expect(first.fencingToken).toBe(BigInt(EPOCH_MS));
  await until(first.release());
  await pass(1000);
  const drawnMs = clock();

  const second = await acquire(them);

  expect(second.fencingToken).toBe(drawnMs);
  expect(us.store.operations()).toEqual(['acquire', 'leave']);
  expect(them.store.operations()).toEqual(['acquire']);
});

test('stays with the hold through refreshes, and after its end', async () => {
  const held = await acquire(us);
  const { fencingToken } = held;
  await pass(20_000);
  expect([held.fencingToken, standingToken()]).toEqual([fencingToken, fencingToken]);

  await until(held.release());

  expect(held.fencingToken).toBe(fencingToken);
});

test('a release keeps the entry, free, for a day', async () => {
  const held = await acquire(us);
  await until(held.release());

  expect(item()).toMatchObject({ leaseDuration: { N: '0' }, fencingToken: { N: String(held.fencingToken) } });
  const left = Number(item()?.['expiresAt']?.N) - (EPOCH_MS + setting.time.nowMs) / 1000;
  expect(Math.abs(left - DAY_SECONDS)).toBeLessThan(2);
});

test('rises when a dead holder is taken over from', async () => {
  const dead = await acquire(us);
  us.block(0);
  us.store.fate = () => 'silence';

  const held = await acquire(them);

  expect(held.fencingToken > dead.fencingToken).toBe(true);
  expect(held.fencingToken).toBe(standingToken());
});

test('rises with a hand-over', async () => {
  const giver = await acquire(us);
  const text = await until(giver.serialize());

  const receiver = await until(them.factory({ fencing: true }).deserializeLock(text));
  expect(receiver.fencingToken > giver.fencingToken).toBe(true);
  const again = await until(us.factory().deserializeLock(await until(receiver.serialize()), { fencing: true }));

  expect(again.fencingToken > receiver.fencingToken).toBe(true);
});

test('rises over the entry’s end by TTL, though the lock was had more often than the clock ticked', async () => {
  const held = await acquire(us);
  // Another client whose clock is far ahead has drawn it.
  const ahead = clock() + THREE_DAYS_MS;
  putToken(ahead);
  await until(held.release());
  const next = await acquire(them);
  expect(next.fencingToken).toBe(ahead + 1n);
  await until(next.release());
  const expiresMs = Number(item()?.['expiresAt']?.N) * 1000;

  setting.table.items.delete('a');
  setting.time.nowMs = expiresMs - EPOCH_MS;
  const after = await acquire(setting.process());

  expect(after.fencingToken > next.fencingToken).toBe(true);
});

describe('a process whose clock is days behind, and that no answer has told the time yet', () => {
  const behind = (): TestProcess => {
    const process = setting.process();
    process.wallOffMs = -7 * DAY_SECONDS * 1000;
    return process;
  };

  test('replaces the token of its first write before the lock is granted: TTL may have deleted a greater one', async () => {
    const before = await acquire(us);
    await until(before.release());
    setting.time.nowMs = Number(item()?.['expiresAt']?.N) * 1000 - EPOCH_MS;
    setting.table.items.delete('a');
    const late = behind();

    const held = await acquire(late);

    expect(late.store.operations()).toEqual(['acquire', 'acquire']);
    expect(held.fencingToken > before.fencingToken).toBe(true);
    expect(held.fencingToken).toBe(standingToken());
    await pass(30_000);
    expect(held.isHeld).toBe(true);
  });

  test('does the same with a lock that is handed over to it, whose entry has no token', async () => {
    const before = await acquire(us);
    await until(before.release());
    const text = await until((await until(them.factory().createLock('a').acquire())).serialize());
    await pass(2000);

    const held = await until(behind().factory({ fencing: true }).deserializeLock(text));

    expect(held.fencingToken > before.fencingToken).toBe(true);
    expect(held.fencingToken).toBe(standingToken());
  });
});

test('is right where the answer to the acquire was lost', async () => {
  const first = await acquire(us);
  await until(first.release());
  them.store.next('acquire', 'drop-answer');

  const held = await acquire(them);

  expect(them.store.operations()).toEqual(['acquire', 'acquire']);
  expect(held.fencingToken > first.fencingToken).toBe(true);
  expect(held.fencingToken).toBe(standingToken());
});

test('is right where the answer to the adopt was lost', async () => {
  const giver = await acquire(us);
  const text = await until(giver.serialize());
  them.store.next('adopt', 'drop-answer');

  const held = await until(them.factory({ fencing: true }).deserializeLock(text));

  expect(them.store.operations()).toEqual(['adopt', 'adopt']);
  expect(held.fencingToken > giver.fencingToken).toBe(true);
  expect(held.fencingToken).toBe(standingToken());
});

describe('a late copy of the acquire that lands after another has had the lock, and freed it', () => {
  /** Its entry comes back, and a token is used up for it. */
  const comeBack = (): void => {
    const token = standingToken() + 2n;
    setting.table.items.set('a', { ...setting.table.items.get('a'), fencingToken: { N: String(token) } });
  };

  test('before the top-up of a lock that was had late: it is held with the token that stands', async () => {
    us.store.next('acquire', { requestMs: 100, answerMs: 4850 });
    const acquired = us.factory({ fencing: true }).createLock('a').acquire();
    await pass(4000);
    comeBack();

    const held = await until(acquired);

    expect(us.store.operations()).toEqual(['acquire', 'refresh', 'refresh']);
    expect(held.fencingToken).toBe(standingToken());
    expect(held.remainingSeconds).toBeGreaterThan(9);
    await pass(20_000);
    expect(held.isHeld).toBe(true);
  });

  test('the same of a hand-over', async () => {
    const text = await until((await acquire(us)).serialize());
    them.store.next('adopt', { requestMs: 100, answerMs: 4850 });
    const adopted = them.factory({ fencing: true }).deserializeLock(text);
    await pass(4000);
    comeBack();

    expect((await until(adopted)).fencingToken).toBe(standingToken());
  });

  test('under a hold: that one is lost, and its token used no more', async () => {
    const held = await acquire(us);
    const before = setting.versionOf('a');
    comeBack();
    await pass(6000);

    expect(held.isHeld).toBe(false);
    expect(held.signal.reason).toMatchObject({ name: 'LockLostError', reason: 'taken' });
    expect(String(held.signal.reason)).toContain('its fencing token has changed');
    expect(setting.versionOf('a')).toBe(before);
    await until(held.release());
    expect((await until(us.factory({ fencing: true }).createLock('a').tryAcquire()))?.isHeld).toBe(true);
  });
});

test('an acquisition that nobody waits for any more is given back without its token', async () => {
  const first = await acquire(us);
  await until(first.release());
  them.store.next('acquire', { answerMs: 3000 });
  await until(errorOf(them.factory({ fencing: true }).createLock('a').acquire({ waitSeconds: 1 })));
  await pass(5000);

  expect(item()).toMatchObject({ leaseDuration: { N: '0' } });
  const given = standingToken();
  expect(given > first.fencingToken).toBe(true);
  expect((await acquire(us)).fencingToken > given).toBe(true);
});

test('goes together with a time that the lock stays taken', async () => {
  const lock = us.factory({ fencing: true }).createLock('a', { lockAtLeastSeconds: 30 });
  const first = await until(lock.acquire());
  await until(first.release());
  expect(item()).toMatchObject({ leaseDuration: { N: '30' } });

  const second = await acquire(them);

  expect(second.fencingToken > first.fencingToken).toBe(true);
  expect(setting.time.nowMs).toBeGreaterThan(30_000);
});

describe('where the token that stands is ahead of the clock', () => {
  let ahead: bigint;
  beforeEach(async () => {
    const held = await acquire(us);
    await until(held.release());
    ahead = clock() + THREE_DAYS_MS;
    putToken(ahead);
  });

  test('is one more; whoever has not seen it takes one more write', async () => {
    const held = await acquire(them);

    expect(held.fencingToken).toBe(ahead + 1n);
    expect(them.store.operations()).toEqual(['acquire', 'acquire']);
    await until(held.release());
    const before = them.store.sent.length;
    expect((await acquire(them)).fencingToken).toBe(ahead + 2n);
    expect(them.store.operations().slice(before)).toEqual(['acquire']);
  });

  test('whoever waits has seen it', async () => {
    const held = await acquire(us);
    const waiting = acquire(them);
    await until(held.release());

    expect((await waiting).fencingToken).toBe(ahead + 2n);
    expect(them.store.operations().filter((operation) => operation === 'acquire')).toHaveLength(2);
  });

  test('a takeover goes on from it', async () => {
    await acquire(us);
    us.block(0);
    us.store.fate = () => 'silence';

    expect((await acquire(them)).fencingToken).toBe(ahead + 2n);
  });

  test('an adopt goes on from it', async () => {
    const giver = await acquire(us);
    const text = await until(giver.serialize());

    const receiver = await until(them.factory({ fencing: true }).deserializeLock(text));

    expect(receiver.fencingToken).toBe(giver.fencingToken + 1n);
    expect(them.store.operations()).toEqual(['adopt', 'adopt']);
  });

  test('an acquire whose answer is lost goes on from it, and raises it once', async () => {
    them.store.next('acquire', {}, 'drop-answer');

    const held = await acquire(them);

    expect([held.fencingToken, standingToken()]).toEqual([ahead + 1n, ahead + 1n]);
  });

  const afterTtl = async (): Promise<bigint> => {
    setting.time.nowMs = Number(item()?.['expiresAt']?.N) * 1000 - EPOCH_MS;
    setting.table.items.delete('a');
    return (await acquire(setting.process())).fencingToken;
  };

  test.each([
    ['an acquire', async () => (await acquire(them)).fencingToken],
    [
      'an adopt',
      async () => {
        const text = await until((await acquire(us)).serialize());
        return (await until(them.factory({ fencing: true }).deserializeLock(text))).fencingToken;
      },
    ],
    [
      'a break',
      async () => {
        const { fencingToken } = await acquire(us);
        await until(them.factory().break('a', { reason: 'stuck' }));
        return fencingToken;
      },
    ],
    [
      'a release after an unheard answer',
      async () => {
        them.store.next('acquire', {}, 'drop-answer');
        them.store.fate = ({ operation }) => (operation === 'acquire' ? 'silence' : {});
        await until(errorOf(them.factory({ fencing: true }).createLock('a').acquire({ waitSeconds: 1 })));
        await pass(5000);
        expect(item()).toMatchObject({ leaseDuration: { N: '0' } });
        return ahead + 1n;
      },
    ],
  ])('TTL leaves the entry of %s until the clock has passed its token by a day', async (_, given) => {
    const token = await given();
    expect(standingToken()).toBe(token);

    expect(Number(item()?.['expiresAt']?.N) * 1000).toBeGreaterThanOrEqual(Number(token) + DAY_SECONDS * 1000);
    expect((await afterTtl()) > token).toBe(true);
  });
});

test('where a token is greater than DynamoDB could raise, that is told, and nothing is changed', async () => {
  const held = await acquire(us);
  await until(held.release());
  putToken(10n ** 38n);

  const error = await until(errorOf(them.factory({ fencing: true }).createLock('a').acquire()));

  expect(error).toMatchObject({ name: 'LockEntryError', attribute: 'fencingToken' });
  expect(standingToken()).toBe(10n ** 38n);
  setting.table.items.delete('a');
  expect((await acquire(them)).fencingToken < clock() + 1n).toBe(true);
});

describe('when the table is restored from a backup', () => {
  test.each([0, 1, 2, 3, 4])(
    'the next token is greater than all given before, to state %p of the last five',
    async (state) => {
      const backups: (typeof setting.table.items extends Map<string, infer I> ? I : never)[] = [];
      let greatest = 0n;
      for (let hold = 0; hold < 5; hold += 1) {
        const held = await acquire(hold % 2 === 0 ? us : them);
        greatest = held.fencingToken;
        await until(held.release());
        backups.push(setting.table.items.get('a') ?? {});
        await pass(100);
      }

      setting.table.items.set('a', backups[state] ?? {});

      expect((await acquire(setting.process())).fencingToken > greatest).toBe(true);
    },
  );

  test('also by a process whose clock was set back since its last answer', async () => {
    const first = await acquire(us);
    await until(first.release());
    const backup = setting.table.items.get('a') ?? {};
    await pass(60_000);
    const second = await acquire(us);
    await until(second.release());

    setting.table.items.set('a', backup);
    await pass(1000);
    us.wallOffMs = -7 * DAY_SECONDS * 1000;

    expect((await acquire(us)).fencingToken > second.fencingToken).toBe(true);
  });
});

test('may be on for one lock, or one call, alone', async () => {
  const held = await until(us.factory().createLock('a', { fencing: true }).acquire());
  expect(held.fencingToken).toBeGreaterThan(0n);
  await until(held.release());

  await until(
    us.factory().withLock('a', { fencing: true }, ({ fencingToken }) => expect(fencingToken).toBe(standingToken())),
  );
  await until(
    us.factory({ fencing: true }).tryWithLock('b', { fencing: false }, (b) => expect(() => b.fencingToken).toThrow()),
  );
});

test('is refused, not undefined, where fencing is off', async () => {
  const held = await until(us.factory().createLock('a').acquire());

  expect(() => held.fencingToken).toThrow(LockOptionError);
  expect(() => held.fencingToken).toThrow('is held without a fencing token; set fencing: true');
});

test.each([1, 'yes', null])('fencing: %p is refused', (fencing) => {
  const wrong = fencing as unknown as boolean;

  expect(() => us.factory().createLock('a', { fencing: wrong })).toThrow('fencing is true or false');
  if (wrong !== null) expect(() => us.factory({ fencing: wrong })).toThrow(LockOptionError);
});

describe('beside a client without fencing', () => {
  test('warns once, where its entry is seen', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });
    const lock = us.factory({ fencing: true }).createLock('a');

    expect(await until(lock.tryAcquire())).toBeUndefined();
    expect(await until(lock.tryAcquire())).toBeUndefined();

    expect(us.warnings).toEqual([expect.stringContaining('somebody uses it without fencing')]);
  });

  test('does not warn of its own kind', async () => {
    await acquire(us);

    expect(await until(them.factory({ fencing: true }).createLock('a').tryAcquire())).toBeUndefined();

    expect(them.warnings).toEqual([]);
  });

  test('goes on by the clock: no worse than one whose clock is right', async () => {
    const first = await acquire(us);
    await until(first.release());
    await until(them.factory().withLock('a', () => {}));
    expect(item()).toBeUndefined();

    expect((await acquire(us)).fencingToken > first.fencingToken).toBe(true);
  });
});
