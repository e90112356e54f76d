import { checkedNote, LONGEST_NOTE_BYTES, noteFrom } from '../../../runtime/options/validate.js';
import { formatVersion, STAMP_LIMIT_MS } from '../../../runtime/protocol/version.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let them: TestProcess;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  them = setting.process();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const noteInTable = (): unknown => setting.table.items.get('a')?.['data'];
const whoHolds = async (process: TestProcess) => {
  const outcome = await until(process.factory().tryWithLock('a', () => {}));
  return outcome.acquired ? undefined : outcome.holder;
};

test('is shown to whoever is refused, in this process and in others', async () => {
  await until(
    us
      .factory()
      .createLock('a')
      .acquire({ data: { step: 1, of: [2, 'three'] } }),
  );

  expect(noteInTable()).toEqual({ S: '{"step":1,"of":[2,"three"]}' });
  expect((await whoHolds(them))?.data).toEqual({ step: 1, of: [2, 'three'] });
  expect((await whoHolds(us))?.data).toEqual({ step: 1, of: [2, 'three'] });
  const error = await until(errorOf(them.factory().withLock('a', { waitSeconds: 1 }, () => {})));
  expect(error).toMatchObject({ holder: { data: { step: 1 } } });
});

test('is none where none was given; the next holder’s acquire removes the former’s', async () => {
  const noted = await until(us.factory().createLock('a').acquire({ data: 'former' }));
  await until(noted.serialize());
  await setting.time.run(setting.time.nowMs + 20_000);

  await until(them.factory().createLock('a').acquire());

  expect(noteInTable()).toBeUndefined();
  expect((await whoHolds(us))?.data).toBeUndefined();
});

test('goes with a hand-over only where the receiver sets it', async () => {
  const text = await until((await until(us.factory().createLock('a').acquire({ data: 1 }))).serialize());
  expect(noteInTable()).toEqual({ S: '1' });

  await until(them.factory().deserializeLock(text, { data: 2 }));

  expect(noteInTable()).toEqual({ S: '2' });
});

test('is changed by a refresh, and by no other', async () => {
  const held = await until(us.factory().createLock('a').acquire({ data: 1 }));

  await until(held.refresh());
  expect(noteInTable()).toEqual({ S: '1' });
  expect((await whoHolds(us))?.data).toBe(1);
  await until(held.refresh({ data: 2 }));
  await setting.time.run(setting.time.nowMs + 20_000);

  expect(noteInTable()).toEqual({ S: '2' });
  expect((await whoHolds(us))?.data).toBe(2);
});

test('gets there though a beat of the heart overtakes it', async () => {
  const held = await until(us.factory().createLock('a').acquire());
  us.store.next('refresh', { requestMs: 700 }, {});
  await setting.time.run(setting.time.nowMs + 4600);

  await until(held.refresh({ data: 'there' }));

  expect(us.store.operations().filter((operation) => operation === 'refresh').length).toBeGreaterThan(2);
  expect(noteInTable()).toEqual({ S: '"there"' });
});

test('is what it is to a refresh without one, though that hears only that it has landed', async () => {
  const held = await until(us.factory().createLock('a').acquire({ data: 1 }));
  // The SDK repeats the refresh, whose first answer was lost; the copy fails its condition.
  const refresh = us.store.refresh.bind(us.store);
  us.store.refresh = async (request, signal) => {
    await setting.table.refresh(request);
    return refresh(request, signal);
  };

  await until(held.refresh());

  expect(us.store.operations()).toEqual(['acquire', 'refresh']);
});

test('that does not get there in time says so', async () => {
  const held = await until(us.factory().createLock('a').acquire());
  const refresh = us.store.refresh.bind(us.store);
  us.store.refresh = async (request, signal) => {
    const version = formatVersion({ stampMs: STAMP_LIMIT_MS - 1, timed: true, holdId: request.holdId });
    await setting.table.refresh({ ...request, version, data: undefined });
    return refresh(request, signal);
  };

  expect(await until(errorOf(held.refresh({ data: 1 })))).toMatchObject({
    message: 'lock "a" in table "locks": the refresh was not confirmed in time',
    cause: new Error('another refresh came first'),
  });
});

test.each(['no {JSON', '', '\u0000', '['.repeat(50_000)])('of somebody else may be anything (%#)', async (data) => {
  setting.putEntry('a', { version: PYTHONS_VERSION });
  setting.table.items.set('a', { ...setting.table.items.get('a'), data: { S: data } });

  expect(await whoHolds(us)).toMatchObject({ hostIdentifier: 'somebody' });
  expect((await whoHolds(us))?.data).toBeUndefined();
  const held = await until(us.factory().createLock('a').acquire());
  expect(held.isHeld).toBe(true);
});

test('is a JSON value of at most 1 KB as text', () => {
  const most = 'x'.repeat(LONGEST_NOTE_BYTES - 2);
  expect(checkedNote(most)).toBe(`"${most}"`);
  expect(() => checkedNote(`${most}x`)).toThrow('at most 1024 bytes as JSON text, got 1025');
  expect(() => checkedNote('ü'.repeat(600))).toThrow('got 1202');
  expect(checkedNote(`${most}x`, 4096)).toHaveLength(LONGEST_NOTE_BYTES + 1);
  expect(checkedNote(null)).toBe('null');
  expect(checkedNote(undefined)).toBeUndefined();
  expect(noteFrom('null')).toBeNull();
});

test('that is not a JSON value is refused by name, wherever it is given', async () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const lock = us.factory().createLock('a');
  for (const data of [() => {}, Symbol('s'), 1n, cycle]) {
    for (const refused of [lock.acquire({ data }), lock.tryAcquire({ data }), lock.withLock({ data }, () => {})]) {
      expect(await until(errorOf(refused))).toMatchObject({
        name: 'LockOptionError',
        message: expect.stringMatching(/^data is a JSON value, got /),
      });
    }
  }
  expect(us.store.sent).toEqual([]);

  const held = await until(lock.acquire());
  expect(await until(errorOf(held.refresh({ data: 1n })))).toMatchObject({ name: 'LockOptionError' });
  expect(await until(errorOf(held.refresh({ date: 1 } as object)))).toMatchObject({
    message: expect.stringContaining('refresh knows no option "date"'),
  });
  expect(us.store.operations()).toEqual(['acquire']);
});
