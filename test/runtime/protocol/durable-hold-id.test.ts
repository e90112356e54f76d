import fc from 'fast-check';
import {
  acquisitionFrom,
  claimHoldId,
  claimIn,
  evictedHoldId,
  ordinalPrefix,
} from '../../../runtime/protocol/durable-hold-id.js';
import { formatVersion, holdIdFrom, parseVersion, STAMP_LIMIT_MS } from '../../../runtime/protocol/version.js';

const RANDOM = holdIdFrom(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
const ACQUISITION = acquisitionFrom(RANDOM);
const holdIds = fc.uint8Array({ minLength: 10, maxLength: 10 }).map((bytes) => holdIdFrom(bytes));
const ordinals = fc.integer({ min: 0, max: 0xfff });
const stamps = fc.integer({ min: 0, max: STAMP_LIMIT_MS - 1 });

test('its parts: the acquisition, three digits of the ordinal, four of the tail', () => {
  expect(RANDOM).toBe('8102-8304-05060708090a');
  expect(ACQUISITION).toBe('8102-8304-05060');
  expect(ordinalPrefix(ACQUISITION, 0)).toBe('8102-8304-05060000');
  expect(ordinalPrefix(ACQUISITION, 0xabc)).toBe('8102-8304-05060abc');
  expect(claimHoldId(ACQUISITION, 2, RANDOM)).toBe('8102-8304-05060002090a');
  expect(evictedHoldId(ACQUISITION, 2)).toBe('8102-8304-050600020000');
});

test('a tail that happens to be zeros is not taken for that of an evicted entry', () => {
  const unlucky = `${RANDOM.slice(0, 18)}0000`;

  expect(claimHoldId(ACQUISITION, 2, unlucky)).toBe('8102-8304-050600020001');
});

test('there is no ordinal after the last: it would be that of another acquisition', () => {
  expect(ordinalPrefix(ACQUISITION, 4095)).toBe('8102-8304-05060fff');
  expect(() => ordinalPrefix(ACQUISITION, 4096)).toThrow(new RangeError('an acquisition has 4095 ordinals, got 4096'));
});

test('a version of the acquisition is taken apart again', () => {
  fc.assert(
    fc.property(holdIds, holdIds, ordinals, stamps, fc.boolean(), (first, random, ordinal, stampMs, timed) => {
      const acquisition = acquisitionFrom(first);
      const holdId = claimHoldId(acquisition, ordinal, random);
      const version = formatVersion({ stampMs, timed, holdId });

      expect(parseVersion(version)?.holdId).toBe(holdId);
      expect(claimIn(acquisition, version)).toEqual({ stampMs, timed, holdId, ordinal, isEvicted: false });
      const evicted = formatVersion({ stampMs, timed, holdId: evictedHoldId(acquisition, ordinal) });
      expect(claimIn(acquisition, evicted)).toMatchObject({ ordinal, isEvicted: true });
    }),
  );
});

test('the version of another acquisition, or of another client, is none of its own', () => {
  const other = acquisitionFrom(holdIdFrom(new Uint8Array(10).fill(9)));
  const version = formatVersion({ stampMs: 0, timed: true, holdId: claimHoldId(other, 1, RANDOM) });

  expect(claimIn(ACQUISITION, version)).toBeUndefined();
  expect(claimIn(ACQUISITION, '7f3f3e0c-2d6f-4b6e-9c1b-1d2e3f4a5b6c')).toBeUndefined();
  expect(claimIn(ACQUISITION, '')).toBeUndefined();
});

test('what a write looks for stands in a version at one place only, with that ordinal', () => {
  // Of stamps and tails out of the prefix's own digits, which are the likeliest to look like it.
  const digits = fc.constantFrom(...ordinalPrefix(ACQUISITION, 5).replaceAll('-', ''));
  const stampsAlike = fc
    .array(digits, { minLength: 11, maxLength: 11 })
    .map((text) => Number.parseInt(text.join(''), 16));
  fc.assert(
    fc.property(stampsAlike, ordinals, holdIds, fc.boolean(), (stampMs, ordinal, random, timed) => {
      const prefix = ordinalPrefix(ACQUISITION, 5);
      const version = formatVersion({ stampMs, timed, holdId: claimHoldId(ACQUISITION, ordinal, random) });

      expect(version.includes(prefix)).toBe(ordinal === 5);
      expect([-1, 14]).toContain(version.indexOf(prefix));
      expect([-1, 14]).toContain(version.lastIndexOf(prefix));
    }),
  );
});
