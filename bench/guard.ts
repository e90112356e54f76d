/**
 * Fails if the client costs more than its goals: in requests, or by half in ratios and bytes. Times never fail. A value
 * that fails is measured a second time.
 *
 *     npm run test:bench [-- --only handOver]
 */
import { parseArgs } from 'node:util';
import { crowdedHolds } from './crowded-holds.js';
import { described, type Figure, isAllowed, isGuarded } from './figure.js';
import * as goals from './goals.js';
import { light } from './light.js';
import { manyHolds } from './many-holds.js';
import { Stage } from './stage.js';

type Measure = (stage: Stage) => Promise<Figure[]>;

/**
 * Fewer rounds if they take long: counts do not depend on their number, and ratios have slack. Also fewer locks at
 * once: on a busy machine, a thousand requests that queue for sockets run into their time limits.
 */
const MEASURES: Readonly<Record<string, Measure>> = {
  ...goals,
  handOver: (stage) => goals.handOver(stage, 20),
  crash: (stage) => goals.crash(stage, 5),
  manyLocks: (stage) => goals.manyLocks(stage, 11, 200),
  crowdedHolds: (stage) => crowdedHolds(stage),
  manyHolds,
  light: (stage) => light(stage),
};

async function guarded(measure: Measure): Promise<Figure[]> {
  const stage = await Stage.set();
  try {
    return (await measure(stage)).filter(isGuarded);
  } finally {
    await stage.strike();
  }
}

const { values } = parseArgs({ options: { only: { type: 'string' } } });

let [passed, failed] = [0, 0];
for (const [name, measure] of Object.entries(MEASURES)) {
  if (values.only !== undefined && values.only !== name) continue;
  const startedMs = performance.now();
  const first = await guarded(measure);
  if (first.length === 0) throw new Error(`nothing was measured by ${name}`);
  const second = first.every(isAllowed) ? [] : await guarded(measure);
  for (const [index, figure] of first.entries()) {
    const again = isAllowed(figure) ? undefined : second[index];
    const isOk = isAllowed(again ?? figure);
    if (isOk) passed += 1;
    else failed += 1;
    const before = again ? `, before that ${figure.value.toFixed(2)}` : '';
    console.log(`${isOk ? 'ok' : 'not ok'} bench: ${described(again ?? figure)}${before}`);
  }
  console.log(`${name}: ${Math.round((performance.now() - startedMs) / 1000)} s`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
