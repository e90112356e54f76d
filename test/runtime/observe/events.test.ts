import type { LockEvent, LockObserver } from '../../../runtime/observe/events.js';
import type { FactorySettings } from '../../../runtime/options/options.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let events: LockEvent[];
let observer: LockObserver;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  events = [];
  observer = { onLockEvent: (event) => void events.push(event) };
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const lock = (settings: FactorySettings = {}) => us.factory({ observers: [observer], ...settings }).createLock('a');
const types = (): string[] => events.map(({ type }) => type);
const ofType = <T extends LockEvent['type']>(type: T): Extract<LockEvent, { type: T }> => {
  const found = events.filter((event) => event.type === type);
  expect(found.length).toBe(1);
  return found[0] as Extract<LockEvent, { type: T }>;
};

describe('one attempt', () => {
  test('of a free lock, from its first request to its release', async () => {
    const held = await until(lock().acquire());
    await pass(2000);
    await until(held.release());

    expect(types()).toEqual(['requested', 'acquired', 'released']);
    expect(ofType('acquired')).toMatchObject({ waitSeconds: 0.01, attempts: 1, takenOverFrom: undefined });
    expect(ofType('released').heldSeconds).toBeCloseTo(2, 3);
  });

  test('is one object in all of its events, and no other attempt has it', async () => {
    for (const seconds of [1, 2]) await until(lock().withLock(() => setting.time.sleep(seconds)));

    const askings = events.map(({ attempt }) => attempt);
    expect(new Set(askings).size).toBe(2);
    expect(new Set(askings.slice(0, 3)).size).toBe(1);
    expect(askings[0]).toEqual({
      lockName: 'a',
      tableName: 'locks',
      hostIdentifier: 'process-1',
      leaseSeconds: 10,
      requestId: undefined,
    });
  });

  test('of an invocation says which', async () => {
    const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 9000 };
    await until(lock().acquire({ context }));

    expect(ofType('acquired').attempt).toMatchObject({ requestId: 'request-1', hostIdentifier: 'process-1/request-1' });
  });
});

describe('a wait', () => {
  test('is reported once, with the holder, however often it is refused', async () => {
    const theirs = await until(setting.process().factory().createLock('a').acquire());
    const waiting = lock().acquire();
    await pass(3000);
    expect(types()).toEqual(['requested', 'waiting']);
    expect(ofType('waiting').holder).toMatchObject({ hostIdentifier: 'process-2', leaseSeconds: 10 });

    await until(theirs.release());
    await until(waiting);

    const { waitSeconds, attempts, takenOverFrom } = ofType('acquired');
    expect(types()).toEqual(['requested', 'waiting', 'acquired']);
    expect(waitSeconds).toBeGreaterThan(3);
    expect(attempts).toBe(us.store.sent.length);
    expect(attempts).toBeGreaterThan(10);
    expect(takenOverFrom).toBeUndefined();
  });

  test('behind a caller of the same process names that one', async () => {
    const first = await until(us.factory().createLock('a').acquire());
    const second = lock().acquire();
    await pass(100);

    expect(ofType('waiting').holder).toMatchObject({ hostIdentifier: 'process-1' });
    await until(first.release());
    await until(second);
  });
});

describe('a takeover', () => {
  test('by observation names whom it was taken over from', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 2 });
    await until(lock().acquire());

    expect(ofType('acquired').takenOverFrom).toBe('somebody');
  });

  test('by the stamp names it too', async () => {
    setting.putEntry('a', { version: setting.versionDrawn(60_000) });
    await until(lock().acquire());

    expect(ofType('acquired')).toMatchObject({ takenOverFrom: 'somebody', attempts: 2 });
  });

  test('is none where the entry that was seen has been released since', async () => {
    setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 2 });
    await until(lock().tryAcquire());
    await pass(60_000);
    setting.table.items.clear();
    events = [];
    await until(lock().acquire());

    expect(ofType('acquired')).toMatchObject({ takenOverFrom: undefined, attempts: 1 });
  });

  test('is none where the entry was left by this very process', async () => {
    const lost = await until(us.factory().createLock('a').acquire());
    us.store.fate = ({ operation }) => (operation === 'acquire' ? {} : 'reset');
    await until(errorOf(lost.release()));
    us.store.fate = () => ({});
    expect(setting.versionOf('a')).toBeDefined();
    await until(lock().acquire());

    expect(ofType('acquired')).toMatchObject({ takenOverFrom: undefined, attempts: 2 });
  });
});

describe('an attempt that ends without the lock', () => {
  beforeEach(() => setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 }));

  test('a try that is refused', async () => {
    await until(lock().tryAcquire());

    expect(types()).toEqual(['requested', 'not-granted']);
    expect(ofType('not-granted')).toMatchObject({
      waitSeconds: 0.01,
      attempts: 1,
      holder: { hostIdentifier: 'somebody' },
      error: undefined,
    });
  });

  test('a wait that has run out', async () => {
    const error = await until(errorOf(lock().acquire({ waitSeconds: 2 })));

    expect(types()).toEqual(['requested', 'waiting', 'not-granted']);
    expect(ofType('not-granted')).toMatchObject({ waitSeconds: 2, holder: { hostIdentifier: 'somebody' }, error });
  });

  test('a wait that its caller has ended', async () => {
    const controller = new AbortController();
    const outcome = errorOf(lock().acquire({ signal: controller.signal }));
    await pass(1000);
    controller.abort('enough');
    await until(outcome);

    expect(ofType('not-granted')).toMatchObject({ waitSeconds: 1, error: 'enough' });
  });

  test.each([
    ['lock', 'a', () => lock()],
    ['semaphore', 'a#0', () => us.factory({ observers: [observer] }).createSemaphore('a', { permits: 1 })],
  ])('a wait for a %s that its caller ends before the first answer waits no more', async (_, name, locked) => {
    setting.putEntry(name, { version: PYTHONS_VERSION, leaseSeconds: 60 });
    us.store.fate = () => ({ answerMs: 500 });
    const controller = new AbortController();
    const outcome = errorOf(locked().acquire({ signal: controller.signal }));
    await pass(100);
    controller.abort('enough');
    await until(outcome);
    await pass(5000);

    expect(types()).toEqual(['requested', 'not-granted']);
  });

  test('where DynamoDB is out of reach', async () => {
    us.store.fate = () => 'reset';
    const error = await until(errorOf(lock().tryAcquire()));

    expect(ofType('not-granted')).toMatchObject({ holder: undefined, error });
  });
});

describe('a hold', () => {
  test('is refreshed in time', async () => {
    await until(lock().acquire());
    await pass(6000);

    expect(ofType('refreshed').remainingSeconds).toBeCloseTo(9.64, 2);
  });

  test('is refreshed late after an outage', async () => {
    await until(lock().acquire());
    us.store.fate = () => 'reset';
    await pass(8500);
    us.store.fate = () => ({});
    await pass(1400);

    const { lateSeconds, remainedSeconds } = ofType('refreshed-late');
    expect(events.filter(({ type }) => type === 'refresh-failed').length).toBeGreaterThan(2);
    expect(lateSeconds).toBeGreaterThan(3.5);
    expect(lateSeconds + remainedSeconds).toBeCloseTo(4.65, 2);
    expect(types().at(-1)).toBe('refreshed-late');
  });

  test('is lost once, with the reason, and not released then', async () => {
    const held = await until(lock().acquire());
    setting.table.items.clear();
    await pass(6000);
    await until(held.release());

    expect(types()).toEqual(['requested', 'acquired', 'lost']);
    expect(ofType('lost').error).toBe(held.signal.reason);
    expect(ofType('lost').heldSeconds).toBeCloseTo(5, 1);
  });

  test('is released, but the release is not confirmed', async () => {
    const held = await until(lock().acquire());
    us.store.fate = () => 'reset';
    const error = await until(errorOf(held.release()));

    expect(types()).toEqual(['requested', 'acquired', 'release-failed']);
    expect(ofType('release-failed').error).toBe(error);
  });

  test('that was released is not reported again, though a refresh of it was on its way', async () => {
    const held = await until(lock().acquire());
    us.store.next('refresh', 'silence');
    await pass(5500);
    await until(held.release());
    await pass(10_000);

    expect(us.store.operations()).toContain('refresh');
    expect(types()).toEqual(['requested', 'acquired', 'released']);
  });

  test('is handed over, and goes on elsewhere', async () => {
    const held = await until(lock().acquire());
    await pass(1000);
    const text = await until(held.serialize());
    expect(types()).toEqual(['requested', 'acquired', 'refreshed', 'handed-over']);
    expect(ofType('handed-over').heldSeconds).toBeCloseTo(1.01, 3);

    events = [];
    await until(us.factory({ observers: [observer] }).deserializeLock(text));
    expect(types()).toEqual(['requested', 'acquired']);
  });
});

describe('an observer, or a logger, that fails', () => {
  const failing = [
    [
      'throws',
      () => {
        throw new Error('broken observer');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken observer'))],
  ] as const;

  test.each(failing)('and %s breaks nothing, and hides nothing from the next', async (_, fail) => {
    const broken = { onLockEvent: fail };
    const factory = us.factory({ observers: [broken, observer], logger: { warn: fail, info: fail, debug: fail } });
    us.store.fate = ({ operation }) => (operation === 'acquire' ? {} : 'reset');

    const error = await until(errorOf(factory.withLock('a', () => setting.time.sleep(12_000))));

    expect(error).toMatchObject({ name: 'LockLostError', reason: 'deadline' });
    expect(types()).toContain('lost');
  });
});
