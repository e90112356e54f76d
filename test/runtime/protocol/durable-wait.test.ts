import { isSeenExpired, pollSeconds, seenNow } from '../../../runtime/protocol/durable-wait.js';
import { PYTHONS_VERSION, Setting } from '../setting.js';

const DAY_SECONDS = 86_400;

/** How many polls a wait takes within a day, behind a holder that refreshes its lease. */
function pollsOfADay(leaseSeconds: number, maxPollSeconds: number, random = 0.5): number {
  let polls = 0;
  for (let waitedSeconds = 0; waitedSeconds < DAY_SECONDS; polls += 1) {
    const leftSeconds = 7 * DAY_SECONDS - waitedSeconds;
    const moment = { waitedSeconds, untilTakeoverSeconds: leaseSeconds, maxPollSeconds, leftSeconds, random };
    waitedSeconds += pollSeconds(moment);
  }
  return polls;
}

// What docs/durable.md says. Each poll takes an operation, and so does each wait; one more draws the acquisition.
test.each([
  [10, 600, 375],
  [30, 600, 375],
  [900, 600, 289],
  [3600, 3600, 49],
  [10, 60, 2935],
])('with a lease of %d s and maxPollSeconds %d, a day of waiting takes %d operations', (lease, max, operations) => {
  expect(2 * pollsOfADay(lease, max) + 1).toBe(operations);
});

test('by default fewer than 500 operations, whatever chance and the lease', () => {
  for (const random of [0, 0.25, 0.75, 0.999]) {
    for (const lease of [1, 10, 59, 61, 300, 3600]) expect(2 * pollsOfADay(lease, 600, random) + 1).toBeLessThan(500);
  }
});

test('a long lease is not polled before it can be over, but within maxPollSeconds', () => {
  const moment = { waitedSeconds: 0, maxPollSeconds: 600, leftSeconds: DAY_SECONDS, random: 0 };
  expect(pollSeconds({ ...moment, untilTakeoverSeconds: 300.2 })).toBe(301);
  expect(pollSeconds({ ...moment, untilTakeoverSeconds: 7200 })).toBe(600);
  expect(pollSeconds({ ...moment, untilTakeoverSeconds: 5 })).toBe(1);
});

test('nobody waits for longer than they want to, nor for no time', () => {
  const moment = { waitedSeconds: 5000, untilTakeoverSeconds: 7200, maxPollSeconds: 600, random: 0.5 };
  expect(pollSeconds({ ...moment, leftSeconds: 40.5 })).toBe(41);
  expect(pollSeconds({ ...moment, leftSeconds: 0.01 })).toBe(1);
});

describe('observed over suspensions, by DynamoDB’s clock', () => {
  const entry = { version: new Setting().versionDrawn(), leaseSeconds: 10 };
  const seenOf = (version: string, sinceMs: number | undefined) => {
    return seenNow(undefined, { ...entry, version, lockKey: 'a', hostIdentifier: 'h' } as never, sinceMs);
  };

  test('a version has stood for its lease and the tolerance', () => {
    const seen = seenOf(entry.version, 5000);
    expect(isSeenExpired(seen, 18_000, 3)).toBe(false);
    expect(isSeenExpired(seen, 19_000, 3)).toBe(true);
    // Python keeps no margin of its own.
    const pythons = seenOf(PYTHONS_VERSION, 5000);
    expect(isSeenExpired(pythons, 18_350, 3)).toBe(false);
    expect(isSeenExpired(pythons, 19_000, 3)).toBe(true);
  });

  test('another version, or another lease, begins anew', () => {
    const seen = seenOf(entry.version, 5000);
    const same = { lockKey: 'a', hostIdentifier: 'h', ...entry } as never;
    expect(seenNow(seen, same, 9000).sinceMs).toBe(5000);
    expect(
      seenNow(seen, { lockKey: 'a', hostIdentifier: 'h', ...entry, leaseSeconds: 20 } as never, 9000).sinceMs,
    ).toBe(9000);
  });

  test('without a Date nothing is known, and what is free does not expire', () => {
    expect(isSeenExpired(seenOf(entry.version, undefined), 99_000, 3)).toBe(false);
    expect(isSeenExpired(seenOf(entry.version, 5000), undefined, 3)).toBe(false);
    expect(isSeenExpired({ version: entry.version, leaseSeconds: 0, sinceMs: 5000 }, 99_000, 3)).toBe(false);
  });

  test('it holds also if the rule for stamps is turned off', () => {
    expect(isSeenExpired(seenOf(entry.version, 5000), 60_000, Infinity)).toBe(false);
    expect(isSeenExpired(seenOf(entry.version, 5000), 76_000, Infinity)).toBe(true);
  });
});
