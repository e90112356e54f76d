import { randomBytes } from 'node:crypto';
import type { LeftEntry, LockStore, NewEntry, WriteAnswer } from '../../../runtime/core/store.js';
import { LockEntryError } from '../../../runtime/errors.js';
import type { LockEntry } from '../../../runtime/protocol/entry.js';
import { formatVersion, holdIdFrom } from '../../../runtime/protocol/version.js';
import { DynamoDBStore } from '../../../runtime/store/dynamodb-store.js';
import type { StoredItem, StoreFixture } from './fixture.js';

const STAMP = Date.UTC(2026, 0, 1);
const EXPIRES = STAMP / 1000 + 86_410;
const PYTHONS = '7f3f3e0c-2d6f-4b6e-9c1b-1d2e3f4a5b6c';
const OURS = holdIdFrom(new Uint8Array(10).fill(1));
const THEIRS = holdIdFrom(new Uint8Array(10).fill(2));

const never = new AbortController().signal;
const versionOf = (holdId: string, afterMs = 0): string =>
  formatVersion({ stampMs: STAMP + afterMs, timed: true, holdId });

/** The tests that every store has to pass; the argument of `describe`. */
export const contract = (open: () => Promise<StoreFixture>) => (): void => {
  let fixture: StoreFixture;
  let store: LockStore;
  let lockKey: string;

  beforeAll(async () => {
    fixture = await open();
    ({ store } = fixture);
  });
  afterAll(() => fixture.close());
  beforeEach(() => {
    lockKey = `lock/${randomBytes(6).toString('hex')} ✓`;
  });

  const entryAt = (version: string): NewEntry => ({
    lockKey,
    leaseSeconds: 10,
    version,
    hostIdentifier: 'us',
    expiresAtSeconds: EXPIRES,
  });
  const itemAt = (version: string, attributes: StoredItem = {}): StoredItem => ({
    lockKey: { S: lockKey },
    leaseDuration: { N: '10' },
    versionNumber: { S: version },
    hostIdentifier: { S: 'them' },
    ...attributes,
  });
  const standing = (): Promise<StoredItem | undefined> => fixture.get(lockKey);
  const theirEntry = () => expect.objectContaining({ lockKey, leaseSeconds: 10, hostIdentifier: 'them' });

  describe('acquire', () => {
    test('writes if there is no item', async () => {
      const answer = await store.acquire(entryAt(versionOf(OURS)), undefined, never);

      expect(answer.replaced).toBeUndefined();
      expect(answer).toMatchObject({ written: true });
      expect(await standing()).toEqual({
        lockKey: { S: lockKey },
        leaseDuration: { N: '10' },
        versionNumber: { S: versionOf(OURS) },
        hostIdentifier: { S: 'us' },
        expiresAt: { N: String(EXPIRES) },
      });
    });

    test('writes if the item that was assessed as expired is gone', async () => {
      const answer = await store.acquire(entryAt(versionOf(OURS)), versionOf(THEIRS), never);

      expect(answer.written).toBe(true);
    });

    test('leaves a held entry as it is, and returns it', async () => {
      await fixture.put(itemAt(versionOf(THEIRS), { expiresAt: { N: '1700000000' } }));

      const answer = await store.acquire(entryAt(versionOf(OURS)), undefined, never);

      expect(answer).toMatchObject({
        written: false,
        entry: {
          lockKey,
          leaseSeconds: 10,
          version: versionOf(THEIRS),
          hostIdentifier: 'them',
          expiresAtSeconds: 1.7e9,
        },
      });
      expect(await standing()).toMatchObject({
        versionNumber: { S: versionOf(THEIRS) },
        hostIdentifier: { S: 'them' },
      });
    });

    test.each([versionOf(THEIRS), PYTHONS])('writes over the version %s, assessed as expired', async (expired) => {
      await fixture.put(itemAt(expired));

      const answer = await store.acquire(entryAt(versionOf(OURS)), expired, never);

      expect(answer.written).toBe(true);
      expect(answer.replaced).toEqual({ version: expired, leaseSeconds: 10, hostIdentifier: 'them' });
      expect(await standing()).toMatchObject({ versionNumber: { S: versionOf(OURS) }, hostIdentifier: { S: 'us' } });
    });

    test('does not write over a later version than the expired one', async () => {
      await fixture.put(itemAt(versionOf(THEIRS, 5000)));

      const answer = await store.acquire(entryAt(versionOf(OURS)), versionOf(THEIRS), never);

      expect(answer).toMatchObject({ written: false, entry: theirEntry() });
    });

    test.each(['0', '0.0'])('writes over a kept, free entry with lease %s', async (lease) => {
      await fixture.put(itemAt(versionOf(THEIRS), { leaseDuration: { N: lease } }));

      expect(await store.acquire(entryAt(versionOf(OURS)), undefined, never)).toMatchObject({ written: true });
      expect(await standing()).toMatchObject({ leaseDuration: { N: '10' }, versionNumber: { S: versionOf(OURS) } });
    });

    test('writes its note', async () => {
      await fixture.put(itemAt(versionOf(THEIRS), { data: { S: '"theirs"' }, leaseDuration: { N: '0' } }));

      await store.acquire({ ...entryAt(versionOf(OURS)), data: '"ours"' }, undefined, never);

      expect(await standing()).toMatchObject({ data: { S: '"ours"' } });
    });

    test('without an expiry removes it', async () => {
      await fixture.put(itemAt(versionOf(THEIRS), { leaseDuration: { N: '0' }, expiresAt: { N: '1' } }));

      await store.acquire({ ...entryAt(versionOf(OURS)), expiresAtSeconds: undefined }, undefined, never);

      expect(await standing()).not.toHaveProperty('expiresAt');
    });

    test('removes the optional attributes that it does not set, and no attribute that is not ours', async () => {
      const foreign: StoredItem = { note: { S: 'keep' }, nested: { M: { list: { L: [{ N: '1' }, { NULL: true }] } } } };
      const ours: StoredItem = { fencingToken: { N: '7' }, data: { S: '{}' }, holderTrace: { S: 'of them' } };
      await fixture.put(itemAt(versionOf(THEIRS), { ...foreign, ...ours, leaseDuration: { N: '0' } }));

      await store.acquire(entryAt(versionOf(OURS)), undefined, never);

      const item = await standing();
      expect(item).toMatchObject(foreign);
      expect(item).not.toHaveProperty('fencingToken');
      expect(item).not.toHaveProperty('data');
      expect(item).not.toHaveProperty('holderTrace');
    });
  });

  describe('with fencing', () => {
    const fenced = (version: string, fencingToken = 1_000n): NewEntry => ({ ...entryAt(version), fencingToken });
    const token = async () => (await standing())?.['fencingToken'];
    const free = { leaseDuration: { N: '0' } };

    test('an acquire sets its token if there is none', async () => {
      expect(await store.acquire(fenced(versionOf(OURS)), undefined, never)).toMatchObject({ written: true });
      expect(await token()).toEqual({ N: '1000' });
    });

    test.each([
      ['7', 8n],
      ['7', 1_000n],
      ['-5', 0n],
      ['99999999999999999999999998', 99_999_999_999_999_999_999_999_999n],
      ['99999999999999999999999999999999999998', 10n ** 38n - 1n],
      ['99999999999999999999999999999999999999', 10n ** 38n],
    ])('an acquire sets one greater than %s: %p', async (before, after) => {
      await fixture.put(itemAt(versionOf(THEIRS), { ...free, fencingToken: { N: before } }));

      const answer = await store.acquire({ ...fenced(versionOf(OURS), after), data: '1' }, undefined, never);

      expect(answer).toMatchObject({ written: true });
      expect((await store.read(lockKey, 'strong', never)).entry?.fencingToken).toBe(after);
      expect(await standing()).toMatchObject({ data: { S: '1' } });
    });

    test.each(['1000', '1001', '99999999999999999999999999', '99999999999999999999999999999999999999'])(
      'an acquire and an adopt are refused if the token is %s: a token only rises',
      async (before) => {
        const entry = expect.objectContaining({ fencingToken: BigInt(before), version: versionOf(THEIRS) });
        await fixture.put(itemAt(versionOf(THEIRS), { ...free, fencingToken: { N: before } }));
        expect(await store.acquire(fenced(versionOf(OURS)), undefined, never)).toMatchObject({ written: false, entry });

        await fixture.put(itemAt(versionOf(THEIRS), { fencingToken: { N: before } }));
        const expired = versionOf(THEIRS);
        expect(await store.acquire(fenced(versionOf(OURS)), expired, never)).toMatchObject({ written: false, entry });
        expect(await store.adopt(fenced(versionOf(OURS)), expired, never)).toMatchObject({ written: false, entry });
        expect(await standing()).toEqual(itemAt(expired, { fencingToken: { N: before } }));
      },
    );

    test('a refused acquire changes nothing, and returns the token', async () => {
      await fixture.put(itemAt(versionOf(THEIRS), { fencingToken: { N: '7' } }));

      const answer = await store.acquire(fenced(versionOf(OURS)), undefined, never);

      expect(answer).toMatchObject({ written: false, entry: { fencingToken: 7n } });
      expect(await token()).toEqual({ N: '7' });
    });

    test('a takeover and an adopt set theirs too', async () => {
      await fixture.put(itemAt(PYTHONS, { fencingToken: { N: '7' } }));

      await store.acquire(fenced(versionOf(OURS), 8n), PYTHONS, never);
      expect(await token()).toEqual({ N: '8' });
      await store.adopt(fenced(versionOf(THEIRS), 9n), versionOf(OURS), never);
      expect(await token()).toEqual({ N: '9' });
    });

    test('a late copy of an acquire, when the lock is free again, is refused', async () => {
      const acquire = () => store.acquire(fenced(versionOf(OURS)), undefined, never);
      await acquire();
      const left = { lockKey, ours: OURS, version: versionOf(THEIRS), leaseSeconds: 0, expiresAtSeconds: EXPIRES };
      await store.leave(left, never);

      expect(await acquire()).toMatchObject({ written: false });
      expect(await standing()).toMatchObject({ versionNumber: { S: versionOf(THEIRS) }, ...free });
    });

    test.each([{ S: '7' }, { NULL: true }, { N: '1.5' }, { N: '1500.5' }, { N: String(10n ** 38n) }] as const)(
      'a token %p cannot be raised',
      async (broken) => {
        await fixture.put(itemAt(versionOf(THEIRS), { leaseDuration: { N: '0' }, fencingToken: broken }));

        const error = await store.acquire(fenced(versionOf(OURS)), undefined, never).catch((thrown: unknown) => thrown);

        expect(error).toBeInstanceOf(LockEntryError);
        expect(error).toMatchObject({ attribute: 'fencingToken', lockName: lockKey });
        expect(await store.acquire(entryAt(versionOf(OURS, 1)), versionOf(OURS), never)).toMatchObject({
          written: true,
        });
      },
    );
  });

  describe('adopt', () => {
    test('writes over exactly the version given', async () => {
      await fixture.put(itemAt(PYTHONS, { data: { S: '{}' }, fencingToken: { N: '7' }, note: { S: 'keep' } }));

      const answer = await store.adopt(entryAt(versionOf(OURS)), PYTHONS, never);

      expect(answer.written).toBe(true);
      expect(await standing()).toEqual({
        ...itemAt(versionOf(OURS)),
        hostIdentifier: { S: 'us' },
        expiresAt: { N: String(EXPIRES) },
        note: { S: 'keep' },
      });
    });

    test('does not write over a later version of the same hold', async () => {
      await fixture.put(itemAt(versionOf(THEIRS, 1)));

      const answer = await store.adopt(entryAt(versionOf(OURS)), versionOf(THEIRS), never);

      expect(answer).toMatchObject({ written: false, entry: { version: versionOf(THEIRS, 1) } });
    });

    test('does not write if there is no entry, or only a kept, free one', async () => {
      expect(await store.adopt(entryAt(versionOf(OURS)), versionOf(THEIRS), never)).toMatchObject({ written: false });
      expect(await standing()).toBeUndefined();

      await fixture.put(itemAt(versionOf(THEIRS, 1), { leaseDuration: { N: '0' } }));
      expect(await store.adopt(entryAt(versionOf(OURS)), versionOf(THEIRS), never)).toMatchObject({ written: false });
    });
  });

  test.each<[string, (entry: NewEntry) => Promise<WriteAnswer>]>([
    ['acquire', (entry) => store.acquire(entry, PYTHONS, never)],
    ['adopt', (entry) => store.adopt(entry, PYTHONS, never)],
  ])('%s writes its holder trace, and returns the one that it writes over', async (_operation, overwrite) => {
    await fixture.put(itemAt(PYTHONS, { holderTrace: { S: 'of them' } }));

    const { replaced } = await overwrite({ ...entryAt(versionOf(OURS)), holderTrace: 'of us' });

    expect(replaced).toEqual({ version: PYTHONS, leaseSeconds: 10, hostIdentifier: 'them', holderTrace: 'of them' });
    expect(await standing()).toMatchObject({ holderTrace: { S: 'of us' } });
  });

  describe('refresh', () => {
    const refreshTo = (version: string, expiresAtSeconds: number | undefined = EXPIRES) =>
      store.refresh({ lockKey, holdId: OURS, version, expiresAtSeconds }, never);

    test('moves version and expiry forwards, and nothing else', async () => {
      const rest: StoredItem = { note: { S: 'keep' }, data: { S: '{}' }, fencingToken: { N: '7' } };
      await fixture.put(itemAt(versionOf(OURS), rest));

      expect(await refreshTo(versionOf(OURS, 1))).toMatchObject({ written: true });

      expect(await standing()).toEqual(itemAt(versionOf(OURS, 1), { ...rest, expiresAt: { N: String(EXPIRES) } }));
    });

    test('replaces the note only if it writes', async () => {
      await fixture.put(itemAt(versionOf(OURS), { data: { S: '"before"' } }));
      const to = (version: string, data: string) =>
        store.refresh({ lockKey, holdId: OURS, version, expiresAtSeconds: EXPIRES, data }, never);

      expect(await to(versionOf(OURS, 2), '"after"')).toMatchObject({ written: true });
      expect(await to(versionOf(OURS, 1), '"late"')).toMatchObject({ written: false, entry: { data: '"after"' } });

      expect(await standing()).toMatchObject({ data: { S: '"after"' } });
    });

    test('of a hold with a fencing token needs that token', async () => {
      const to = (version: string, fencingToken: bigint) =>
        store.refresh({ lockKey, holdId: OURS, version, expiresAtSeconds: EXPIRES, fencingToken }, never);
      const token = 2n ** 53n + 1n;
      await fixture.put(itemAt(versionOf(OURS), { fencingToken: { N: String(token) } }));

      expect(await to(versionOf(OURS, 1), token - 1n)).toMatchObject({
        written: false,
        entry: { fencingToken: token },
      });
      expect(await to(versionOf(OURS, 1), token + 1n)).toMatchObject({
        written: false,
        entry: { fencingToken: token },
      });
      expect(await standing()).toMatchObject({ versionNumber: { S: versionOf(OURS) } });
      expect(await to(versionOf(OURS, 1), token)).toMatchObject({ written: true });

      expect(await standing()).toMatchObject({
        versionNumber: { S: versionOf(OURS, 1) },
        fencingToken: { N: String(token) },
      });
    });

    test('without an expiry removes it', async () => {
      await fixture.put(itemAt(versionOf(OURS), { expiresAt: { N: '1' } }));

      expect(
        await store.refresh({ lockKey, holdId: OURS, version: versionOf(OURS, 1), expiresAtSeconds: undefined }, never),
      ).toMatchObject({ written: true });

      expect(await standing()).toEqual(itemAt(versionOf(OURS, 1)));
    });

    test('does not restore an earlier version: a late copy changes nothing', async () => {
      await fixture.put(itemAt(versionOf(OURS, 5)));

      expect(await refreshTo(versionOf(OURS, 4))).toMatchObject({
        written: false,
        entry: { version: versionOf(OURS, 5) },
      });
      expect(await refreshTo(versionOf(OURS, 5))).toMatchObject({
        written: false,
        entry: { version: versionOf(OURS, 5) },
      });
      expect(await standing()).toEqual(itemAt(versionOf(OURS, 5)));
    });

    test('moves from a plain stamp to one with the top bit, and not back', async () => {
      const withTopBit = formatVersion({ stampMs: STAMP - 5000, timed: false, holdId: OURS });
      await fixture.put(itemAt(versionOf(OURS)));

      expect(await refreshTo(withTopBit)).toMatchObject({ written: true });
      expect(await refreshTo(versionOf(OURS, 9))).toMatchObject({ written: false });
    });

    test('does not change another’s entry, and returns it', async () => {
      await fixture.put(itemAt(PYTHONS));

      expect(await refreshTo(versionOf(OURS, 1))).toMatchObject({ written: false, entry: theirEntry() });
      expect(await standing()).toEqual(itemAt(PYTHONS));
    });

    test('does not create an entry', async () => {
      const answer = await refreshTo(versionOf(OURS, 1));

      expect(answer.written).toBe(false);
      expect(answer.entry).toBeUndefined();
      expect(await standing()).toBeUndefined();
    });
  });

  describe('release', () => {
    test.each([0, 1, 60_000])('deletes its hold’s entry with any version', async (afterMs) => {
      await fixture.put(itemAt(versionOf(OURS, afterMs), { note: { S: 'gone too' } }));

      expect(await store.release(lockKey, OURS, never)).toMatchObject({ written: true });
      expect(await standing()).toBeUndefined();
    });

    test.each([PYTHONS, versionOf(THEIRS)])('leaves the entry of %s alone', async (version) => {
      await fixture.put(itemAt(version));

      expect(await store.release(lockKey, OURS, never)).toMatchObject({ written: false });
      expect(await standing()).toEqual(itemAt(version));
    });

    test('without an entry is no error', async () => {
      expect(await store.release(lockKey, OURS, never)).toMatchObject({ written: false });
    });
  });

  describe('leave', () => {
    const left = (change: Partial<LeftEntry> = {}): LeftEntry => ({
      lockKey,
      ours: OURS,
      version: versionOf(THEIRS, 7),
      leaseSeconds: 60,
      expiresAtSeconds: EXPIRES + 1,
      ...change,
    });

    test.each([0, 60])('replaces its hold’s entry with a tombstone of lease %d s', async (leaseSeconds) => {
      const rest: StoredItem = { note: { S: 'keep' }, data: { S: '1' }, fencingToken: { N: '7' } };
      await fixture.put(itemAt(versionOf(OURS, 5), rest));

      expect(await store.leave(left({ leaseSeconds }), never)).toMatchObject({ written: true });

      const changed: StoredItem = { leaseDuration: { N: String(leaseSeconds) }, expiresAt: { N: String(EXPIRES + 1) } };
      expect(await standing()).toEqual(itemAt(versionOf(THEIRS, 7), { ...rest, ...changed }));
    });

    test('shows another host in place of the holder, if one is given', async () => {
      await fixture.put(itemAt(versionOf(OURS)));

      expect(await store.leave(left({ hostIdentifier: 'broken by us' }), never)).toMatchObject({ written: true });

      expect(await standing()).toMatchObject({ hostIdentifier: { S: 'broken by us' }, leaseDuration: { N: '60' } });
    });

    test('with a note, replaces the one that stands', async () => {
      await fixture.put(itemAt(versionOf(OURS), { data: { S: '1' } }));

      expect(await store.leave(left({ data: '{"a":2}' }), never)).toMatchObject({ written: true });

      expect(await standing()).toMatchObject({ data: { S: '{"a":2}' } });
    });

    test('may name a whole version, and then replaces only that', async () => {
      await fixture.put(itemAt(PYTHONS));

      expect(await store.leave(left({ ours: PYTHONS }), never)).toMatchObject({ written: true });

      const after = await store.leave(left({ ours: PYTHONS }), never);
      expect(after).toMatchObject({ written: false, entry: { version: versionOf(THEIRS, 7), leaseSeconds: 60 } });
    });

    test('does not change another’s entry, and returns it: a late copy finds the tombstone', async () => {
      await fixture.put(itemAt(versionOf(THEIRS)));

      expect(await store.leave(left(), never)).toMatchObject({ written: false, entry: theirEntry() });
      expect(await standing()).toEqual(itemAt(versionOf(THEIRS)));
    });

    test('creates nothing', async () => {
      const answer = await store.leave(left(), never);

      expect(answer.written).toBe(false);
      expect(answer.entry).toBeUndefined();
      expect(await standing()).toBeUndefined();
    });

    test('its tombstone is free, or can be taken over like any other entry', async () => {
      await fixture.put(itemAt(versionOf(OURS)));
      await store.leave(left(), never);
      const acquire = (expired?: string) => store.acquire(entryAt(versionOf(OURS, 9)), expired, never);
      expect(await acquire()).toMatchObject({ written: false });
      expect(await acquire(versionOf(THEIRS, 7))).toMatchObject({ written: true });

      await store.leave(left({ leaseSeconds: 0 }), never);
      expect(await acquire()).toMatchObject({ written: true });
    });
  });

  describe('read', () => {
    test('shows the note as it stands, whoever wrote it', async () => {
      await fixture.put(itemAt(PYTHONS, { data: { S: 'no {JSON' } }));
      expect((await store.read(lockKey, 'strong', never)).entry).toMatchObject({ data: 'no {JSON' });

      await fixture.put(itemAt(PYTHONS, { data: { N: '1' } }));
      expect((await store.read(lockKey, 'strong', never)).entry).not.toHaveProperty('data');
    });

    test.each(['eventual', 'strong'] as const)('shows the entry, with %s consistency', async (consistency) => {
      await fixture.put(itemAt(PYTHONS, { leaseDuration: { N: '2.5' }, note: { S: 'passed over' } }));

      const { entry } = await store.read(lockKey, consistency, never);

      expect(entry).toEqual({ lockKey, leaseSeconds: 2.5, version: PYTHONS, hostIdentifier: 'them' });
    });

    test('shows no entry if there is none', async () => {
      const { entry } = await store.read(lockKey, 'strong', never);

      expect(entry).toBeUndefined();
    });
  });

  describe('readMany', () => {
    test.each(['eventual', 'strong'] as const)(
      'shows each entry, or that there is none, with %s consistency',
      async (consistency) => {
        const [other, absent] = [`${lockKey}/other`, `${lockKey}/absent`];
        await fixture.put(itemAt(PYTHONS, { leaseDuration: { N: '2.5' }, note: { S: 'passed over' } }));
        await fixture.put({ ...itemAt(versionOf(OURS)), lockKey: { S: other } });
        await fixture.put({ ...itemAt(versionOf(OURS)), lockKey: { S: `${lockKey}/not requested` } });

        const { entries } = await store.readMany([absent, lockKey, other], consistency, never);

        expect([...entries]).toEqual([
          [absent, undefined],
          [lockKey, { lockKey, leaseSeconds: 2.5, version: PYTHONS, hostIdentifier: 'them' }],
          [other, { lockKey: other, leaseSeconds: 10, version: versionOf(OURS), hostIdentifier: 'them' }],
        ]);
      },
    );

    test('takes 100 at once', async () => {
      const names = Array.from({ length: 100 }, (_, index) => `${lockKey}/${index}`);

      const { entries } = await store.readMany(names, 'strong', never);

      expect([...entries.keys()]).toEqual(names);
    });
  });

  describe('list', () => {
    const all = async (prefix: string) => {
      const entries: LockEntry[] = [];
      const malformed: LockEntryError[] = [];
      let pages = 0;
      for (let after: string | undefined; pages === 0 || after !== undefined; pages += 1) {
        const answer = await store.list({ prefix, after }, never);
        entries.push(...answer.entries);
        malformed.push(...answer.malformed);
        after = answer.next;
      }
      return { entries, malformed, pages };
    };

    test('shows the entries whose names begin with the prefix, and no others', async () => {
      const other = `${lockKey}/other`;
      await fixture.put(itemAt(PYTHONS, { leaseDuration: { N: '2.5' }, note: { S: 'passed over' } }));
      await fixture.put({ ...itemAt(versionOf(THEIRS)), lockKey: { S: other } });
      await fixture.put({ ...itemAt(versionOf(THEIRS)), lockKey: { S: `not ${lockKey}` } });

      const { entries } = await all(lockKey);

      expect(new Set(entries.map((entry) => entry.lockKey))).toEqual(new Set([lockKey, other]));
      expect(entries.find((entry) => entry.lockKey === lockKey)).toEqual({
        lockKey,
        leaseSeconds: 2.5,
        version: PYTHONS,
        hostIdentifier: 'them',
      });
    });

    test('reports items that are no entries apart', async () => {
      await fixture.put(itemAt(PYTHONS, { hostIdentifier: { N: '1' } }));

      expect(await all(lockKey)).toMatchObject({
        entries: [],
        malformed: [{ name: 'LockEntryError', attribute: 'hostIdentifier', lockName: lockKey }],
      });
    });

    test('goes through all pages of a large table', async () => {
      const keys = Array.from({ length: 1100 }, (_, index) => `${lockKey}/${index}`);
      const put = (key: string) => fixture.put({ ...itemAt(versionOf(THEIRS)), lockKey: { S: key } });
      for (let from = 0; from < keys.length; from += 50) await Promise.all(keys.slice(from, from + 50).map(put));

      const { entries, pages } = await all(lockKey);

      expect(new Set(entries.map((entry) => entry.lockKey))).toEqual(new Set(keys));
      expect(entries).toHaveLength(keys.length);
      if (store instanceof DynamoDBStore) expect(pages).toBeGreaterThan(2);
    }, 300_000);
  });

  test('every answer has the store’s own time, to the second', async () => {
    const holder = versionOf(THEIRS);
    const answers = [
      await store.readMany([lockKey], 'strong', never),
      await store.read(lockKey, 'strong', never),
      await store.list({ prefix: lockKey, after: undefined }, never),
      await store.acquire(entryAt(versionOf(OURS)), undefined, never),
      await store.acquire(entryAt(holder), undefined, never),
      await store.adopt(entryAt(holder), holder, never),
      await store.refresh({ lockKey, holdId: OURS, version: versionOf(OURS, 1), expiresAtSeconds: 1 }, never),
      await store.refresh({ lockKey, holdId: THEIRS, version: holder, expiresAtSeconds: 1 }, never),
      await store.leave({ lockKey, ours: THEIRS, version: holder, leaseSeconds: 0, expiresAtSeconds: 1 }, never),
      await store.release(lockKey, THEIRS, never),
      await store.release(lockKey, OURS, never),
    ];

    for (const { dateMs = Number.NaN } of answers) {
      expect(dateMs % 1000).toBe(0);
      expect(Math.abs(dateMs - Date.now())).toBeLessThan(60_000);
    }
  });

  describe('an item that is no lock’s entry', () => {
    const broken: readonly (readonly [what: string, attribute: string, change: StoredItem])[] = [
      ['has a version that is a number', 'versionNumber', { versionNumber: { N: '1' } }],
      ['has a version that is a set', 'versionNumber', { versionNumber: { SS: [versionOf(OURS)] } }],
      ['has a lease that is a text', 'leaseDuration', { leaseDuration: { S: '10' } }],
      ['has a lease that is null', 'leaseDuration', { leaseDuration: { NULL: true } }],
      ['has a host that is a list', 'hostIdentifier', { hostIdentifier: { L: [] } }],
      [
        'is free, with a host that is a number',
        'hostIdentifier',
        { leaseDuration: { N: '0' }, hostIdentifier: { N: '1' } },
      ],
      [
        'is free, with a version that is binary',
        'versionNumber',
        { leaseDuration: { N: '0' }, versionNumber: { B: Uint8Array.of(1) } },
      ],
    ];
    const without = (attribute: string, leaseDuration: string): StoredItem => {
      const { [attribute]: _gone, ...rest } = itemAt(versionOf(THEIRS), { leaseDuration: { N: leaseDuration } });
      return rest;
    };

    const refuses = async (attribute: string): Promise<void> => {
      const before = await standing();
      const attempts = [
        () => store.acquire(entryAt(versionOf(OURS)), undefined, never),
        () => store.acquire(entryAt(versionOf(OURS)), PYTHONS, never),
        () => store.adopt(entryAt(versionOf(OURS)), PYTHONS, never),
        () => store.refresh({ lockKey, holdId: OURS, version: versionOf(OURS, 1), expiresAtSeconds: 1 }, never),
        () => store.leave({ lockKey, ours: OURS, version: PYTHONS, leaseSeconds: 0, expiresAtSeconds: 1 }, never),
        () => store.read(lockKey, 'strong', never),
        () => store.readMany([`${lockKey}/other`, lockKey], 'strong', never),
      ];
      for (const attempt of attempts) {
        const error = await attempt().catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(LockEntryError);
        expect(error).toMatchObject({ attribute, lockName: lockKey, tableName: store.tableName });
        expect(String(error)).toContain(JSON.stringify(lockKey));
        expect(String(error)).toContain(`"${store.tableName}"`);
        expect(String(error)).toContain(`"${attribute}"`);
      }
      expect(await standing()).toEqual(before);
    };

    test.each(broken)('is never written over if it %s', async (_what, attribute, change) => {
      await fixture.put(itemAt(versionOf(THEIRS), change));

      await refuses(attribute);
    });

    test.each([
      ['versionNumber', '10'],
      ['versionNumber', '0'],
      ['hostIdentifier', '10'],
      ['hostIdentifier', '0'],
      ['leaseDuration', '10'],
    ])('is never written over if it lacks %s (lease %s)', async (attribute, lease) => {
      await fixture.put(without(attribute, lease));

      await refuses(attribute);
    });
  });

  test('its identity is stable, and names the table', async () => {
    expect(await store.identify('a')).toBe(await store.identify('a'));
    expect(await store.identify('a')).toContain(store.tableName);
  });
};
