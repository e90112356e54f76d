import { costOf, storedBytes } from '../../bench/page/cost.js';

test('what DynamoDB charges: a unit a write, half a unit an eventually consistent read', () => {
  expect(costOf({ writes: 1e6, halfReads: 0 })).toBeCloseTo(0.625, 9);
  expect(costOf({ writes: 0, halfReads: 2e6 })).toBeCloseTo(0.125, 9);
});

test('what it stores: names, values, numbers by their digits, and an overhead', () => {
  expect(storedBytes({})).toBe(100);
  expect(storedBytes({ name: 'é', n: 12_345 })).toBe(100 + 4 + 2 + 1 + 4);
});
