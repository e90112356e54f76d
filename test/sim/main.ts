import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { runDurableSchedule } from './durable/durable-schedule.js';
import { END_MS } from './faults/plan.js';
import { runSchedule } from './schedule.js';
import { search } from './search.js';

/** Time between two lines of progress. */
const PROGRESS_MS = 10_000;
/** A search of at least this many schedules stores its progress. */
const RESUMED_FROM = 100_000;

const { values } = parseArgs({
  // A worker runs this file, too, and has the parent's arguments.
  args: isMainThread ? process.argv.slice(2) : [],
  options: {
    seed: { type: 'string' },
    from: { type: 'string', default: '0' },
    schedules: { type: 'string', default: '20000' },
    checker: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    durable: { type: 'boolean', default: false },
  },
});

if (isMainThread) process.exitCode = values.seed === undefined ? await searchMany() : await replay(whole(values.seed));

/** Runs one schedule, and prints its trace. */
async function replay(seed: number): Promise<number> {
  const lines: string[] = [];
  const run = values.durable ? runDurableSchedule : runSchedule;
  const { violation } = await run(seed, { lines, checker: values.checker });
  console.log(lines.join('\n'));
  console.log(violation ? `seed ${seed}: violation` : `seed ${seed}: no violation`);
  return violation ? 1 : 0;
}

async function searchMany(): Promise<number> {
  const [from, schedules, startedMs] = [whole(values.from), whole(values.schedules), performance.now()];
  let printedMs = startedMs;
  const rate = (done: number): string => `${((done / (performance.now() - startedMs)) * 1000).toFixed(0)} schedules/s`;
  const folder = dirname(fileURLToPath(import.meta.url));
  const { done, found, counts } = await search({
    from,
    schedules,
    checker: values.checker,
    isDurable: values.durable,
    keepsGoing: values['keep-going'],
    progressFile: schedules >= RESUMED_FROM ? join(folder, `progress-${from}-${schedules}.json`) : undefined,
    onResume: (seed) => console.log(`sim: goes on at seed ${seed}`),
    onProgress: (sofar, violations) => {
      if (values.json || performance.now() - printedMs < PROGRESS_MS) return;
      printedMs = performance.now();
      console.log(`sim: ${sofar} schedules, ${rate(sofar)}, ${violations} violations`);
    },
  });
  if (values.json) {
    console.log(JSON.stringify({ done, found }));
    return found.length > 0 ? 1 : 0;
  }
  const what = values.durable ? 'schedules with durable executions' : `schedules of ${END_MS / 1000} virtual seconds`;
  console.log(`sim: ${done} ${what}: ${rate(done)}, ${found.length} violations`);
  const counted = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`);
  if (counted.length > 0) console.log(`sim: ${counted.join(', ')}`);
  for (const { seed, checker, what } of found) console.log(`seed ${seed}: ${checker}: ${what}`);
  const [first] = found;
  if (!first) return 0;
  if (!values['keep-going']) await replay(first.seed);
  console.log(`not ok sim: replay it with --seed ${first.seed}`);
  return 1;
}

function whole(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`a whole number is wanted, got "${text}"`);
}
