import { LockLostError, LockTableError, LockUnavailableError } from '../../../runtime/errors.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { parseVersion } from '../../../runtime/protocol/version.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let giver: TestProcess;
let taker: TestProcess;
let held: HeldLock;
beforeEach(async () => {
  setting = new Setting();
  [giver, taker] = [setting.process(), setting.process()];
  held = await setting.time.until(giver.factory().createLock('a').acquire());
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);

/** What others are told who would write while a hand-over may yet fail. */
const UNDER_WAY = {
  name: 'LynkError',
  message: 'lock "a" in table "locks" is being handed over; wait for that call',
};

/** The version that a hand-over token names. */
function versionIn(text: string): string | undefined {
  const { technique } = JSON.parse(text) as { technique: string };
  return (JSON.parse(technique) as { versions: Record<string, string> }).versions['a'];
}

describe('serialize', () => {
  test('refreshes once more, without an expiry, and names exactly that version', async () => {
    const text = await until(held.serialize());

    expect(giver.store.operations()).toEqual(['acquire', 'refresh']);
    expect(versionIn(text)).toBe(setting.versionOf('a'));
    expect(versionIn(text)).toBe(giver.store.sent[1]?.version);
    expect(setting.table.items.get('a')).not.toHaveProperty('expiresAt');
  });

  test('leaves nothing to do for the object: it is not held, and sends nothing any more', async () => {
    await until(held.serialize());
    expect(held.isHeld).toBe(false);
    expect(held.remainingSeconds).toBe(0);
    expect(() => held.assertHeld()).toThrow(
      expect.objectContaining({
        name: 'LockLostError',
        reason: 'handed-over',
        message: 'lock "a" in table "locks" is not held any more: it was handed over',
      }),
    );
    expect(held.signal.aborted).toBe(false);

    await until(Promise.all([held.refresh(), held.release(), held[Symbol.asyncDispose]()]));
    await pass(60_000);

    expect(giver.store.operations()).toEqual(['acquire', 'refresh']);
    expect(giver.warnings).toEqual([]);
    await expect(held.serialize()).rejects.toMatchObject({ reason: 'handed-over' });
  });

  describe('at the same moment as another call: whichever comes first wins, and the other is told', () => {
    beforeEach(() => until(held.release()));
    /** Serializes, and calls that many microtasks after the answer; resolves to both outcomes. */
    const beside = async (microtasks: number, call: () => Promise<unknown>) => {
      const refresh = giver.store.refresh.bind(giver.store);
      let called: ReturnType<typeof watched> | undefined;
      giver.store.refresh = async (...args) => {
        giver.store.refresh = refresh;
        const answer = await refresh(...args);
        void (async () => {
          for (let left = microtasks; left > 0; left -= 1) await undefined;
          called = watched(call());
        })();
        return answer;
      };
      const serialized = watched(held.serialize());
      await pass(1000);
      return { serialized, called };
    };
    const microtasks = Array.from({ length: 40 }, (_, index) => index);

    test('a release', async () => {
      const won = new Set<string>();
      for (const count of microtasks) {
        held = await until(giver.factory().createLock('a').acquire({ waitSeconds: 300 }));
        const { serialized, called } = await beside(count, () => held.release());
        expect(called?.state).toBe('resolved');
        won.add(serialized.state);
        if (serialized.state === 'rejected') {
          expect(serialized.error).toMatchObject({ name: 'LockLostError', reason: 'released' });
          expect(setting.table.items.has('a')).toBe(false);
        } else {
          const taken = await until(
            setting
              .process()
              .factory()
              .deserializeLock(serialized.value as string),
          );
          await until(taken.release());
        }
      }
      expect(won).toEqual(new Set(['rejected', 'resolved']));
    });

    test('a refresh', async () => {
      for (const count of microtasks) {
        held = await until(giver.factory().createLock('a').acquire({ waitSeconds: 300 }));
        const { serialized } = await beside(count, () => held.refresh());
        expect(versionIn(serialized.value as string)).toBe(setting.versionOf('a'));
        setting.table.items.clear();
      }
    });

    test('a loss', async () => {
      for (const count of microtasks) {
        held = await until(giver.factory().createLock('a').acquire({ waitSeconds: 300 }));
        const { serialized } = await beside(count, async () => giver.block(30_000));
        const isHandedOver = serialized.state === 'resolved';
        expect(held.signal.aborted).toBe(!isHandedOver);
        if (!isHandedOver) expect(serialized.error).toBe(held.signal.reason);
        setting.table.items.clear();
      }
    });
  });

  test('of a lease of an hour takes as long as a try may, where nothing is heard', async () => {
    const long = await until(giver.factory().createLock('b', { leaseSeconds: 3600 }).acquire());
    giver.store.fate = () => 'silence';
    const startMs = setting.time.nowMs;

    expect(await until(errorOf(long.serialize()))).toMatchObject({ name: 'LockUnavailableError' });
    expect(setting.time.nowMs - startMs).toBeLessThanOrEqual(5000);
  });

  test('unconfirmed throws, and the object stays the holder', async () => {
    giver.store.fate = ({ atMs }) => (atMs < 7500 ? 'reset' : {});

    const error = await until(errorOf(held.serialize()));

    expect(error).toMatchObject({ name: 'LockUnavailableError', lockName: 'a', tableName: 'locks' });
    expect(String(error)).toContain('the refresh was not confirmed in time');
    expect(held.isHeld).toBe(true);
    await pass(30_000);
    expect(held.isHeld).toBe(true);
    // The heartbeat sets the expiry again that an unheard refresh may have removed.
    expect(setting.table.items.get('a')).toHaveProperty('expiresAt');
  });

  test('whose first answer is lost names the version that stands after the second', async () => {
    giver.store.next('refresh', 'drop-answer');

    const text = await until(held.serialize());

    expect(versionIn(text)).toBe(setting.versionOf('a'));
  });

  test('is not overtaken by a heartbeat in flight: the text stays good', async () => {
    giver.store.next('refresh', { requestMs: 2000, answerMs: 100 });
    await pass(5000);
    expect(giver.store.operations()).toEqual(['acquire', 'refresh']);

    const text = await until(held.serialize());
    await pass(4000);

    expect(versionIn(text)).toBe(setting.versionOf('a'));
  });

  test('stops the heartbeat first: none is sent while its own answer is outstanding', async () => {
    giver.store.next('refresh', { requestMs: 10, answerMs: 2400 });
    await pass(3500);

    const text = await until(held.serialize());

    expect(giver.store.operations()).toEqual(['acquire', 'refresh']);
    expect(versionIn(text)).toBe(setting.versionOf('a'));
  });

  test('twice at once gives one text', async () => {
    const [one, other] = [watched(held.serialize()), watched(held.serialize())];
    await pass(1000);

    expect(one).toMatchObject({ state: 'resolved' });
    expect(other).toMatchObject({ state: 'rejected', error: UNDER_WAY });
    expect(giver.store.operations()).toEqual(['acquire', 'refresh']);
  });

  test('lets no refresh come between: that rejects at once', async () => {
    giver.store.next('refresh', 'silence');
    const [, refreshed] = [watched(held.serialize()), watched(held.refresh())];

    await pass(0);

    expect(refreshed).toMatchObject({ state: 'rejected', error: UNDER_WAY });
    expect(held.isHeld).toBe(true);
  });

  test('nor one that was to be tried again', async () => {
    giver.store.next('refresh', 'reset', { answerMs: 1000 });
    const refreshed = watched(held.refresh());
    await pass(5);
    watched(held.serialize());
    await pass(500);

    expect(refreshed).toMatchObject({ state: 'rejected', error: UNDER_WAY });
    expect(held.isHeld).toBe(true);
  });

  test('rejects with the reason of the caller’s signal, and the object stays the holder', async () => {
    giver.store.next('refresh', 'silence');
    const controller = new AbortController();
    const serialized = watched(held.serialize({ signal: controller.signal }));
    await pass(100);

    controller.abort('enough');
    await pass(30_000);

    expect(serialized).toMatchObject({ state: 'rejected', error: 'enough' });
    expect(held.isHeld).toBe(true);
  });

  test('of a lock that is lost rejects with the loss', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });

    expect(await until(errorOf(held.serialize()))).toMatchObject({ name: 'LockLostError', reason: 'taken' });
  });
});

describe('deserializeLock', () => {
  test('goes on holding, in one write, with a hold id and a lease of its own', async () => {
    const text = await until(held.serialize());

    const taken = await until(taker.factory({ leaseSeconds: 20 }).deserializeLock(text));

    expect(taken).toMatchObject({ name: 'a', isHeld: true });
    expect(taken.remainingSeconds).toBeGreaterThan(19);
    expect(taker.store.operations()).toEqual(['adopt']);
    expect(setting.table.items.get('a')).toMatchObject({
      leaseDuration: { N: '20' },
      hostIdentifier: { S: 'process-2' },
      expiresAt: { N: expect.any(String) },
    });
    expect(setting.ownVersionOf('a')?.holdId).not.toBe(parseVersion(versionIn(text) ?? '')?.holdId);
    await pass(60_000);
    expect(taken.isHeld).toBe(true);
    await until(taken.release());
    expect(setting.table.items.size).toBe(0);
  });

  test('of a text delivered twice is good once', async () => {
    const text = await until(held.serialize());
    const first = await until(taker.factory().deserializeLock(text));

    const error = await until(errorOf(setting.process().factory().deserializeLock(text)));

    expect(error).toBeInstanceOf(LockLostError);
    expect(error).toMatchObject({ reason: 'stale-hand-over', lockName: 'a', tableName: 'locks' });
    expect(String(error)).toContain('process-2 holds it now');
    expect(first.isHeld).toBe(true);
  });

  test('of a text delivered to two at once is good for one', async () => {
    const text = await until(held.serialize());
    const other = setting.process();
    const outcomes = [taker, other].map((process) => watched(process.factory().deserializeLock(text)));
    await pass(1000);

    expect(outcomes.filter(({ state }) => state === 'resolved').length).toBe(1);
    expect(outcomes.find(({ state }) => state === 'rejected')).toMatchObject({ error: { reason: 'stale-hand-over' } });
  });

  test('of a text that came too late is good for nobody', async () => {
    const text = await until(held.serialize());
    const winner = await until(setting.process().factory().createLock('a').acquire());

    expect(await until(errorOf(taker.factory().deserializeLock(text)))).toMatchObject({ reason: 'stale-hand-over' });
    expect(winner.isHeld).toBe(true);

    setting.table.items.clear();
    const error = await until(errorOf(taker.factory().deserializeLock(text)));
    expect(error).toMatchObject({ reason: 'stale-hand-over' });
    expect(String(error)).toContain('its entry is gone');
  });

  test('of a version that its giver has refreshed since is good for nobody: the giver still holds', async () => {
    const text = await until(held.serialize());
    const again = await until(giver.factory().deserializeLock(text));
    const secondText = JSON.stringify({
      __version: 'Lock.1',
      name: 'a',
      technique: JSON.stringify({
        __version: 'VersionLeaseTechinque.1',
        versions: { a: setting.versionOf('a') },
      }),
    });
    await until(again.refresh());

    expect(await until(errorOf(taker.factory().deserializeLock(secondText)))).toMatchObject({
      reason: 'stale-hand-over',
    });
    expect(again.isHeld).toBe(true);
  });

  test('takes what a Python client handed over', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION });
    const technique = `{"__version": "VersionLeaseTechinque.1", "versions": {"a": "${PYTHONS_VERSION}"}}`;

    const taken = await until(
      taker.factory().deserializeLock(JSON.stringify({ __version: 'Lock.1', name: 'a', technique })),
    );

    expect(taken.isHeld).toBe(true);
  });

  test('whose answer is lost is made good by the next attempt', async () => {
    const text = await until(held.serialize());
    taker.store.next('adopt', 'drop-answer');

    const taken = await until(taker.factory().deserializeLock(text));

    expect(taken.isHeld).toBe(true);
    expect(taker.store.operations()).toEqual(['adopt', 'adopt']);
    expect(setting.versionOf('a')).toBe(taker.store.sent[0]?.version);
  });

  test('with DynamoDB out of reach rejects, and the text is still good', async () => {
    const text = await until(held.serialize());
    taker.store.fate = () => 'reset';

    const error = await until(errorOf(taker.factory({ leaseSeconds: 2 }).deserializeLock(text)));

    expect(error).toBeInstanceOf(LockUnavailableError);
    expect(error).toMatchObject({ cause: new Error('connection reset'), lockName: 'a', tableName: 'locks' });
    taker.store.fate = () => ({});
    expect((await until(taker.factory().deserializeLock(text))).isHeld).toBe(true);
  });

  describe('whose write landed unheard', () => {
    const inVain = async (text: string): Promise<void> => {
      taker.store.fate = ({ operation }) => (operation === 'adopt' ? 'drop-answer' : 'reset');
      expect(await until(errorOf(taker.factory().deserializeLock(text)))).toMatchObject({ cause: expect.any(Error) });
      taker.store.fate = () => ({});
    };

    test('can be tried again by its process, which then goes on holding', async () => {
      const text = await until(held.serialize());
      await inVain(text);

      const taken = await until(taker.factory({ leaseSeconds: 20 }).deserializeLock(text));

      expect(taken.isHeld).toBe(true);
      expect(taken.remainingSeconds).toBeGreaterThan(19);
      expect(setting.table.items.get('a')).toMatchObject({ leaseDuration: { N: '20' } });
      await pass(60_000);
      expect(taken.isHeld).toBe(true);
      expect(await until(errorOf(taker.factory().deserializeLock(text)))).toMatchObject({ reason: 'stale-hand-over' });
    });

    test('and again', async () => {
      const text = await until(held.serialize());
      await inVain(text);
      await inVain(text);

      expect((await until(taker.factory().deserializeLock(text))).isHeld).toBe(true);
    });

    test('lets nobody else in for its lease, and then anybody', async () => {
      const text = await until(held.serialize());
      await inVain(text);
      expect(taker.store.operations()).not.toContain('release');

      expect(await until(errorOf(setting.process().factory().deserializeLock(text)))).toMatchObject({
        reason: 'stale-hand-over',
      });
      expect(await until(taker.factory().createLock('a').tryAcquire())).toBeUndefined();
      expect(await until(setting.process().factory().createLock('a').tryAcquire())).toBeUndefined();
      await pass(13_100);
      const winner = await until(setting.process().factory().createLock('a').tryAcquire());
      expect(winner?.isHeld).toBe(true);
      expect(await until(errorOf(taker.factory().deserializeLock(text)))).toMatchObject({ reason: 'stale-hand-over' });
      expect(winner?.isHeld).toBe(true);
    });

    test('can be tried again after it was cancelled, with its first request still on its way', async () => {
      const text = await until(held.serialize());
      taker.store.next('adopt', { requestMs: 100, answerMs: 5000 });
      const controller = new AbortController();
      const asked = errorOf(taker.factory().deserializeLock(text, { signal: controller.signal }));
      await pass(200);
      controller.abort('enough');
      expect(await until(asked)).toBe('enough');

      expect((await until(taker.factory().deserializeLock(text))).isHeld).toBe(true);
    });

    test('can be tried again where the answer came too late to leave half of a lease', async () => {
      const text = await until(held.serialize());
      taker.store.next('adopt', { requestMs: 5, answerMs: 1950 });
      taker.store.next('refresh', 'reset', 'reset');
      const error = await until(errorOf(taker.factory({ leaseSeconds: 4 }).deserializeLock(text)));
      expect(error).toBeInstanceOf(LockUnavailableError);

      expect((await until(taker.factory().deserializeLock(text))).isHeld).toBe(true);
    });

    test('can be tried by two at once: one of them holds', async () => {
      const text = await until(held.serialize());
      await inVain(text);

      const outcomes = [1, 2, 3].map(() => watched(taker.factory().deserializeLock(text)));
      await pass(1000);

      expect(outcomes.filter(({ state }) => state === 'rejected').length).toBe(2);
      expect(outcomes.find(({ state }) => state === 'resolved')?.value?.isHeld).toBe(true);
    });

    test('is for the tries of its own text alone', async () => {
      const text = await until(held.serialize());
      await inVain(text);
      const other = text.replace(versionIn(text) ?? '', PYTHONS_VERSION);

      expect(await until(errorOf(taker.factory().deserializeLock(other)))).toMatchObject({ reason: 'stale-hand-over' });
    });
  });

  test('rejects with the reason of the caller’s signal', async () => {
    const text = await until(held.serialize());
    taker.store.fate = () => 'silence';
    const controller = new AbortController();
    const asked = watched(taker.factory().deserializeLock(text, { signal: controller.signal }));
    await pass(100);

    controller.abort('enough');
    await pass(0);

    expect(asked).toMatchObject({ state: 'rejected', error: 'enough' });
  });

  test('leaves nothing behind where it is refused for good after a write that went unheard', async () => {
    const text = await until(held.serialize());
    taker.store.next('adopt', 'drop-answer', new LockTableError('permission is missing'));

    expect(await until(errorOf(taker.factory().deserializeLock(text)))).toBeInstanceOf(LockTableError);
    await pass(1000);

    expect(taker.store.operations()).toEqual(['adopt', 'adopt', 'release']);
    expect(setting.table.items.size).toBe(0);
  });

  test('of what is no text rejects without a request', async () => {
    expect(await errorOf(taker.factory().deserializeLock('{}'))).toMatchObject({ name: 'CannotDeserializeError' });
    expect(taker.store.sent).toEqual([]);
  });
});

test('what was handed over is never taken back: to its giver too it is another’s', async () => {
  await until(held.serialize());
  await until(held.release());

  expect(await until(giver.factory().createLock('a').tryAcquire())).toBeUndefined();
});

test('the next caller of the giver’s process comes forward', async () => {
  const next = watched(giver.factory().createLock('a').acquire());
  const text = await until(held.serialize());
  const taken = await until(taker.factory().deserializeLock(text));
  await pass(1000);
  expect(next.state).toBe('pending');

  await until(taken.release());
  await pass(1000);

  expect(next).toMatchObject({ state: 'resolved' });
});
