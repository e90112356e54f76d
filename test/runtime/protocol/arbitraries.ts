import fc from 'fast-check';
import { holdIdFrom, STAMP_LIMIT_MS, type Version } from '../../../runtime/protocol/version.js';

/** Any hold id. */
export const holdId: fc.Arbitrary<string> = fc.uint8Array({ minLength: 10, maxLength: 10 }).map(holdIdFrom);

/** Any stamp that a version can carry, often one at the edge. */
export const stampMs: fc.Arbitrary<number> = fc.oneof(
  fc.maxSafeNat().map((value) => value % STAMP_LIMIT_MS),
  fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, STAMP_LIMIT_MS - 1),
);

/** Any version of ours, taken apart. */
export const ownVersion: fc.Arbitrary<Version> = fc.record({ stampMs, timed: fc.boolean(), holdId });

/** A version number as the Python package draws it. */
export const pythonVersion: fc.Arbitrary<string> = fc.uuid({ version: 4 });

/** All code points but the surrogates, which stand for one another's halves. */
const codePoint = fc.nat(0x10ffff - 0x800).map(
  (index) => String.fromCodePoint(index < 0xd800 ? index : index + 0x800),
  (text) => {
    const code = typeof text === 'string' ? text.codePointAt(0) : undefined;
    if (code === undefined || String.fromCodePoint(code) !== text) throw new Error('not one code point');
    return code < 0xd800 ? code : code - 0x800;
  },
);

/** What `fc.string({ unit: 'binary' })` is, without its table of all code points, which takes 1.5 s to make. */
export function anyText(constraints: fc.StringSharedConstraints = {}): fc.Arbitrary<string> {
  return fc.string({ ...constraints, unit: codePoint });
}
