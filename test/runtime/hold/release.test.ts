import type { Hold } from '../../../runtime/hold/hold.js';
import type { LockEvent } from '../../../runtime/observe/events.js';
import { isTombstone } from '../../../runtime/protocol/version.js';
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
const acquire = async (process: TestProcess): Promise<Hold> =>
  (await until(process.factory().createLock('a').acquire({ waitSeconds: 600 }))) as Hold;
const whoHolds = async (process: TestProcess) => {
  const outcome = await until(process.factory().tryWithLock('a', () => {}));
  return outcome.acquired ? undefined : outcome.holder;
};
const leave = (held: Hold, seconds: number, data: string): Promise<void> => {
  held.keepTaken(seconds, data);
  return held.release();
};
const item = (): unknown => setting.table.items.get('a');

describe('an entry that is left for some time', () => {
  test('is nobody’s: it has a hold id of its own, whole seconds, and a note', async () => {
    const held = await acquire(us);
    const { holdId } = setting.ownVersionOf('a') ?? {};

    await until(leave(held, 29.2, '"done"'));

    expect(held.isHeld).toBe(false);
    expect(us.store.operations()).toEqual(['acquire', 'leave']);
    expect(item()).toMatchObject({ leaseDuration: { N: '30' }, data: { S: '"done"' } });
    expect(setting.ownVersionOf('a')).toMatchObject({ timed: true });
    const left = setting.ownVersionOf('a')?.holdId ?? '';
    expect([left === holdId, isTombstone(left), isTombstone(holdId ?? '')]).toEqual([false, true, false]);
    expect(await whoHolds(them)).toMatchObject({ hostIdentifier: 'process-1', leaseSeconds: 30, data: 'done' });
  });

  test('is taken over by its stamp at first sight, and not before', async () => {
    await until(leave(await acquire(us), 30, '1'));
    await pass(32_900);
    expect(await whoHolds(them)).toMatchObject({ leaseSeconds: 30 });
    await pass(1200);

    expect(await whoHolds(setting.process())).toBeUndefined();
  });

  test('is taken over from nobody: no holder had died', async () => {
    await until(leave(await acquire(us), 30, '1'));
    await pass(40_000);
    const events: LockEvent[] = [];
    const observers = [{ onLockEvent: (event: LockEvent) => void events.push(event) }];

    await until(them.factory({ observers }).createLock('a').acquire());

    expect(events).toContainEqual(expect.objectContaining({ type: 'acquired', takenOverFrom: undefined }));
    expect(them.store.operations()).toEqual(['acquire', 'acquire']);
  });

  test('is taken over by whoever watched it for its time', async () => {
    await until(leave(await acquire(us), 30, '1'));
    const leftMs = setting.time.nowMs;

    await acquire(them);

    expect(setting.time.nowMs - leftMs).toBeGreaterThan(29_990);
    expect(setting.time.nowMs - leftMs).toBeLessThan(31_000);
  });

  test('keeps its own process out as well', async () => {
    await until(leave(await acquire(us), 30, '1'));
    const leftMs = setting.time.nowMs;
    expect(await whoHolds(us)).toMatchObject({ leaseSeconds: 30 });

    await acquire(us);

    expect(setting.time.nowMs - leftMs).toBeGreaterThan(29_990);
  });

  test('is left once, though the answer was lost', async () => {
    const held = await acquire(us);
    us.store.next('leave', 'drop-answer');

    await until(leave(held, 30, '1'));

    expect(us.store.operations()).toEqual(['acquire', 'leave', 'leave']);
    const [, first] = us.store.sent;
    expect(setting.versionOf('a')).toBe(first?.version);
  });

  test('is stamped anew though it was a lost answer that left it, after clocks that stood still', async () => {
    const held = await acquire(us);
    us.freeze(4000);
    us.wallOffMs -= 4000;
    us.store.next('leave', 'drop-answer');

    await until(leave(held, 30, '1'));

    expect(us.store.operations()).toEqual(['acquire', 'leave', 'leave', 'leave']);
    expect((await whoHolds(them))?.remainingSeconds).toBeGreaterThan(28);
  });

  test('is not put back by a copy of the acquire’s write that comes late', async () => {
    us.store.next('acquire', 'drop-answer');
    const held = await acquire(us);
    const { version } = us.store.sent[0] ?? {};
    expect(setting.versionOf('a')).toBe(version);
    await until(leave(held, 30, '1'));

    const copy = { lockKey: 'a', leaseSeconds: 10, version: version ?? '', hostIdentifier: 'us', expiresAtSeconds: 1 };
    expect(await setting.table.acquire(copy, undefined)).toMatchObject({ written: false });
  });

  test('is stamped anew twice at most, where each answer takes its time', async () => {
    const held = await acquire(us);
    us.store.fate = ({ operation }) => (operation === 'leave' ? { requestMs: 1000 } : {});

    // For longer than its caller is let wait.
    await until(errorOf(leave(held, 30, '1')));
    await pass(1000);

    expect(us.store.operations()).toEqual(['acquire', 'leave', 'leave', 'leave']);
  });

  test('is not left in place of nothing', async () => {
    const held = await acquire(us);
    setting.table.items.clear();

    await until(leave(held, 30, '1'));

    expect(item()).toBeUndefined();
  });

  test('is not left in place of another’s', async () => {
    const held = await acquire(us);
    const theirs = setting.versionDrawn();
    setting.putEntry('a', { version: theirs });

    await until(leave(held, 30, '1'));

    expect(setting.versionOf('a')).toBe(theirs);
  });

  test('is stamped right at once though its wall clock had been set back since the last answer', async () => {
    const held = await acquire(us);
    await pass(40_000);
    us.wallOffMs -= 60_000;

    await until(leave(held, 30, '1'));

    expect(us.store.operations(40_000)).toEqual(['refresh', 'leave']);
    expect((await whoHolds(them))?.remainingSeconds).toBeGreaterThan(28);
  });

  test('is stamped anew where its clocks had stood still since the last answer', async () => {
    const held = await acquire(us);
    us.freeze(4000);
    us.wallOffMs -= 4000;

    await until(leave(held, 30, '1'));

    expect(us.store.operations()).toEqual(['acquire', 'leave', 'leave']);
    expect(await whoHolds(them)).toMatchObject({ leaseSeconds: 30 });
    expect((await whoHolds(them))?.remainingSeconds).toBeGreaterThan(28);
  });

  test('has its whole time though the wall clock was set forward', async () => {
    const held = await acquire(us);
    us.wallOffMs += 5000;

    await until(leave(held, 30, '1'));

    expect(item()).toMatchObject({ leaseDuration: { N: '30' } });
  });

  test('is not taken early by its own process where no answer says that it was left', async () => {
    const held = await acquire(us);
    us.store.fate = ({ operation }) => (operation === 'leave' ? 'reset' : {});

    expect(await until(errorOf(leave(held, 30, '1')))).toMatchObject({
      message: expect.stringContaining('the release was not confirmed in time'),
    });

    expect(await whoHolds(us)).toMatchObject({ leaseSeconds: 10 });
  });
});

test('a time that is over deletes the entry as usual', async () => {
  const held = await acquire(us);
  const { holdId = '' } = setting.ownVersionOf('a') ?? {};

  const left = leave(held, 0, '1');
  expect(us.locks.isAbandoned(holdId)).toBe(true);
  await until(left);

  expect(us.store.operations()).toEqual(['acquire', 'release']);
  expect(item()).toBeUndefined();
});
