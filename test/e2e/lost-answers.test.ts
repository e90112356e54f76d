import {
  type HeldLock,
  type LockFactory,
  LockLostError,
  LockTableError,
  LockUnavailableError,
} from '../../runtime/index.js';
import type { Fate, SeenRequest } from '../server/fault-proxy.js';
import { FOREIGN_HOST, gate, Rig, rejectionOf, until } from './rig.js';

/** Whoever waited out a lease of this length would not finish in time. */
const LEASE_SECONDS = 600;

const isWrite = ({ operation }: SeenRequest): boolean => operation === 'UpdateItem';
const isDelete = ({ operation }: SeenRequest): boolean => operation === 'DeleteItem';

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
beforeEach(() => rig.proxy.forget());
afterAll(() => rig.stop());

describe.each([
  { who: 'the SDK tries again', config: {} },
  { who: 'the lock itself tries again', config: { maxAttempts: 1 } },
])('the server carries the write out, its answer is lost, and $who', ({ config }) => {
  let factory: LockFactory;
  const warn = jest.fn();

  beforeAll(() => {
    const client = rig.client(config);
    factory = rig.factory({ client, leaseSeconds: LEASE_SECONDS, logger: { warn, debug: () => {} } });
  });
  beforeEach(() => warn.mockClear());
  afterEach(async () => {
    expect(await rig.clear()).toEqual([]);
    expect(warn).not.toHaveBeenCalled();
  });

  async function acquired(name: string): Promise<HeldLock> {
    const held = await factory.createLock(name).acquire();
    rig.proxy.forget();
    return held;
  }

  /** Held here, in the table, and for nearly the whole lease. */
  async function expectHeld(held: HeldLock): Promise<void> {
    expect(held.isHeld).toBe(true);
    expect(held.signal.aborted).toBe(false);
    expect(held.remainingSeconds).toBeGreaterThan(LEASE_SECONDS / 2);
    expect(await rig.versionOf(held.name)).toBeDefined();
  }

  test('acquire: it is held', async () => {
    rig.proxy.spoilNext('drop-answer', isWrite);
    const held = await factory.createLock('acquire').acquire();

    expect(rig.proxy.counts).toEqual({ UpdateItem: 2 });
    await expectHeld(held);
    await held.release();
  });

  test('try: it is held', async () => {
    rig.proxy.spoilNext('drop-answer', isWrite);
    const outcome = await factory.tryWithLock('try', expectHeld);

    expect(outcome.acquired).toBe(true);
    expect(rig.proxy.counts).toEqual({ UpdateItem: 2, DeleteItem: 1 });
  });

  test('takeover: it is held, and the dead holder’s version is gone', async () => {
    const theirs = await rig.putForeignEntry('takeover', { leaseSeconds: LEASE_SECONDS, ageSeconds: 700 });
    // The first write shows the entry; the second takes it over.
    rig.proxy.spoilNext('drop-answer', (seen) => isWrite(seen) && rig.proxy.requests.length === 2);
    const held = await factory.createLock('takeover').acquire();

    expect(rig.proxy.counts).toEqual({ UpdateItem: 3 });
    await expectHeld(held);
    expect(await rig.versionOf('takeover')).not.toBe(theirs);
    await held.release();
  });

  test('refresh: it is confirmed, and still held', async () => {
    const held = await acquired('refresh');
    const before = await rig.versionOf('refresh');
    rig.proxy.spoilNext('drop-answer', isWrite);
    await held.refresh();

    expect(rig.proxy.counts).toEqual({ UpdateItem: 2 });
    await expectHeld(held);
    expect(await rig.versionOf('refresh')).not.toBe(before);
    await held.release();
  });

  test('release: it resolves, and the entry is gone', async () => {
    const held = await acquired('release');
    rig.proxy.spoilNext('drop-answer', isDelete);
    await held.release();

    expect(rig.proxy.counts).toEqual({ DeleteItem: 2 });
    expect(await rig.versionOf('release')).toBeUndefined();
  });

  test('release, and another acquires before the second attempt: that one is left alone', async () => {
    const held = await acquired('release then taken');
    const taken = gate();
    rig.proxy.fate = () => (rig.proxy.requests.length === 1 ? 'drop-answer' : { after: taken.opened });
    const releasing = held.release();
    await until(() => rig.proxy.counts['DeleteItem'] === 2);
    const theirs = await rig
      .factoryOfAnotherProcess({ leaseSeconds: LEASE_SECONDS })
      .createLock(held.name)
      .tryAcquire();
    taken.open();
    await releasing;

    expect(theirs?.isHeld).toBe(true);
    expect(await rig.versionOf(held.name)).toBeDefined();
    await theirs?.release();
  });

  test('serialize: the text is good for one deserialize', async () => {
    const giver = await acquired('serialize');
    rig.proxy.spoilNext('drop-answer', isWrite);
    const text = await giver.serialize();
    expect(rig.proxy.counts).toEqual({ UpdateItem: 2 });
    expect(giver.isHeld).toBe(false);
    const receiver = await factory.deserializeLock(text);

    await expectHeld(receiver);
    await receiver.release();
  });

  test('deserialize: it is held, once', async () => {
    const giver = await acquired('deserialize');
    const text = await giver.serialize();
    rig.proxy.forget();
    rig.proxy.spoilNext('drop-answer', isWrite);
    const receiver = await factory.deserializeLock(text);

    expect(rig.proxy.counts).toEqual({ UpdateItem: 2 });
    await expectHeld(receiver);
    const again = await rejectionOf(factory.deserializeLock(text));
    expect(again).toBeInstanceOf(LockLostError);
    expect(again).toMatchObject({ reason: 'stale-hand-over' });
    await expectHeld(receiver);
    await receiver.release();
  });

  test('deserialize, and every other answer too: the text can be tried again', async () => {
    const text = await (await acquired('deserialize')).serialize();
    rig.proxy.fate = (seen) => (isWrite(seen) ? 'drop-answer' : 'pass');
    const error = await rejectionOf(rig.factory({ client: rig.client(config), leaseSeconds: 4 }).deserializeLock(text));
    expect(error).toMatchObject({ lockName: 'deserialize', cause: expect.anything() });
    rig.proxy.forget();
    const receiver = await factory.deserializeLock(text);

    await expectHeld(receiver);
    await receiver.release();
  });

  test('acquire, and every other answer too: it is not granted, and leaves no entry behind', async () => {
    rig.proxy.fate = (seen) => (isWrite(seen) ? 'drop-answer' : 'pass');
    const error = await rejectionOf(factory.createLock('in vain').acquire({ waitSeconds: 1 }));

    expect(error).toBeInstanceOf(LockUnavailableError);
    expect(error).toMatchObject({ lockName: 'in vain', cause: expect.anything() });
    await until(async () => (await rig.versionOf('in vain')) === undefined);
  });

  test('acquire, and the write lands only after its caller gave up: the next caller takes it over at once', async () => {
    const cleanedUp = gate();
    rig.proxy.fate = (seen) => (isWrite(seen) ? { after: cleanedUp.opened } : 'pass');
    const lock = factory.createLock('late');
    await rejectionOf(lock.acquire({ waitSeconds: 0.5 }));
    await until(() => rig.proxy.carriedOut.some(isDelete));
    expect(await rig.versionOf('late')).toBeUndefined();
    cleanedUp.open();
    await until(async () => (await rig.versionOf('late')) !== undefined);
    rig.proxy.forget();
    const held = await lock.tryAcquire();

    expect(held?.isHeld).toBe(true);
    await held?.release();
  });
});

test('a try that is refused, with its answer lost: another’s entry is neither touched nor hidden', async () => {
  const version = await rig.putForeignEntry('theirs', { leaseSeconds: LEASE_SECONDS });
  rig.proxy.spoilNext('drop-answer', isWrite);
  const outcome = await rig.factory({ client: rig.client({ maxAttempts: 1 }) }).tryWithLock('theirs', () => 'ran');

  expect(outcome).toMatchObject({ acquired: false, holder: { hostIdentifier: FOREIGN_HOST } });
  await until(() => rig.proxy.carriedOut.some(isDelete));
  expect(await rig.versionOf('theirs')).toBe(version);
});

describe('the SDK’s second copy of a write is refused for good', () => {
  const DENIED = { status: 400, error: 'AccessDeniedException' };
  const copiesMeet = (...fates: readonly Fate[]): void => {
    rig.proxy.fate = (seen) => (isWrite(seen) ? (fates[(rig.proxy.counts['UpdateItem'] ?? 1) - 1] ?? DENIED) : 'pass');
  };
  let factory: LockFactory;
  beforeAll(async () => {
    factory = rig.factory({ client: rig.client(), leaseSeconds: LEASE_SECONDS });
    await rig.clear();
  });
  afterEach(async () => expect(await rig.clear()).toEqual([]));

  test('acquire, whose first copy landed: nothing stays of it', async () => {
    copiesMeet('drop-answer', DENIED);

    expect(await rejectionOf(factory.createLock('denied').acquire())).toBeInstanceOf(LockTableError);
    await until(async () => (await rig.versionOf('denied')) === undefined);
    expect(rig.proxy.carriedOut.map(({ operation }) => operation)).toEqual(['UpdateItem', 'DeleteItem']);
  });

  test('adoption, whose first copy landed: nothing stays of it', async () => {
    const text = await (await factory.createLock('denied').acquire()).serialize();
    rig.proxy.forget();
    copiesMeet('drop-answer', DENIED);

    expect(await rejectionOf(factory.deserializeLock(text))).toBeInstanceOf(LockTableError);
    expect(await rig.versionOf('denied')).toBeUndefined();
  });

  test('where there was one copy only, nothing is to be undone', async () => {
    copiesMeet(DENIED);

    expect(await rejectionOf(factory.createLock('denied').tryAcquire())).toBeInstanceOf(LockTableError);
    expect(await rig.versionOf('denied')).toBeUndefined();
    expect(rig.proxy.counts).toEqual({ UpdateItem: 1 });
  });
});
