import type { ListOptions, LockInspection } from '../../../runtime/admin/inspect.js';
import type { ListAnswer, ListedPage } from '../../../runtime/core/store.js';
import type { LockEntryError } from '../../../runtime/errors.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  for (const name of ['account/1', 'account/2', 'nightly']) setting.putEntry(name, { version: setting.versionDrawn() });
});

async function collect(locks: AsyncIterable<LockInspection>): Promise<LockInspection[]> {
  const all: LockInspection[] = [];
  for await (const lock of locks) all.push(lock);
  return all;
}
const listed = (options?: ListOptions): Promise<LockInspection[]> =>
  setting.time.until(collect(us.factory().list(options)));
const names = (locks: readonly LockInspection[]): string[] => locks.map(({ name }) => name).sort();

/** The table in pages of one entry each. */
function inPages(): void {
  const { table } = setting;
  const whole = table.list.bind(table);
  table.list = async (page: ListedPage): Promise<ListAnswer> => {
    const answer = await whole(page);
    const index = page.after === undefined ? 0 : Number(page.after);
    const next = index + 1 < answer.entries.length ? String(index + 1) : undefined;
    return {
      ...answer,
      entries: answer.entries.slice(index, index + 1),
      malformed: index ? [] : answer.malformed,
      next,
    };
  };
}

test('lists every lock, as inspect shows it', async () => {
  const locks = await listed();

  expect(names(locks)).toEqual(['account/1', 'account/2', 'nightly']);
  const one = await setting.time.until(us.factory().inspect('nightly'));
  expect(Object.keys(locks[0] ?? {})).toEqual(Object.keys(one ?? {}));
  expect(locks.find(({ name }) => name === 'nightly')).toMatchObject({ version: one?.version, looksDead: false });
});

test('lists those whose name begins with a prefix', async () => {
  expect(names(await listed({ prefix: 'account/' }))).toEqual(['account/1', 'account/2']);
  expect(names(await listed({ prefix: 'none' }))).toEqual([]);
});

test('reads page after page, and none before it is needed', async () => {
  inPages();
  const locks = us.factory().list();
  await setting.time.run(1000);
  expect(us.store.operations()).toEqual([]);

  await setting.time.until(locks.next());
  expect(us.store.operations()).toEqual(['list']);
  expect(names(await setting.time.until(collect(locks)))).toHaveLength(2);
  expect(us.store.operations()).toEqual(['list', 'list', 'list']);
});

test('a page lost in transit is read again', async () => {
  inPages();
  us.store.next('list', {}, 'reset', 'drop-answer');

  expect(names(await listed())).toEqual(['account/1', 'account/2', 'nightly']);
});

test('leaves free locks out, unless they are wanted', async () => {
  setting.putEntry('kept', { version: setting.versionDrawn(), leaseSeconds: 0 });

  expect(names(await listed())).not.toContain('kept');
  const locks = await listed({ includeFree: true });
  expect(locks.find(({ name }) => name === 'kept')).toMatchObject({ isFree: true });
});

test('what is no lock’s entry is reported, and does not end the listing', async () => {
  setting.table.items.set('broken', { lockKey: { S: 'broken' }, leaseDuration: { S: '10' } });
  const reported: LockEntryError[] = [];

  expect(names(await listed({ onMalformed: (error) => void reported.push(error) }))).toHaveLength(3);
  expect(reported).toMatchObject([{ name: 'LockEntryError', lockName: 'broken', attribute: 'leaseDuration' }]);
  expect(us.warnings).toEqual([]);

  expect(names(await listed())).toHaveLength(3);
  expect(us.warnings).toEqual([expect.stringContaining('"leaseDuration"')]);
});

test('a process that lists again can tell dead holders whose versions carry no time', async () => {
  setting.putEntry('pythons', { version: PYTHONS_VERSION, leaseSeconds: 10 });
  const pythons = (locks: readonly LockInspection[]) => locks.find(({ name }) => name === 'pythons')?.looksDead;

  expect(pythons(await listed())).toBeUndefined();
  await setting.time.run(setting.time.nowMs + 11_000);
  expect(pythons(await listed())).toBe(true);
});

test('it pushes out nothing that was seen of a lock that was wanted', async () => {
  setting.putEntry('pythons', { version: PYTHONS_VERSION, leaseSeconds: 10 });
  const lock = us.factory().createLock('pythons');
  expect(await setting.time.until(lock.tryAcquire())).toBeUndefined();
  for (let index = 0; index < 11_000; index += 1) {
    setting.putEntry(`other/${index}`, { version: setting.versionDrawn() });
  }
  expect(await listed()).toHaveLength(11_004);
  await setting.time.run(setting.time.nowMs + 11_000);

  expect((await setting.time.until(lock.tryAcquire()))?.isHeld).toBe(true);
});

test('what it showed of a lock counts when the lock is wanted later', async () => {
  setting.putEntry('pythons', { version: PYTHONS_VERSION, leaseSeconds: 10 });
  await listed();
  await setting.time.run(setting.time.nowMs + 11_000);

  expect((await setting.time.until(us.factory().createLock('pythons').tryAcquire()))?.isHeld).toBe(true);
});

test('an outage ends it with an error that names the table', async () => {
  us.store.fate = () => 'reset';

  const error = await setting.time.until(errorOf(collect(us.factory().list())));

  expect(String(error)).toMatch(/the locks of table "locks": no answer from DynamoDB within 10 s/);
  expect(error).toMatchObject({ tableName: 'locks', lockName: undefined });
});

test('the caller’s signal ends it', async () => {
  us.store.fate = () => 'silence';
  const controller = new AbortController();
  const listing = errorOf(collect(us.factory().list({ signal: controller.signal })));
  await setting.time.run(100);
  controller.abort('enough');

  expect(await setting.time.until(listing)).toBe('enough');
});
