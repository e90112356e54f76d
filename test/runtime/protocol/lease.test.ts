import fc from 'fast-check';
import { isEnoughToGrant, offeredDeadlineMs, safetyMarginMs } from '../../../runtime/protocol/lease.js';

const write = { sentMs: 1000, stampMs: 500_000, timed: true, leaseSeconds: 10, dateMs: 500_000 };
const leases = fc.integer({ min: 1, max: 86_400 });
const moments = fc.integer({ min: 0, max: 2 ** 40 });

test('the safety margin is 0.25 s and 1 % of the lease', () => {
  expect(safetyMarginMs(1)).toBe(260);
  expect(safetyMarginMs(10)).toBe(350);
  expect(safetyMarginMs(86_400)).toBe(864_250);
});

describe('the deadline that a confirmed write offers', () => {
  test('is a lease less the margin after it was sent', () => {
    expect(offeredDeadlineMs(write)).toBe(1000 + 10_000 - 350);
  });

  test('comes earlier by what the stamp was behind DynamoDB’s clock', () => {
    expect(offeredDeadlineMs({ ...write, dateMs: write.stampMs + 3000 })).toBe(1000 + 10_000 - 350 - 3000);
  });

  test('does not come later for a stamp that was ahead', () => {
    expect(offeredDeadlineMs({ ...write, dateMs: write.stampMs - 3000 })).toBe(1000 + 10_000 - 350);
  });

  test('is none for a plain stamp answered without a Date: it could be behind by any amount', () => {
    expect(offeredDeadlineMs({ ...write, dateMs: undefined })).toBeUndefined();
  });

  test('is a whole one for a stamp with the top bit, which nobody goes by', () => {
    const untimed = { ...write, timed: false };

    expect(offeredDeadlineMs({ ...untimed, dateMs: undefined })).toBe(1000 + 10_000 - 350);
    expect(offeredDeadlineMs({ ...untimed, dateMs: write.stampMs + 60_000 })).toBe(1000 + 10_000 - 350);
  });

  test('never comes later than the lease’s end, less the margin', () => {
    fc.assert(
      fc.property(
        moments,
        moments,
        fc.boolean(),
        leases,
        fc.option(moments, { nil: undefined }),
        (sentMs, stampMs, timed, leaseSeconds, dateMs) => {
          const offered = offeredDeadlineMs({ sentMs, stampMs, timed, leaseSeconds, dateMs }) ?? sentMs;

          expect(offered).toBeLessThanOrEqual(sentMs + leaseSeconds * 1000 - safetyMarginMs(leaseSeconds));
        },
      ),
    );
  });
});

test('half a lease left is enough to begin with, less is not', () => {
  expect(isEnoughToGrant(6000, 1000, 10)).toBe(true);
  expect(isEnoughToGrant(5999, 1000, 10)).toBe(false);
  expect(isEnoughToGrant(-Infinity, 1000, 10)).toBe(false);
});
