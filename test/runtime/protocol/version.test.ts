import fc from 'fast-check';
import {
  formatVersion,
  holdIdFrom,
  isTombstone,
  parseVersion,
  STAMP_LIMIT_MS,
  tombstoneHoldIdFrom,
} from '../../../runtime/protocol/version.js';
import { anyText, holdId, ownVersion, pythonVersion, stampMs } from './arbitraries.js';

const HOLD = holdIdFrom(new Uint8Array(10).fill(0xff));

describe('the text of a version', () => {
  test('is a lowercase UUIDv8 that gives back what it was made of', () => {
    fc.assert(
      fc.property(ownVersion, (version) => {
        const text = formatVersion(version);

        expect(text).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(parseVersion(text)).toEqual(version);
      }),
    );
  });

  test('is this one, on every client and in every release', () => {
    const version = { stampMs: 0x0192f3a17c44, timed: true, holdId: '8b1e-9c4d-5f6a7b8c9d0e' };

    expect(formatVersion(version)).toBe('0192f3a1-7c44-8b1e-9c4d-5f6a7b8c9d0e');
    expect(formatVersion({ ...version, timed: false })).toBe('8192f3a1-7c44-8b1e-9c4d-5f6a7b8c9d0e');
  });

  test('sorts by time within a hold', () => {
    fc.assert(
      fc.property(stampMs, stampMs, holdId, fc.boolean(), (a, b, id, timed) => {
        const textOf = (stamp: number): string => formatVersion({ stampMs: stamp, timed, holdId: id });

        expect(textOf(a) < textOf(b)).toBe(a < b);
      }),
    );
  });

  test('sorts every stamp with the top bit after every one without', () => {
    fc.assert(
      fc.property(stampMs, stampMs, holdId, (plain, top, id) => {
        const before = formatVersion({ stampMs: plain, timed: true, holdId: id });
        const after = formatVersion({ stampMs: top, timed: false, holdId: id });

        expect(before < after).toBe(true);
      }),
    );
  });

  test('differs between holds, whatever their stamps', () => {
    fc.assert(
      fc.property(ownVersion, ownVersion, (a, b) => {
        fc.pre(a.holdId !== b.holdId);

        expect(formatVersion(a)).not.toBe(formatVersion(b));
        expect(formatVersion(a)).not.toContain(b.holdId);
      }),
    );
  });

  test.each([-1, 0.5, STAMP_LIMIT_MS, Number.NaN, Infinity])(
    'is refused for the stamp %p, which would spoil the order',
    (bad) => {
      const format = () => formatVersion({ stampMs: bad, timed: true, holdId: HOLD });

      expect(format).toThrow(RangeError);
      expect(format).toThrow(`below 2^47, got ${bad}`);
    },
  );
});

describe('a version of somebody else', () => {
  test('of the Python package is opaque', () => {
    fc.assert(fc.property(pythonVersion, (text) => expect(parseVersion(text)).toBeUndefined()));
  });

  test('is opaque, whatever text it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), anyText(), fc.uuid()), (text) => {
        const version = parseVersion(text);

        // Where it parses after all, it is ours to the letter.
        expect(version === undefined || formatVersion(version) === text).toBe(true);
      }),
    );
  });

  test.each([
    ['in capitals', '0192F3A1-7C44-8B1E-9C4D-5F6A7B8C9D0E'],
    ['of another variant', '0192f3a1-7c44-8b1e-cc4d-5f6a7b8c9d0e'],
    ['with a line after it', '0192f3a1-7c44-8b1e-9c4d-5f6a7b8c9d0e\n'],
    ['within a text', 'x0192f3a1-7c44-8b1e-9c4d-5f6a7b8c9d0e'],
    ['of nothing', ''],
  ])('%s is opaque', (_, text) => {
    expect(parseVersion(text)).toBeUndefined();
  });
});

describe('a hold id', () => {
  test('is made of 74 of the random bits, each of which counts', () => {
    const ones = new Uint8Array(10).fill(0xff);
    const idsWithOneBitLess = Array.from({ length: 80 }, (_, bit) => {
      const bytes = Uint8Array.from(ones);
      bytes[bit >> 3] = 0xff & ~(1 << (bit & 7));
      return holdIdFrom(bytes);
    });

    const different = new Set(idsWithOneBitLess);
    different.delete(holdIdFrom(ones));
    expect(different.size).toBe(74);
  });

  test('needs 10 random bytes', () => {
    expect(() => holdIdFrom(new Uint8Array(9))).toThrow('10 random bytes, got 9');
  });
});

test('a hold id of nobody can be told, and is as good as any in a version', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 10, maxLength: 32 }), stampMs, (random, stamp) => {
      const holdId = tombstoneHoldIdFrom(random);

      expect(isTombstone(holdId)).toBe(true);
      expect(parseVersion(formatVersion({ stampMs: stamp, timed: true, holdId }))).toMatchObject({
        stampMs: stamp,
        holdId,
      });
    }),
  );
  expect(isTombstone(holdIdFrom(new Uint8Array(10).fill(1)))).toBe(false);
  const drawn = [0, 1].map((byte) => tombstoneHoldIdFrom(new Uint8Array(10).fill(byte)));
  expect(drawn[0]).not.toBe(drawn[1]);
});
