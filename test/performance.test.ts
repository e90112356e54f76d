import { readFileSync } from 'node:fs';
import { renewed } from '../bench/page/page.js';
import { plots } from '../bench/page/plots.js';
import { readResults } from '../bench/results.js';

test('the page is what the last results give: else npm run bench:page', () => {
  const page = readFileSync('docs/performance.md', 'utf8');
  expect(renewed(page, readResults())).toBe(page);
});

test('so are its drawings', () => {
  const drawings = Object.entries(plots(readResults()));
  expect(drawings).toHaveLength(4);
  for (const [file, drawing] of drawings) expect(drawing).toBe(readFileSync(file, 'utf8'));
});

test('a figure that the results do not give, or a place for it that is missing, is no page', () => {
  const results = readResults();
  expect(() => renewed('<!-- results: none -->\n<!-- end -->', results)).toThrow('which no result gives');
  expect(() => renewed('# Performance', results)).toThrow('the page has no place for');
});

describe('what the page says in words holds for its results:', () => {
  const { crowd, defaults, peers } = readResults();
  const polling = (schedule: string) => {
    const found = defaults.pollings.find((one) => one.schedule === schedule);
    if (!found) throw new Error(`the results have no ${schedule}`);
    return found;
  };

  test('ten times the waiters ask for at most five times the requests, unthrottled, at no lower rate', () => {
    const at = new Map(crowd.map((row) => [row.waiters, row]));
    expect([...at.keys()]).toEqual([1, 3, 10, 30, 100, 300, 1000, 3000, 10_000]);
    for (const row of crowd) {
      const more = at.get(row.waiters * 10);
      expect(row.throttledWritesPerSecond).toBe(0);
      if (!more) continue;
      expect((more.reads + more.writes) / (row.reads + row.writes)).toBeLessThanOrEqual(5);
      expect(more.handOversPerSecond).toBeGreaterThanOrEqual(row.handOversPerSecond);
    }
    expect(at.get(10_000)?.handOversPerSecond).toBeGreaterThanOrEqual(20);
  });

  test('170 ms is the longest that keeps median and requests within bounds; jitter is for crowds', () => {
    const ours = polling('up to 170 ms');
    expect(ours.medianMs).toBeLessThan(100);
    expect(ours.requests).toBeLessThan(21);
    const doubling = polling('up to 170 ms, doubling');
    expect(ours.requests).toBeLessThan(1.1 * doubling.requests);
    expect(polling('up to 340 ms').medianMs).toBeGreaterThan(100);
    expect(polling('up to 85 ms').requests).toBeGreaterThan(21);
    expect(polling('up to 170 ms, full jitter').medianMs).toBeGreaterThan(1.1 * ours.medianMs);
    expect(polling('up to 170 ms, no jitter').p95Ms).toBeLessThan(ours.p95Ms);
    expect(polling('up to 170 ms, no jitter').failedOfTen).toBeGreaterThan(2);
  });

  test('a refresh tried again ever sooner survives an outage that others do not', () => {
    const [client, ...others] = defaults.retryings.map(({ survived }) => survived);
    expect(client).toBe(1);
    for (const survived of others) expect(survived).toBeLessThan(0.5);
  });

  test('who is faster than ours asks all the time', () => {
    const outcomes = Object.values(peers).flatMap((part) => part.outcomes);
    const medianMs = ({ results }: (typeof outcomes)[number]) => results.handOver?.['medianMs'] ?? Number.NaN;
    const ours = outcomes.find(({ id }) => id === 'ours');
    const faster = outcomes.filter((one) => ours && medianMs(one) < medianMs(ours));
    expect(faster.map(({ id }) => id)).toEqual(['dynamo-dlm']);
    expect(faster[0]?.results.handOver?.['writes']).toBeGreaterThan(100);
  });
});

test('no path of a machine is in the results', () => {
  expect(readFileSync('bench/results.json', 'utf8')).not.toMatch(/\/(work|tmp|home|root|Users)\//);
});
