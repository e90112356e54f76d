import fc from 'fast-check';
import {
  mayAcquire,
  mayAdopt,
  mayFence,
  mayRefresh,
  mayRelease,
  type Standing,
} from '../../../runtime/protocol/conditions.js';
import { formatVersion, type Version } from '../../../runtime/protocol/version.js';
import { ownVersion, pythonVersion } from './arbitraries.js';

const standingAt = (version: string | undefined, isFree = false): Standing => ({ version, isFree });
const anyVersion = fc.oneof(ownVersion.map(formatVersion), pythonVersion);

describe('acquire', () => {
  test('may write where no item stands, or a kept, free one', () => {
    expect(mayAcquire(undefined, undefined)).toBe(true);
    expect(mayAcquire(undefined, 'some version')).toBe(true);
    fc.assert(
      fc.property(anyVersion, (version) => expect(mayAcquire(standingAt(version, true), undefined)).toBe(true)),
    );
  });

  test('may write over a version judged expired, and over no other', () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, (standing, expired) => {
        expect(mayAcquire(standingAt(standing), standing)).toBe(true);
        expect(mayAcquire(standingAt(standing), expired)).toBe(standing === expired);
        expect(mayAcquire(standingAt(standing), undefined)).toBe(false);
      }),
    );
  });

  test('may not write over an item whose version is no text', () => {
    expect(mayAcquire(standingAt(undefined), undefined)).toBe(false);
    expect(mayAcquire(standingAt(undefined), 'some version')).toBe(false);
  });
});

describe('refresh', () => {
  test('may write forwards within its hold, and never back', () => {
    fc.assert(
      fc.property(ownVersion, ownVersion, (one, other) => {
        const a = formatVersion(one);
        const b = formatVersion({ ...other, holdId: one.holdId });

        expect(mayRefresh(standingAt(a), one.holdId, b)).toBe(a < b);
        expect(mayRefresh(standingAt(a), one.holdId, a)).toBe(false);
      }),
    );
  });

  test('of a hold with a fencing token needs that one', () => {
    fc.assert(
      fc.property(ownVersion, fc.bigInt(), fc.option(fc.bigInt(), { nil: undefined }), (one, ours, stands) => {
        fc.pre(one.stampMs + 1 < 2 ** 47);
        const later = formatVersion({ ...one, stampMs: one.stampMs + 1 });
        const standing = { version: formatVersion(one), fencingToken: stands, isFree: false };

        expect(mayRefresh(standing, one.holdId, later, ours)).toBe(stands === ours);
        expect(mayRefresh(standing, one.holdId, later)).toBe(true);
        expect(mayRefresh({ ...standing, fencingToken: ours }, one.holdId, later, ours)).toBe(true);
        expect(mayRefresh(undefined, one.holdId, later, ours)).toBe(false);
      }),
    );
  });

  test('may not touch what is not its hold’s', () => {
    const late: Version = { stampMs: 2 ** 46, timed: false, holdId: '8fff-bfff-ffffffffffff' };
    fc.assert(
      fc.property(anyVersion, (standing) => {
        fc.pre(!standing.includes(late.holdId));

        expect(mayRefresh(standingAt(standing), late.holdId, formatVersion(late))).toBe(false);
      }),
    );
    expect(mayRefresh(undefined, late.holdId, formatVersion(late))).toBe(false);
    expect(mayRefresh(standingAt(undefined), late.holdId, formatVersion(late))).toBe(false);
  });
});

describe('release', () => {
  test('may delete its hold’s entry at whatever version, and no other', () => {
    fc.assert(
      fc.property(ownVersion, ownVersion, (one, other) => {
        const standing = standingAt(formatVersion(one));

        expect(mayRelease(standing, one.holdId)).toBe(true);
        expect(mayRelease(standing, other.holdId)).toBe(one.holdId === other.holdId);
      }),
    );
    expect(mayRelease(undefined, '8fff-bfff-ffffffffffff')).toBe(false);
    expect(mayRelease(standingAt(undefined), '8fff-bfff-ffffffffffff')).toBe(false);
  });
});

describe('a write that gives a fencing token', () => {
  const standing: Standing = { version: 'some version', fencingToken: 7n, isFree: false };

  test('needs a greater one than stands', () => {
    expect([6n, 7n, 8n].map((token) => mayFence(standing, token))).toEqual([false, false, true]);
  });

  test('may give any where none stands, or no item', () => {
    expect(mayFence(standingAt('some version'), 1n)).toBe(true);
    expect(mayFence(undefined, 1n)).toBe(true);
  });

  test('is free where it gives none', () => {
    expect(mayFence(standing, undefined)).toBe(true);
    expect(mayFence(undefined, undefined)).toBe(true);
  });
});

describe('adopt', () => {
  test('may write over exactly the version given, not over a later one of the same hold', () => {
    fc.assert(
      fc.property(ownVersion, ownVersion, (one, other) => {
        const given = formatVersion(one);
        const standing = formatVersion({ ...other, holdId: one.holdId });

        expect(mayAdopt(standingAt(given), given)).toBe(true);
        expect(mayAdopt(standingAt(standing), given)).toBe(standing === given);
      }),
    );
    expect(mayAdopt(undefined, 'some version')).toBe(false);
    expect(mayAdopt(standingAt(undefined), 'some version')).toBe(false);
  });
});
