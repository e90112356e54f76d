/**
 * How the cost of a hand-over grows with the number of processes that wait: the real client in virtual time,
 * within DynamoDB's limits for one item.
 *
 *     npm run bench:crowd -- --waiters 1,10,100,1000 --hold 10 --settle 20 --measure 20 --seed 7
 *
 * Or how long a few processes take for so many cycles each, compared with one process that runs all of them:
 *
 *     npm run bench:crowd -- --race 2,3,10 --cycles 20 --seeds 40
 */
import { parseArgs } from 'node:util';
import { crowd, races } from './crowd.js';

const { values } = parseArgs({
  options: {
    waiters: { type: 'string', default: '1,3,10,30,100,1000' },
    hold: { type: 'string', default: '10' },
    settle: { type: 'string', default: '20' },
    measure: { type: 'string', default: '20' },
    seed: { type: 'string', default: '7' },
    race: { type: 'string' },
    cycles: { type: 'string', default: '20' },
    seeds: { type: 'string', default: '40' },
  },
});

if (values.race === undefined) {
  await tellCrowds(Number(values.measure));
} else {
  await tellRaces(values.race);
}

async function tellRaces(processes: string): Promise<void> {
  const [cycles, seeds] = [Number(values.cycles), Number(values.seeds)];
  console.log(['processes', 'times as long', 'slowest/mean', 'requests a cycle'].join('\t'));
  for (const count of processes.split(',').map(Number)) {
    const { ratio, slowest, requests } = await races(seeds, { processes: count, cycles });
    console.log([count, ...[ratio, slowest, requests].map((figure) => figure.toFixed(2))].join('\t'));
  }
}

async function tellCrowds(seconds: number): Promise<void> {
  const columns = ['waiters', 'hand-overs/s', 'median ms', 'p95 ms', 'reads', 'writes', 'failed writes', 'throttled'];
  console.log(`held for ${values.hold} ms; reads, writes and failed writes are for one hand-over`);
  console.log(columns.join('\t'));
  for (const waiters of values.waiters.split(',').map(Number)) {
    const figures = await crowd({
      waiters,
      holdMs: Number(values.hold),
      settleSeconds: Number(values.settle),
      measureSeconds: seconds,
      seed: Number(values.seed),
    });
    const { handOvers, delaysMs, reads, writes, failedWrites, throttledReads, throttledWrites } = figures;
    const quantile = (part: number): string => (delaysMs[Math.floor(delaysMs.length * part)] ?? Number.NaN).toFixed(0);
    const each = (count: number): string => (count / handOvers).toFixed(1);
    const rate = (handOvers / seconds).toFixed(1);
    const throttled = throttledReads + throttledWrites;
    console.log(
      [waiters, rate, quantile(0.5), quantile(0.95), each(reads), each(writes), each(failedWrites), throttled].join(
        '\t',
      ),
    );
  }
}
