import type { Results } from '../results.js';
import { type DotRow, drawDotChart } from './dot-chart.js';
import { drawLineChart, type Series } from './line-chart.js';
import { outcomesOf, titleOf } from './peers.js';
import { linear, logarithmic } from './scale.js';
import { svgDocument } from './shapes.js';

/** The drawings of the page, by file. */
export function plots(results: Results): Readonly<Record<string, string>> {
  return {
    'docs/performance-crowd.svg': drawCrowd(results),
    'docs/performance-hand-over.svg': drawHandOver(results),
    'docs/performance-peers-hand-over.svg': drawPeersHandOver(results),
    'docs/performance-peers-recovery.svg': drawPeersRecovery(results),
  };
}

function drawCrowd({ crowd }: Results): string {
  const x = logarithmic(1, 10_000);
  const of = (name: string, value: (row: (typeof crowd)[number]) => number): Series => ({
    name,
    points: crowd.map((row) => [row.waiters, value(row)]),
  });
  const most = (series: readonly Series[]): number =>
    Math.max(...series.flatMap(({ points }) => points.map(([, y]) => y)));
  const requests = [of('reads', ({ reads }) => Math.max(0.1, reads)), of('writes', ({ writes }) => writes)];
  const failed = [of('failed writes', ({ failedWrites }) => failedWrites)];
  const delays = [of('median', ({ medianMs }) => medianMs), of('p95', ({ p95Ms }) => p95Ms)];
  const writes = [
    of('all', ({ writes: each, handOversPerSecond }) => each * handOversPerSecond),
    of('throttled', ({ throttledWritesPerSecond }) => throttledWritesPerSecond),
  ];
  const xName = 'processes that wait';
  const size = { width: 450, height: 250 };
  const caption = {
    title: 'One lock, from one waiter to ten thousand',
    description: 'Requests, writes that fail, delay and writes a second at the item, over the number of waiters.',
  };
  return svgDocument(920, 520, caption, [
    ...drawLineChart(
      { heading: 'requests for one hand-over', x, xName, y: logarithmic(0.1, most(requests)), series: requests },
      { left: 5, top: 10, ...size },
    ),
    ...drawLineChart(
      { heading: 'writes that fail, for one hand-over', x, xName, y: linear(most(failed)), series: failed },
      { left: 460, top: 10, ...size },
    ),
    ...drawLineChart(
      { heading: 'ms from release to acquire', x, xName, y: linear(most(delays)), series: delays },
      { left: 5, top: 262, ...size },
    ),
    ...drawLineChart(
      {
        heading: 'writes a second',
        x,
        xName,
        y: linear(1200),
        series: writes,
        limits: [{ at: 1000, name: 'what DynamoDB lets one item have' }],
      },
      { left: 460, top: 262, ...size },
    ),
  ]);
}

/** The number of hand-overs over time. */
function drawHandOver({ goals }: Results): string {
  const figure = goals.figures.find(({ what }) => what === 'hand-over, median');
  const delays = [...(figure?.samples ?? [])].sort((a, b) => a - b);
  const points = delays.map((ms, index): [number, number] => [ms, ((index + 1) / delays.length) * 100]);
  const caption = {
    title: 'From a release to the acquire of a process that waits',
    description: `The share of ${delays.length} hand-overs that were done by then.`,
  };
  const place = { left: 5, top: 8, width: 630, height: 280 };
  const chart = {
    heading: `% of ${delays.length} hand-overs done within so many ms`,
    x: linear(Math.max(...delays, 1)),
    xName: 'ms from release to acquire',
    y: linear(100),
    series: [{ name: '', points: [[0, 0] as const, ...points] }],
    limits: [
      { at: 50, name: 'median' },
      { at: 95, name: 'p95' },
    ],
  };
  return svgDocument(640, 300, caption, drawLineChart(chart, place));
}

function drawPeersHandOver(results: Results): string {
  const rows = outcomesOf(results).map(
    (outcome): DotRow => ({
      name: titleOf(outcome),
      values: [outcome.results.handOver?.['medianMs'], outcome.results.handOver?.['p95Ms']],
      missing: 'not measured',
    }),
  );
  const caption = {
    title: 'From a release to the acquire of a process that waits',
    description: 'Median and 95th percentile of each library, on a logarithmic axis.',
  };
  return drawDotChart(caption, ['median', '95th percentile'], rows);
}

function drawPeersRecovery(results: Results): string {
  const rows = outcomesOf(results).map(
    (outcome): DotRow => ({
      name: titleOf(outcome),
      values: [outcome.results.crash?.['medianMs'], outcome.results.lateCrash?.['medianMs']],
      missing: outcome.cannot.crash ? 'never' : 'not measured',
    }),
  );
  const caption = {
    title: 'After a holder with a lease of 4 s crashed',
    description: 'How long a contender waits that is there from the start, and one that comes 10 s later.',
  };
  return drawDotChart(caption, ['who waited from the start', 'who comes 10 s later'], rows);
}
