import fc from 'fast-check';
import { breakingVersion, brokenBy, isBroken, takenBy } from '../../../runtime/protocol/breaking.js';
import { isStampExpired, observedExpiryMs } from '../../../runtime/protocol/takeover.js';
import { formatVersion, parseVersion, STAMP_LIMIT_MS } from '../../../runtime/protocol/version.js';
import { holdId, ownVersion, pythonVersion, stampMs } from './arbitraries.js';

const anyVersion = fc.oneof(ownVersion.map(formatVersion), pythonVersion);
const NOBODYS = '8aaa-8bbb-cccccccccccc';
const entryAt = (version: string, leaseSeconds: number) => ({
  lockKey: 'a',
  leaseSeconds,
  version,
  hostIdentifier: 'somebody',
});

describe('the version that a break writes', () => {
  test('lets nobody take over by a stamp who could not have taken over from the version broken', () => {
    fc.assert(
      fc.property(
        anyVersion,
        stampMs,
        stampMs,
        fc.integer({ min: 1, max: 86_400 }),
        (seen, breakersClockMs, dateMs, leaseSeconds) => {
          const broken = breakingVersion(seen, NOBODYS, breakersClockMs, undefined);
          const isExpired = (version: string) => isStampExpired(entryAt(version, leaseSeconds), dateMs, 3);
          expect(isExpired(broken) && !isExpired(seen)).toBe(false);
        },
      ),
    );
  });

  test('runs out in time by its stamp, and not before the holder stops believing, who sent it before it was seen', () => {
    fc.assert(
      fc.property(
        ownVersion,
        stampMs,
        fc.nat(10_000),
        fc.integer({ min: 1, max: 86_400 }),
        (seen, dateMs, sinceMs, leaseSeconds) => {
          fc.pre(seen.timed);
          // The breaker's clock is no earlier than what it has just heard.
          const broken = breakingVersion(formatVersion(seen), NOBODYS, dateMs + sinceMs, dateMs);
          const isExpiredAt = (laterMs: number) => isStampExpired(entryAt(broken, leaseSeconds), dateMs + laterMs, 3);
          expect(isExpiredAt((leaseSeconds + 3) * 1000)).toBe(false);
          expect(isExpiredAt((leaseSeconds + 3 + 3) * 1000 + 1)).toBe(true);
        },
      ),
    );
  });

  test('lets nobody take over by sight sooner than from the version broken, seen that moment', () => {
    fc.assert(
      fc.property(anyVersion, stampMs, fc.integer({ min: 1, max: 86_400 }), (seen, nowMs, leaseSeconds) => {
        const broken = breakingVersion(seen, NOBODYS, nowMs, undefined);
        const expiryOf = (version: string) => observedExpiryMs({ version, leaseSeconds, sinceMs: 0 });
        expect(expiryOf(broken)).toBe(expiryOf(seen));
      }),
    );
  });

  test('has a hold id of nobody’s, so that the broken holder’s conditions fail', () => {
    fc.assert(
      fc.property(ownVersion, holdId, stampMs, (seen, ours, nowMs) => {
        fc.pre(seen.holdId !== ours);
        const broken = breakingVersion(formatVersion(seen), ours, nowMs, undefined);
        expect(broken).not.toContain(seen.holdId);
        expect(parseVersion(broken)?.holdId).toBe(ours);
      }),
    );
  });

  test('carries the breaker’s time, where that is not behind the version broken', () => {
    const seen = formatVersion({ stampMs: 1000, timed: true, holdId: '8111-8222-333333333333' });
    expect(parseVersion(breakingVersion(seen, NOBODYS, 5000.7, undefined))?.stampMs).toBe(5000);
    expect(parseVersion(breakingVersion(seen, NOBODYS, 999, undefined))?.stampMs).toBe(1000);
    expect(parseVersion(breakingVersion(seen, NOBODYS, Number.MAX_SAFE_INTEGER, undefined))?.stampMs).toBe(
      STAMP_LIMIT_MS - 1,
    );
  });

  test('is a UUIDv4 in place of one', () => {
    const broken = breakingVersion('7f3f3e0c-2d6f-4b6e-9c1b-1d2e3f4a5b6c', NOBODYS, Date.UTC(2026, 0, 1), undefined);
    expect(broken).toBe('019b76da-a800-4aaa-8bbb-cccccccccccc');
    expect(parseVersion(broken)).toBeUndefined();
    expect(breakingVersion('7f3f3e0c-2d6f-4b6e-9c1b-1d2e3f4a5b6c', NOBODYS, -5, undefined)).toMatch(
      /^00000000-0000-4aaa/,
    );
  });
});

test('who has a lock now reads well, whoever it is', () => {
  const broken = brokenBy('laptop/7', 'stuck since noon');
  expect(isBroken({ hostIdentifier: broken })).toBe(true);
  expect(isBroken({ hostIdentifier: 'laptop/7' })).toBe(false);
  expect(takenBy({ hostIdentifier: broken })).toBe('it was broken by laptop/7: stuck since noon');
  expect(takenBy({ hostIdentifier: 'laptop/7' })).toBe('laptop/7 holds it now');
});
