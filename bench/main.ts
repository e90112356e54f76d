/**
 * Measures this library against its goals, the SDK alone, and other libraries, on the embedded server.
 *
 *     npm run bench                                 this library, and others for Node.js: about six minutes
 *     npm run bench:all                             also those for Python and Java: about fifteen
 *     npm run bench -- --only handOver              one goal
 *     npm run bench -- --only-peer lynk             one library, if its language is measured
 *
 * With `--write`, it records the values in bench/results.json, runs the simulations again, and makes
 * docs/performance.md from both. `--part goals`, `--part peers` and `--part simulations` renew that part alone.
 */
import { parseArgs } from 'node:util';
import { crowdRows } from './crowd-rows.js';
import { described, type Figure, isMet } from './figure.js';
import * as goals from './goals.js';
import { heldHour, oneCycle, refusedTry, waitedHour } from './model/hours.js';
import { pollings } from './model/polling.js';
import { fractions, retryings, timeOuts } from './model/refreshing.js';
import { type Language, tournament } from './peers/tournament.js';
import { type Results, readResults, thisRun, writeResults } from './results.js';
import { Stage } from './stage.js';

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    only: { type: 'string' },
    'only-peer': { type: 'string' },
    part: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const { only, 'only-peer': onlyPeer, part } = values;
if (values.write && (only ?? onlyPeer) !== undefined) {
  throw new Error('--write keeps whole parts alone: leave --only and --only-peer out');
}
const wanted = part ?? (only !== undefined ? 'goals' : onlyPeer !== undefined ? 'peers' : undefined);
const wants = (name: 'goals' | 'peers' | 'simulations'): boolean => wanted === undefined || wanted === name;

async function measured(measure: (stage: Stage) => Promise<Figure[]>): Promise<Figure[]> {
  const stage = await Stage.set();
  try {
    return await measure(stage);
  } finally {
    await stage.strike();
  }
}

async function measureGoals(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [name, measure] of Object.entries(goals)) {
    if (only !== undefined && only !== name) continue;
    // On a very busy machine, requests run into their time limits. One failure must not lose the other results.
    const outcome = await measured(measure).catch((error: unknown) => {
      console.log(`again\t${name}: ${error}`);
      return measured(measure);
    });
    for (const figure of outcome) {
      console.log(`${isMet(figure) ? 'met' : 'missed'}\t${described(figure)}`);
      figures.push(figure);
    }
  }
  return figures;
}

async function measurePeers(): Promise<Results['peers']> {
  const languages: Language[] = values.all ? ['Node.js', 'Python', 'Java'] : ['Node.js'];
  const run = thisRun();
  const outcomes = await tournament(languages, console.log, onlyPeer);
  const of = (language: Language) => ({ run, outcomes: outcomes.filter((outcome) => outcome.language === language) });
  return Object.fromEntries(languages.map((language) => [language, of(language)]));
}

async function simulate(): Promise<Pick<Results, 'crowd' | 'hours' | 'defaults'>> {
  const held = await Promise.all(
    [10, 60].map(async (leaseSeconds) => ({ leaseSeconds, requests: await heldHour(leaseSeconds) })),
  );
  return {
    crowd: await crowdRows(),
    hours: {
      held,
      waited: await waitedHour(),
      cycle: await oneCycle({}),
      fencedCycle: await oneCycle({ fencing: true }),
      refusedTry: await refusedTry(),
    },
    defaults: { pollings: pollings(), fractions: fractions(), retryings: retryings(), timeOuts: timeOuts() },
  };
}

if (wants('goals')) {
  const run = thisRun();
  const figures = await measureGoals();
  if (values.write) writeResults({ goals: { run, figures } });
}
if (wants('peers')) {
  const peers = await measurePeers();
  if (values.write) writeResults({ peers: { ...readResults().peers, ...peers } });
}
if (values.write) {
  if (wants('simulations')) writeResults(await simulate());
  await import('./page/main.js');
}
process.exit(0);
