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
