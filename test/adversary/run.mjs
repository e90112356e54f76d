/**
 * The adversary: the built package against a server that misbehaves. See README.md.
 *
 *     --seed N        runs the plan of one seed, and prints what was done if it fails
 *     --from N        the first seed (by default a new one, which is printed)
 *     --minutes M     begins rounds for that long (2)
 *     --without F     with a planted fault (see plants.mjs)
 *     --prove         searches with each planted fault in turn, until its checker finds it
 *     --plant F       with --prove: that one only; may be given again
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { assertFitting, installed } from './installed.mjs';
import { planOf } from './plan.mjs';
import { PLANTS } from './plants.mjs';
import { Round } from './round.mjs';

const CHAOS_MS = 14_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    from: { type: 'string' },
    minutes: { type: 'string', default: '2' },
    without: { type: 'string' },
    prove: { type: 'boolean' },
    plant: { type: 'string', multiple: true },
  },
});
const firstSeed = Number(values.seed ?? values.from ?? Date.now() % 1_000_000);
const limitMs = Number(values.minutes) * 60_000;

// Processes that a signal has stopped would stay for good.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const failed = values.prove ? await prove(values.plant ?? Object.keys(PLANTS)) : await search();
process.exitCode = failed > 0 ? 1 : 0;

/** Rounds until the time is over, or of one seed. */
async function search() {
  // Those that are not planted now have to fit as well.
  for (const { edits } of Object.values(PLANTS)) assertFitting(edits);
  const program = installed(values.without ? PLANTS[values.without].edits : []);
  const untilMs = performance.now() + limitMs;
  let passed = 0;
  let bad = 0;
  try {
    for (let seed = firstSeed; ; seed += 1) {
      const { violations } = await round(seed, program);
      if (violations.length > 0) bad += 1;
      else passed += 1;
      if (values.seed !== undefined || performance.now() > untilMs - CHAOS_MS) break;
    }
  } finally {
    program.remove();
  }
  console.log(`${passed} passed, ${bad} failed`);
  return bad;
}

async function round(seed, program, isQuiet = false) {
  const beganMs = performance.now();
  const running = new Round(planOf(seed, CHAOS_MS), program.worker);
  const outcome = await running.run();
  running.remove();
  const { violations, journal, requests } = outcome;
  const count = (event) => journal.filter((entry) => entry.event === event).length;
  const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
  const said = `seed ${seed}: ${count('granted')} holds, ${requests.length} requests, ${count('stopped')} losses, ${seconds} s`;
  if (violations.length === 0) {
    const kept = values.seed === undefined ? '' : `; what was done: ${keep(seed, outcome)}`;
    if (!isQuiet) console.log(`ok adversary: ${said}${kept}`);
    return outcome;
  }
  if (isQuiet) return outcome;
  console.log(`not ok adversary: ${said}`);
  for (const { checker, what } of violations.slice(0, 20)) console.log(`  ${checker}: ${what}`);
  console.log(`  what was done: ${keep(seed, outcome)}; again: node test/adversary/run.mjs --seed ${seed}`);
  return outcome;
}

/** Real time does not repeat: the log of a round that failed stays. */
function keep(seed, { journal, requests, commits, violations }) {
  mkdirSync('build', { recursive: true });
  const file = `build/adversary-${seed}.jsonl`;
  const sent = requests.map((request) => ({ event: 'request', ...request }));
  const committed = commits.map(({ table, key, item, ...more }) => ({
    event: 'commit',
    name: key,
    table,
    item,
    ...more,
  }));
  const all = [...journal, ...sent, ...committed].sort((a, b) => a.atMs - b.atMs);
  writeFileSync(
    file,
    [...violations, planOf(seed, CHAOS_MS), ...all].map((line) => `${JSON.stringify(line)}\n`).join(''),
  );
  return file;
}

/** Each planted fault is found, by the checker that is there for it. */
async function prove(names) {
  let bad = 0;
  for (const name of names) {
    const { edits, checker, from = 0 } = PLANTS[name];
    const program = installed(edits);
    const beganMs = performance.now();
    let seed = values.from === undefined ? from : firstSeed;
    let found;
    try {
      for (; !found && performance.now() - beganMs < limitMs; seed += 1) {
        const { violations } = await round(seed, program, true);
        found = violations.find((one) => one.checker === checker);
      }
    } finally {
      program.remove();
    }
    const seconds = Math.round((performance.now() - beganMs) / 1000);
    if (found) console.log(`ok adversary: ${name}: seed ${seed - 1}, after ${seconds} s: ${checker}: ${found.what}`);
    else console.log(`not ok adversary: ${name}: not found within ${seconds} s`);
    if (!found) bad += 1;
  }
  console.log(`${names.length - bad} passed, ${bad} failed`);
  return bad;
}
