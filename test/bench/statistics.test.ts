import { medianInterval } from '../../bench/statistics.js';

test('where the median lies, 95 times in 100: by rank, as tables of the binomial distribution have it', () => {
  const measured = (count: number): number[] => Array.from({ length: count }, (_, index) => count - index);
  expect(medianInterval(measured(100))).toEqual([40, 61]);
  expect(medianInterval(measured(20))).toEqual([6, 15]);
  expect(medianInterval([3])).toEqual([3, 3]);
});
