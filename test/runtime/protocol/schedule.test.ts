import fc from 'fast-check';
import {
  LOST_RELEASE_BUDGET_MS,
  pollDelayMs,
  refreshBudgetMs,
  refreshDueMs,
  refreshRetryDelayMs,
  releaseBudgetMs,
  retryDelayMs,
  tryBudgetMs,
} from '../../../runtime/protocol/schedule.js';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const counts = fc.nat(100_000);
const leases = fc.integer({ min: 1, max: 86_400 });

test('a waiter sleeps 20 ms, growing by 1.5 to 170 ms, give or take half', () => {
  expect([0, 1, 2, 3, 6, 50, 5000].map((poll) => pollDelayMs(poll, 0.5))).toEqual([20, 30, 45, 67.5, 170, 170, 170]);
  expect(pollDelayMs(0, 0)).toBe(10);
  expect(pollDelayMs(6, 0.5, 3)).toBe(510);
  fc.assert(
    fc.property(counts, random, (poll, fraction) => {
      expect(pollDelayMs(poll, fraction)).toBeGreaterThanOrEqual(10);
      expect(pollDelayMs(poll, fraction)).toBeLessThanOrEqual(255);
    }),
  );
});

test('who saw the lock change hands sleeps up to 50 ms, more in a crowd, and as long as others in a large one', () => {
  expect([0, 1, 2, 50].map((poll) => pollDelayMs(poll, 0.5, 1, true))).toEqual([20, 30, 45, 50]);
  expect(pollDelayMs(9, 0.5, 7, true)).toBe(350);
  expect(pollDelayMs(9, 0.5, 14, true)).toBe(1400);
  expect(pollDelayMs(9, 0.5, 24, true)).toBe(pollDelayMs(9, 0.5, 24));
  fc.assert(
    fc.property(counts, random, fc.double({ min: 1, max: 30, noNaN: true }), (poll, fraction, crowding) => {
      expect(pollDelayMs(poll, fraction, crowding, true)).toBeLessThanOrEqual(pollDelayMs(poll, fraction, crowding));
    }),
  );
});

test('after failures it sleeps 25 ms, doubling to 1 s, give or take half', () => {
  expect([0, 1, 5, 6, 5000].map((failure) => retryDelayMs(failure, 0.5))).toEqual([25, 50, 800, 1000, 1000]);
  fc.assert(
    fc.property(counts, random, (failure, fraction) => {
      expect(retryDelayMs(failure, fraction)).toBeGreaterThanOrEqual(12.5);
      expect(retryDelayMs(failure, fraction)).toBeLessThanOrEqual(1500);
    }),
  );
});

test('a refresh is due half a lease after the last confirmed version was sent, sooner where less is left', () => {
  expect(refreshDueMs(1000, 1000 + 9650, 10)).toBe(6000);
  expect(refreshDueMs(1000, 1000 + 5000, 10)).toBe(3500);
});

test('a refresh that failed sleeps the less, the less is left, so that an outage which ends in time loses nothing', () => {
  expect([8000, 4000, 800, 160, 10, 0].map((leftMs) => refreshRetryDelayMs(20, leftMs, 0.5))).toEqual([
    1000, 500, 100, 20, 20, 20,
  ]);
  expect(refreshRetryDelayMs(0, 8000, 0.5)).toBe(25);
  fc.assert(
    fc.property(counts, fc.integer({ min: -1000, max: 10 ** 8 }), random, (failure, leftMs, fraction) => {
      const delayMs = refreshRetryDelayMs(failure, leftMs, fraction);

      expect(delayMs).toBeGreaterThanOrEqual(10);
      expect(delayMs).toBeLessThanOrEqual(Math.max(30, leftMs * 0.1875));
    }),
  );
});

test('a refresh may take half of what is left, so that another fits, but no less than 0.5 s', () => {
  expect(refreshBudgetMs(8000)).toBe(4000);
  expect(refreshBudgetMs(800)).toBe(500);
  expect(refreshBudgetMs(300)).toBe(300);
  expect(refreshBudgetMs(-5)).toBe(0);
  expect(refreshBudgetMs(3_600_000)).toBe(5000);
});

test('a try may take half a lease, at most 5 s', () => {
  expect(tryBudgetMs(1)).toBe(500);
  expect(tryBudgetMs(10)).toBe(5000);
  expect(tryBudgetMs(86_400)).toBe(5000);
});

test('a release may take a quarter lease, at least 1 s, but not beyond the deadline', () => {
  expect(releaseBudgetMs(40, 30_000)).toBe(10_000);
  expect(releaseBudgetMs(2, 1700)).toBe(1000);
  expect(releaseBudgetMs(40, 3000)).toBe(3000);
  expect(releaseBudgetMs(40, -1)).toBe(0);
  expect(LOST_RELEASE_BUDGET_MS).toBe(500);
});

test('no budget is negative, or beyond what is left', () => {
  fc.assert(
    fc.property(leases, fc.integer({ min: -1000, max: 10 ** 8 }), (leaseSeconds, leftMs) => {
      for (const budgetMs of [refreshBudgetMs(leftMs), releaseBudgetMs(leaseSeconds, leftMs)]) {
        expect(budgetMs).toBeGreaterThanOrEqual(0);
        expect(budgetMs).toBeLessThanOrEqual(Math.max(0, leftMs));
      }
    }),
  );
});
