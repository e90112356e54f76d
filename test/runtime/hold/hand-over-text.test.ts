import fc from 'fast-check';
import { CannotDeserializeError } from '../../../runtime/errors.js';
import { handOverText, parseHandOver } from '../../../runtime/hold/hand-over-text.js';
import { createTestLocks } from '../../../runtime/testing/index.js';
import { anyText } from '../protocol/arbitraries.js';

const VERSION = '0192f3a1-7c44-8b1e-9c4d-5f6a7b8c9d0e';

test('is spelled as the Python package spells it', () => {
  expect(JSON.parse(handOverText('a', VERSION))).toEqual({
    __version: 'Lock.1',
    name: 'a',
    technique: `{"__version":"VersionLeaseTechinque.1","versions":{"a":"${VERSION}"}}`,
  });
});

test('says what it was made of, whatever the lock’s name', () => {
  const names = fc.oneof(
    anyText({ minLength: 1 }),
    fc.constantFrom('__proto__', 'constructor', 'versions', '"', '\\', '\u0000'),
  );
  fc.assert(
    fc.property(names, fc.uuid(), (lockName, version) => {
      expect(parseHandOver(handOverText(lockName, version))).toEqual({ lockName, version });
    }),
  );
});

const LONG = 'x'.repeat(100_000);
const NESTED = '['.repeat(20_000) + ']'.repeat(20_000);
/** Stands for lists in lists, which `JSON.stringify` cannot write so deep. */
const DEEP = '\u0000deep';
const json = (value: unknown): string => JSON.stringify(value)?.replaceAll(JSON.stringify(DEEP), NESTED);

const technique = (change: object): string => JSON.stringify({ __version: 'VersionLeaseTechinque.1', ...change });
const text = (change: object): string =>
  JSON.stringify({ __version: 'Lock.1', name: 'a', technique: technique({ versions: { a: VERSION } }), ...change });

test.each<[string, unknown, RegExp]>([
  ['is missing', undefined, /is a string, got undefined/],
  ['is null', null, /got null/],
  ['is an object', { __version: 'Lock.1' }, /is a string, got object/],
  ['is empty', '', /is not JSON/],
  ['is not JSON', 'Lock.1', /is not JSON/],
  ['is a list', '[]', /is not a JSON object/],
  ['is of another version', text({ __version: 'Lock.2' }), /"__version" is "Lock\.2", expected "Lock\.1"/],
  ['has no version', text({ __version: undefined }), /"__version" is undefined/],
  ['has no name', text({ name: undefined }), /no lock's "name"/],
  ['has an empty name', text({ name: '' }), /no lock's "name"/],
  ['has a name that is too long', text({ name: LONG }), /no lock's "name": .* at most 2048 UTF-8 bytes, got 100000/],
  ['has a name that is no Unicode', text({ name: '\uD800' }), /no lock's "name": .* well-formed Unicode/],
  ['is of a version without end', text({ __version: LONG }), /"__version" is "x{40}…", expected/],
  ['is of a version that is a list', `{"__version":${NESTED}}`, /"__version" is an array, expected/],
  [
    'has a version that no client writes',
    text({ technique: technique({ versions: { a: LONG } }) }),
    /a version of its lock that no client writes/,
  ],
  ['has a name that is a number', text({ name: 7 }), /no lock's "name"/],
  ['has no technique', text({ technique: undefined }), /no "technique"/],
  ['has a technique that is an object', text({ technique: {} }), /no "technique"/],
  ['has a technique that is not JSON', text({ technique: '{' }), /"technique" is not JSON/],
  [
    'has another technique',
    text({ technique: technique({ __version: 'Other.1' }) }),
    /"Other\.1", expected "VersionLeaseTechinque\.1"/,
  ],
  ['has no versions', text({ technique: technique({}) }), /names no version of its lock/],
  ['has the version of another lock', text({ technique: technique({ versions: { b: VERSION } }) }), /names no version/],
  ['has a version that is null', text({ technique: technique({ versions: { a: null } }) }), /names no version/],
  [
    'names what every object has',
    text({ name: 'toString', technique: technique({ versions: {} }) }),
    /names no version/,
  ],
])('a text that %s is refused', (_, given, why) => {
  const parse = () => parseHandOver(given);

  expect(parse).toThrow(CannotDeserializeError);
  expect(parse).toThrow(why);
});

test('an error never quotes the version: whoever has it has the lock', () => {
  const almost = text({ technique: technique({ __version: 'Other.1', versions: { a: VERSION } }) });

  expect(() => parseHandOver(almost)).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining(VERSION) }),
  );
});

test('any text gives a hand-over or a CannotDeserializeError, never another exception', () => {
  const formats = fc.oneof(
    fc.constantFrom('Lock.1', 'VersionLeaseTechinque.1', 'x'),
    fc.constantFrom<unknown>(LONG, DEEP, { a: DEEP }, null, 7),
  );
  const names = fc.oneof(fc.constantFrom('a', 'a', '', LONG, '\uD800'), fc.string());
  const versions = fc.oneof(fc.constantFrom<unknown>(VERSION, LONG, DEEP, '\uDC00', ''), fc.string());
  const techniques = fc.record(
    {
      __version: formats,
      versions: fc.oneof(fc.jsonValue(), fc.dictionary(names, versions)),
    },
    { requiredKeys: [] },
  );
  const almost = fc.record(
    {
      __version: formats,
      name: fc.oneof(names, fc.jsonValue()),
      technique: fc.oneof(
        techniques.map(json),
        fc.constantFrom(NESTED, '{"a":'.repeat(30_000)),
        fc.json(),
        fc.string(),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  );
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc.anything(),
    fc.constantFrom(NESTED, `{"__version":${NESTED}}`, LONG),
    almost.map(json),
  );
  fc.assert(
    fc.property(texts, (given) => {
      let outcome: unknown;
      try {
        outcome = parseHandOver(given);
      } catch (error) {
        outcome = error;
      }

      if (outcome instanceof Error) expect(outcome.message.length).toBeLessThan(500);
      expect(outcome instanceof CannotDeserializeError || Object.keys(outcome as object).join()).toEqual(
        outcome instanceof CannotDeserializeError ? true : 'lockName,version',
      );
    }),
    { numRuns: 1000 },
  );
});

test('and so does deserializeLock: a text that could be one is asked for, and has been used', async () => {
  const locks = createTestLocks({ time: 'virtual', logger: { warn: () => {}, debug: () => {} } });
  const names = fc.constantFrom('a', 'x'.repeat(2048), 'x'.repeat(2049), 'é'.repeat(1025), '\uD800', '\u0000');
  const versions = fc.constantFrom(VERSION, 'x', LONG, '\uDC00');
  await fc.assert(
    fc.asyncProperty(names, versions, async (name, version) => {
      const given = text({ name, technique: technique({ versions: { [name]: version } }) });
      const error = await locks.time.until(locks.deserializeLock(given)).catch((failure: unknown) => failure);

      expect((error as Error).name).toMatch(/^(CannotDeserializeError|LockLostError)$/);
    }),
  );
});
