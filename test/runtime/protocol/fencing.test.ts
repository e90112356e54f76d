import fc from 'fast-check';
import { MOST_FENCING_TOKEN, nextFencingToken } from '../../../runtime/protocol/fencing.js';

const NOW = Date.UTC(2026, 0, 1);
const BY_CLOCK = BigInt(NOW);

describe('the token of a new hold', () => {
  test('is DynamoDB’s time in whole milliseconds where none was seen', () => {
    expect(nextFencingToken(undefined, NOW)).toBe(BY_CLOCK);
    expect(nextFencingToken(undefined, NOW + 0.75)).toBe(BY_CLOCK);
  });

  test('is DynamoDB’s time where only smaller ones were seen', () => {
    expect(nextFencingToken(0n, NOW)).toBe(BY_CLOCK);
    expect(nextFencingToken(BY_CLOCK - 5n, NOW)).toBe(BY_CLOCK);
  });

  test('is one more than the one seen where that is not smaller', () => {
    expect(nextFencingToken(BY_CLOCK, NOW)).toBe(BY_CLOCK + 1n);
    expect(nextFencingToken(BY_CLOCK + 1000n, NOW)).toBe(BY_CLOCK + 1001n);
  });

  test('goes up to the greatest of 38 digits and one, and from there leaves it to the table to refuse', () => {
    expect(nextFencingToken(MOST_FENCING_TOKEN - 1n, NOW)).toBe(MOST_FENCING_TOKEN);
    expect(nextFencingToken(MOST_FENCING_TOKEN, NOW)).toBe(BY_CLOCK);
  });

  test('is greater than the one seen, wherever there is room', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: MOST_FENCING_TOKEN - 1n }), fc.nat(2 ** 31 - 1), (seen, nowMs) => {
        const token = nextFencingToken(seen, nowMs);

        expect(token > seen && token >= BigInt(nowMs)).toBe(true);
      }),
    );
  });
});
