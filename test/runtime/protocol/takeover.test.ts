import fc from 'fast-check';
import type { LockEntry } from '../../../runtime/protocol/entry.js';
import {
  isStampAhead,
  isStampExpired,
  type ObservedVersion,
  observe,
  observedExpiryMs,
  untilTakeoverMs,
} from '../../../runtime/protocol/takeover.js';
import { formatVersion, holdIdFrom } from '../../../runtime/protocol/version.js';

const STAMP = Date.UTC(2026, 0, 1);
const HOLD = holdIdFrom(new Uint8Array(10).fill(7));
const OURS = formatVersion({ stampMs: STAMP, timed: true, holdId: HOLD });
const OURS_WITH_TOP_BIT = formatVersion({ stampMs: STAMP, timed: false, holdId: HOLD });
const PYTHONS = '7f3f3e0c-2d6f-4b6e-9c1b-1d2e3f4a5b6c';

const entryAt = (version: string, leaseSeconds = 10): LockEntry => ({
  lockKey: 'a',
  hostIdentifier: 'somebody',
  leaseSeconds,
  version,
});
/** All that a contender remembers after these answers, each a version and when it had arrived. */
const afterAnswers = (...answers: readonly (readonly [version: string, arrivedMs: number])[]): ObservedVersion =>
  answers.reduce<ObservedVersion | undefined>(
    (former, [version, arrivedMs]) => observe(former, entryAt(version), arrivedMs),
    undefined,
  ) as ObservedVersion;

describe('by observation', () => {
  test('a version of ours has had its lease when it has stood that long since its answer arrived', () => {
    expect(observedExpiryMs(afterAnswers([OURS, 1000]))).toBe(11_000);
  });

  test('a version that is not ours gets 0.25 s and 1 % more, as its holder keeps no margin', () => {
    expect(observedExpiryMs(afterAnswers([PYTHONS, 1000]))).toBe(11_350);
    expect(observedExpiryMs(observe(undefined, entryAt(PYTHONS, 2.5), 0))).toBe(2775);
  });

  test('the top bit changes nothing', () => {
    expect(observedExpiryMs(afterAnswers([OURS_WITH_TOP_BIT, 1000]))).toBe(11_000);
  });

  test('another look at the same version does not begin anew', () => {
    expect(observedExpiryMs(afterAnswers([OURS, 1000], [OURS, 4000], [OURS, 9000]))).toBe(11_000);
  });

  test('another version, or another lease, does', () => {
    const later = formatVersion({ stampMs: STAMP + 1, timed: true, holdId: HOLD });

    expect(observedExpiryMs(afterAnswers([OURS, 1000], [later, 4000]))).toBe(14_000);
    // A read that is only eventually consistent may show the earlier one again.
    expect(observedExpiryMs(afterAnswers([OURS, 1000], [later, 4000], [OURS, 5000]))).toBe(15_000);
    expect(observedExpiryMs(observe(afterAnswers([OURS, 1000]), entryAt(OURS, 20), 4000))).toBe(24_000);
  });

  test('what was seen is the last version, since the first of its answers in a row', () => {
    const answers = fc.array(fc.tuple(fc.constantFrom(OURS, PYTHONS, OURS_WITH_TOP_BIT), fc.nat(5000)), {
      minLength: 1,
    });
    fc.assert(
      fc.property(answers, (gaps) => {
        let nowMs = 0;
        const timeline = gaps.map(([version, gapMs]) => {
          nowMs += gapMs;
          return [version, nowMs] as const;
        });
        const last = timeline.at(-1)?.[0];
        const firstOfRun = timeline.findLastIndex(([version]) => version !== last) + 1;

        expect(afterAnswers(...timeline)).toMatchObject({ version: last, sinceMs: timeline[firstOfRun]?.[1] });
      }),
    );
  });
});

describe('by its stamp', () => {
  const expiresAfter = STAMP + 10_000 + 3000;

  test('a version of ours has had its lease when Date is lease and tolerance past it', () => {
    expect(isStampExpired(entryAt(OURS), expiresAfter, 3)).toBe(false);
    expect(isStampExpired(entryAt(OURS), expiresAfter + 1, 3)).toBe(true);
  });

  test('the lease is the entry’s, the tolerance the contender’s', () => {
    expect(isStampExpired(entryAt(OURS, 60), expiresAfter + 1, 3)).toBe(false);
    expect(isStampExpired(entryAt(OURS, 60), expiresAfter + 50_001, 3)).toBe(true);
    expect(isStampExpired(entryAt(OURS), expiresAfter + 1, 4)).toBe(false);
  });

  test('a stamp with the top bit never tells', () => {
    expect(isStampExpired(entryAt(OURS_WITH_TOP_BIT), Number.MAX_SAFE_INTEGER, 2)).toBe(false);
  });

  test('a version that is not ours never tells', () => {
    fc.assert(
      fc.property(fc.uuid({ version: [1, 2, 3, 4, 5, 6, 7] }), (version) => {
        expect(isStampExpired(entryAt(version), Number.MAX_SAFE_INTEGER, 2)).toBe(false);
      }),
    );
  });

  test('an answer without a Date never tells', () => {
    expect(isStampExpired(entryAt(OURS), undefined, 2)).toBe(false);
  });

  test('an infinite tolerance turns the rule off', () => {
    expect(isStampExpired(entryAt(OURS), Number.MAX_SAFE_INTEGER, Infinity)).toBe(false);
  });
});

describe('a stamp is ahead of DynamoDB’s clock', () => {
  test('where it is later than any front end can be: the second of the Date, and two more', () => {
    expect(isStampAhead(entryAt(OURS), STAMP - 3001)).toBe(true);
    expect(isStampAhead(entryAt(OURS), STAMP - 3000)).toBe(false);
    expect(isStampAhead(entryAt(OURS), STAMP + 60_000)).toBe(false);
  });

  test('never where it does not tell, or no Date does', () => {
    expect(isStampAhead(entryAt(OURS_WITH_TOP_BIT), STAMP - 60_000)).toBe(false);
    expect(isStampAhead(entryAt(PYTHONS), STAMP - 60_000)).toBe(false);
    expect(isStampAhead(entryAt(OURS), undefined)).toBe(false);
  });
});

describe('the time until an entry can be taken over', () => {
  const look = { expiryMs: 30_000, nowMs: 12_000, serverNowMs: STAMP + 4000, clockToleranceSeconds: 3 };

  test('is that by its stamp, or by observation, whichever is sooner', () => {
    expect(untilTakeoverMs(entryAt(OURS), look)).toBe(9000);
    expect(untilTakeoverMs(entryAt(OURS), { ...look, expiryMs: 20_000 })).toBe(8000);
  });

  test('is that by observation where the stamp never tells', () => {
    for (const version of [PYTHONS, OURS_WITH_TOP_BIT]) expect(untilTakeoverMs(entryAt(version), look)).toBe(18_000);
  });

  test('is over once it is over', () => {
    expect(untilTakeoverMs(entryAt(OURS), { ...look, nowMs: 40_000 })).toBe(0);
    expect(untilTakeoverMs(entryAt(OURS), { ...look, serverNowMs: STAMP + 60_000 })).toBe(0);
  });
});
