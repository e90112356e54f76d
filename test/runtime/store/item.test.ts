import fc from 'fast-check';
import { LockEntryError } from '../../../runtime/errors.js';
import { entryFromItem, type Item, itemFromEntry, numberIn, replacedIn, textIn } from '../../../runtime/store/item.js';

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

test('an entry is made of the four attributes of lynk', () => {
  expect(entryFromItem(whole, place)).toStrictEqual({
    lockKey: 'nightly "import"',
    leaseSeconds: 10,
    version: 'v1',
    hostIdentifier: 'them',
  });
});

test('what else the item has is passed over, and a strange expiry too', () => {
  const more = { ...whole, note: { S: 'x' }, expiresAt: { S: 'soon' }, fencingToken: { BOOL: true } };

  expect(entryFromItem(more, place)).toEqual(entryFromItem(whole, place));
  expect(entryFromItem({ ...whole, expiresAt: { N: '17' } }, place)).toHaveProperty('expiresAtSeconds', 17);
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

test('what was written over is told where its item was an entry', () => {
  expect(replacedIn(whole)).toEqual({ version: 'v1', hostIdentifier: 'them', leaseSeconds: 10 });
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

test('a number travels as text', () => {
  expect(['10', '0', '-1.5', '1E+2'].map((N) => numberIn({ N }))).toEqual([10, 0, -1.5, 100]);
  expect([{ N: '' }, { N: ' ' }, { N: 'ten' }, { N: 'Infinity' }, { N: 10 }, { S: '10' }, null].map(numberIn)).toEqual(
    Array.from({ length: 7 }),
  );
});

test('a text is one only as type S', () => {
  expect([{ S: 'a' }, { S: '' }].map(textIn)).toEqual(['a', '']);
  expect([{ N: '1' }, { S: 1 }, 'a', null, undefined].map(textIn)).toEqual(Array.from({ length: 5 }));
});
