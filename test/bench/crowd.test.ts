import { crowd, races } from '../../bench/crowd.js';

const plan = { holdMs: 10, settleSeconds: 8, measureSeconds: 8, seed: 7 };

/** All of it in virtual time, from one seed: the figures are the same wherever it runs. */
test('ten times the waiters ask for far less than ten times the requests, and the lock changes hands as fast', async () => {
  const few = await crowd({ ...plan, waiters: 30 });
  const many = await crowd({ ...plan, waiters: 300 });
  const requests = ({ reads, writes, handOvers }: typeof few): number => (reads + writes) / handOvers;

  expect(few.handOvers).toBeGreaterThan(20 * plan.measureSeconds);
  expect(many.handOvers).toBeGreaterThan(20 * plan.measureSeconds);
  expect(requests(many)).toBeLessThan(4 * requests(few));
  expect(many.throttledReads + many.throttledWrites).toBe(0);
});

test('few processes that want it again at once take not twice as long as one, and need one more request a cycle', async () => {
  // Over 20 seeds, how far behind the last one is varies by a twentieth of itself.
  const ten = await races(60, { processes: 10, cycles: 20 });
  const two = await races(20, { processes: 2, cycles: 20 });

  expect(ten.ratio).toBeLessThan(1.7);
  expect(ten.slowest).toBeLessThan(1.7);
  expect(ten.requests).toBeLessThan(3);
  expect(two.ratio).toBeLessThan(2);
  expect(two.requests).toBeLessThan(2.2);
});
