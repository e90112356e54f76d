import fc from 'fast-check';
import { isSeenExpired, pollSeconds, seenNow } from '../../../runtime/protocol/durable-wait.js';
import type { LockEntry } from '../../../runtime/protocol/entry.js';
import { formatVersion, holdIdFrom } from '../../../runtime/protocol/version.js';

const START = Date.UTC(2026, 0, 1);
const OURS = formatVersion({ stampMs: START, timed: true, holdId: holdIdFrom(new Uint8Array(10).fill(7)) });
const PYTHONS = '7f3f3e0c-2d6f-4b6e-9c1b-1d2e3f4a5b6c';
const DAY_SECONDS = 86_400;

const entryAt = (version = OURS, leaseSeconds = 10): LockEntry => ({
  lockKey: 'a',
  hostIdentifier: 'somebody',
  leaseSeconds,
  version,
});

describe('a version that polls have seen', () => {
  test('counts from the first answer that showed it', () => {
    const first = seenNow(undefined, entryAt(), START);

    expect(first).toEqual({ version: OURS, leaseSeconds: 10, sinceMs: START });
    expect(seenNow(first, entryAt(), START + 5000)).toEqual(first);
  });

  test('counts anew if it, or its lease, is another', () => {
    const first = seenNow(undefined, entryAt(), START);

    expect(seenNow(first, entryAt(PYTHONS), START + 5000).sinceMs).toBe(START + 5000);
    expect(seenNow(first, entryAt(OURS, 20), START + 5000).sinceMs).toBe(START + 5000);
  });

  test('counts from the first answer with a time', () => {
    const dateless = seenNow(undefined, entryAt(), undefined);

    expect(dateless.sinceMs).toBeUndefined();
    expect(seenNow(dateless, entryAt(), START + 5000).sinceMs).toBe(START + 5000);
  });
});

describe('it has expired', () => {
  const seen = (version = OURS, leaseSeconds = 10) => ({ version, leaseSeconds, sinceMs: START });

  test('when it has stood for its lease and the tolerance', () => {
    expect(isSeenExpired(seen(), START + 13_000, 3)).toBe(false);
    expect(isSeenExpired(seen(), START + 13_001, 3)).toBe(true);
  });

  test('later by the margin that the holder of another client’s version does not keep', () => {
    expect(isSeenExpired(seen(PYTHONS), START + 13_350, 3)).toBe(false);
    expect(isSeenExpired(seen(PYTHONS), START + 13_351, 3)).toBe(true);
  });

  test('after a minute more if the stamped rule is off', () => {
    expect(isSeenExpired(seen(), START + 70_000, Infinity)).toBe(false);
    expect(isSeenExpired(seen(), START + 70_001, Infinity)).toBe(true);
  });

  test('never without a time, and not if it is free', () => {
    expect(isSeenExpired({ ...seen(), sinceMs: undefined }, START + 1e9, 3)).toBe(false);
    expect(isSeenExpired(seen(), undefined, 3)).toBe(false);
    expect(isSeenExpired(seen(OURS, 0), START + 1e9, 3)).toBe(false);
  });
});

/** The moments of all polls of a wait, in seconds. */
function pollsOf(
  waitSeconds: number,
  untilTakeoverAt: (seconds: number) => number,
  maxPollSeconds = 600,
  random = 0.5,
) {
  const moments: number[] = [];
  for (let waitedSeconds = 0; waitedSeconds < waitSeconds; ) {
    moments.push(waitedSeconds);
    const leftSeconds = waitSeconds - waitedSeconds;
    const untilTakeoverSeconds = untilTakeoverAt(waitedSeconds);
    waitedSeconds += pollSeconds({ waitedSeconds, untilTakeoverSeconds, maxPollSeconds, leftSeconds, random });
  }
  return moments;
}

describe('polls', () => {
  /** A holder that refreshes a short lease all the time. */
  const alive = () => 10;

  test('a day of waiting takes fewer than 500 operations, two a poll, whatever is drawn', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        expect(pollsOf(DAY_SECONDS, alive, 600, random).length * 2).toBeLessThan(500);
      }),
      { numRuns: 20 },
    );
  });

  test('come often at first, and then less often', () => {
    const moments = pollsOf(DAY_SECONDS, alive);

    expect(moments.slice(0, 5)).toEqual([0, 1, 2, 3, 4]);
    expect(moments.filter((seconds) => seconds < 60).length).toBeGreaterThan(15);
    expect(moments.filter((seconds) => seconds > DAY_SECONDS / 2)).toHaveLength(72);
  });

  test('a release is seen within maxPollSeconds, however long the wait has been', () => {
    const moments = pollsOf(DAY_SECONDS, alive, 30);

    for (const [index, moment] of moments.slice(1).entries()) {
      expect(moment - (moments[index] as number)).toBeLessThanOrEqual(30);
    }
  });

  test('a long lease is not polled before it can be over', () => {
    expect(pollsOf(500, (seconds) => 400 - seconds)).toEqual([0, 400, 460]);
  });

  test('unless that would be longer than maxPollSeconds', () => {
    expect(pollsOf(500, (seconds) => 400 - seconds, 150)).toEqual([0, 150, 300, 400, 460]);
  });

  test('are a whole number of seconds, at least one, and not beyond the end of the wait', () => {
    const moment = { waitedSeconds: 0, untilTakeoverSeconds: 0, maxPollSeconds: 600, leftSeconds: 100, random: 0 };

    expect(pollSeconds(moment)).toBe(1);
    expect(pollSeconds({ ...moment, waitedSeconds: 100, random: 0.99 })).toBe(19);
    expect(pollSeconds({ ...moment, untilTakeoverSeconds: 3600, leftSeconds: 100.2 })).toBe(101);
    expect(pollSeconds({ ...moment, untilTakeoverSeconds: 3600, leftSeconds: 0.2 })).toBe(1);
    expect(pollSeconds({ ...moment, untilTakeoverSeconds: Infinity })).toBe(100);
  });
});
