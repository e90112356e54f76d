import fc from 'fast-check';
import { LockEntryError } from '../../../runtime/errors.js';
import {
  entriesFromItems,
  entryFromItem,
  fencingTokenOf,
  type Item,
  itemFromEntry,
  numberIn,
  replacedIn,
  textIn,
} from '../../../runtime/store/item.js';

const place = { lockName: 'nightly "import"', tableName: 'locks' };
const whole: Item = {
  lockKey: { S: 'nightly "import"' },
  leaseDuration: { N: '10' },
  versionNumber: { S: 'v1' },
  hostIdentifier: { S: 'them' },
};

function outcomeOf(item: Item): unknown {
  try {
    return entryFromItem(item, place);
  } catch (error) {
    return error;
  }
}

test('an entry has the four attributes of lynk', () => {
  expect(entryFromItem(whole, place)).toStrictEqual({
    lockKey: 'nightly "import"',
    leaseSeconds: 10,
    version: 'v1',
    hostIdentifier: 'them',
  });
});

test('other attributes are ignored, and so is an expiry that is no number', () => {
  const more = { ...whole, note: { S: 'x' }, expiresAt: { S: 'soon' }, fencingToken: { BOOL: true } };

  expect(entryFromItem(more, place)).toEqual(entryFromItem(whole, place));
  expect(entryFromItem({ ...whole, expiresAt: { N: '17' } }, place)).toHaveProperty('expiresAtSeconds', 17);
});

test('a note and a fencing token are read if they have the right types', () => {
  const more = { data: { S: '{"a":1}' }, fencingToken: { N: '9007199254740993' } };
  expect(entryFromItem({ ...whole, ...more }, place)).toMatchObject({
    data: '{"a":1}',
    fencingToken: 9007199254740993n,
  });
  const strange = { data: { N: '1' }, fencingToken: { N: '1.5' } };
  expect(entryFromItem({ ...whole, ...strange }, place)).toStrictEqual(entryFromItem(whole, place));
});

test.each(['lockKey', 'leaseDuration', 'versionNumber', 'hostIdentifier'])(
  'an item without %s gives an error that names lock, table, attribute and what to do',
  (attribute) => {
    const { [attribute]: _gone, ...rest } = whole;

    expect(outcomeOf(rest)).toBeInstanceOf(LockEntryError);
    expect(outcomeOf(rest)).toMatchObject({ name: 'LockEntryError', attribute, ...place });
    expect(String(outcomeOf(rest))).toMatch(
      `lock "nightly \\"import\\"" in table "locks": the attribute "${attribute}" of its entry is missing`,
    );
    expect(String(outcomeOf(rest))).toContain('repair or delete it');
  },
);

test('an attribute of another type gives an error that names both types', () => {
  expect(String(outcomeOf({ ...whole, leaseDuration: { S: '10' } }))).toContain('is of type S, expected a number');
  expect(String(outcomeOf({ ...whole, versionNumber: { NULL: true } }))).toContain(
    'is of type NULL, expected a string',
  );
});

test.each<[unknown, string]>([
  ['raw', 'string'],
  [null, 'object'],
  [{}, 'object'],
  [{ S: 7, N: '7' }, 'S,N'],
  [{ 'a type with a name that has no end': 1 }, 'a type with a name t'],
])('an attribute that reads %j is shown as of type %s', (value, type) => {
  expect(String(outcomeOf({ ...whole, hostIdentifier: value }))).toContain(`is of type ${type}, expected a string`);
});

test('what was written over is reported if its item was an entry', () => {
  const replaced = { version: 'v1', hostIdentifier: 'them', leaseSeconds: 10 };
  expect(replacedIn(whole)).toStrictEqual(replaced);
  expect(replacedIn({ ...whole, holderTrace: { S: 'a trace' } })).toStrictEqual({
    ...replaced,
    holderTrace: 'a trace',
  });
  expect(replacedIn(undefined)).toBeUndefined();
  for (const attribute of ['leaseDuration', 'versionNumber', 'hostIdentifier']) {
    expect(replacedIn({ ...whole, [attribute]: { NULL: true } })).toBeUndefined();
  }
});

test('an entry of ours is read back as it was written', () => {
  const entries = fc.record({
    lockKey: fc.string({ minLength: 1 }),
    leaseSeconds: fc.integer({ min: 1, max: 86_400 }),
    version: fc.uuid(),
    hostIdentifier: fc.string({ minLength: 1 }),
    expiresAtSeconds: fc.nat(),
  });
  fc.assert(fc.property(entries, (entry) => expect(entryFromItem(itemFromEntry(entry), place)).toEqual(entry)));
});

test('an entry of ours has a note and a holder trace if they are given', () => {
  const entry = { lockKey: 'a', leaseSeconds: 10, version: 'v1', hostIdentifier: 'us', expiresAtSeconds: 17 };
  const item = {
    lockKey: { S: 'a' },
    leaseDuration: { N: '10' },
    versionNumber: { S: 'v1' },
    hostIdentifier: { S: 'us' },
    expiresAt: { N: '17' },
  };

  expect(itemFromEntry(entry)).toStrictEqual(item);
  expect(itemFromEntry({ ...entry, data: '1' })).toStrictEqual({ ...item, data: { S: '1' } });
  const holderTrace = { S: 'a trace' };
  expect(itemFromEntry({ ...entry, holderTrace: 'a trace' })).toStrictEqual({ ...item, holderTrace });
});

test('an entry of ours has a fencing token, exact to its last digit, and an expiry', () => {
  const entry = { lockKey: 'a', leaseSeconds: 10, version: 'v1', hostIdentifier: 'us', expiresAtSeconds: undefined };

  expect(itemFromEntry(entry)).not.toHaveProperty('expiresAt');
  expect(itemFromEntry(entry)).not.toHaveProperty('fencingToken');
  expect(itemFromEntry({ ...entry, fencingToken: 9007199254740993n })).toHaveProperty('fencingToken', {
    N: '9007199254740993',
  });
});

test('a fencing token that cannot be raised is refused by name', () => {
  expect(fencingTokenOf(undefined, place)).toBeUndefined();
  expect(fencingTokenOf(whole, place)).toBeUndefined();
  expect(fencingTokenOf({ fencingToken: { N: '-12' } }, place)).toBe(-12n);
  for (const bad of [{ N: '1.5' }, { N: 'x1' }, { N: '1x' }, { N: '' }, { N: 1 }, { S: '1' }, null]) {
    expect(() => fencingTokenOf({ fencingToken: bad }, place)).toThrow(
      /"fencingToken" .*expected a whole number; the entry is left as it is: repair or delete it$/,
    );
    expect(() => fencingTokenOf({ fencingToken: bad }, place, 'it was not')).toThrow(
      /expected a whole number; it was not: repair or delete it$/,
    );
  }
});

test('a fencing token that cannot rise is refused, and the error names the limit', () => {
  const most = 10n ** 38n;

  expect(fencingTokenOf({ fencingToken: { N: `${most - 1n}` } }, place)).toBe(most - 1n);
  for (const tooMuch of [most, most + 1n]) {
    expect(() => fencingTokenOf({ fencingToken: { N: `${tooMuch}` } }, place)).toThrow(
      /expected a whole number of at most 38 digits; the entry is left as it is: repair or delete it$/,
    );
  }
});

test('items that are no entries are reported apart, by name', () => {
  const { entries, malformed } = entriesFromItems([whole, {}, { ...whole, leaseDuration: { S: 'x' } }], 'locks');

  expect(entries).toEqual([entryFromItem(whole, place)]);
  expect(malformed).toMatchObject([
    { attribute: 'lockKey', lockName: '', tableName: 'locks' },
    { attribute: 'leaseDuration', ...place },
  ]);
  const broken = new Proxy(whole, {
    get: () => {
      throw new Error('broken');
    },
  });
  expect(() => entriesFromItems([broken], 'locks')).toThrow('broken');
});

test('any attribute map gives an entry or a LockEntryError, never another exception', () => {
  const value = fc.oneof(
    fc.anything({ withBigInt: true, withNullPrototype: true, withObjectString: true, withTypedArray: true }),
    fc.record({ S: fc.oneof(fc.string(), fc.anything()) }),
    fc.record({ N: fc.oneof(fc.string(), fc.double().map(String), fc.anything()) }),
    fc.constantFrom({ NULL: true }, { BOOL: false }, { SS: ['a'] }, { L: [] }, { M: {} }, { B: new Uint8Array(2) }),
  );
  const items = fc.oneof(
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom(...Object.keys(whole), 'expiresAt')), value),
    fc.record(
      { lockKey: value, leaseDuration: value, versionNumber: value, hostIdentifier: value },
      { requiredKeys: [] },
    ),
    fc.record({ leaseDuration: value, expiresAt: value }).map((some) => ({ ...whole, ...some })),
  );
  fc.assert(
    fc.property(items, (item) => {
      const outcome = outcomeOf(item as Item);

      if (outcome instanceof LockEntryError) {
        expect(outcome).toMatchObject(place);
        expect(outcome.message.length).toBeLessThan(300);
      } else {
        expect(outcome).toEqual({
          ...{ lockKey: expect.any(String), version: expect.any(String), hostIdentifier: expect.any(String) },
          leaseSeconds: expect.any(Number),
          ...(Object.hasOwn(outcome as object, 'expiresAtSeconds') && { expiresAtSeconds: expect.any(Number) }),
        });
        expect((outcome as { leaseSeconds: number }).leaseSeconds).not.toBeNaN();
      }
    }),
    { numRuns: 1000 },
  );
});

test('a number is sent as text', () => {
  expect(['10', '0', '-1.5', '1E+2'].map((N) => numberIn({ N }))).toEqual([10, 0, -1.5, 100]);
  expect([{ N: '' }, { N: ' ' }, { N: 'ten' }, { N: 'Infinity' }, { N: 10 }, { S: '10' }, null].map(numberIn)).toEqual(
    Array.from({ length: 7 }),
  );
});

test('only type S is a text', () => {
  expect([{ S: 'a' }, { S: '' }].map(textIn)).toEqual(['a', '']);
  expect([{ N: '1' }, { S: 1 }, 'a', null, undefined].map(textIn)).toEqual(Array.from({ length: 5 }));
});
