/**
 * Measures this library against its goals, beside the SDK alone, on the embedded server.
 *
 *     npm run bench [-- --check] [-- --only handOver]
 *
 * With `--check`, fails where a count of requests is over its goal, or anything else over 1.5 times.
 */
import { parseArgs } from 'node:util';
import * as goals from './goals.js';
import { Stage } from './stage.js';

/** How far a time or a ratio may be over its goal before `--check` fails: the machine is not ours alone. */
const SLACK = 1.5;

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false }, only: { type: 'string' } } });

let [passed, failed] = [0, 0];
for (const [name, measure] of Object.entries(goals)) {
  if (values.only !== undefined && values.only !== name) continue;
  const stage = await Stage.set();
  try {
    for (const { what, unit, value, goal, least = false } of await measure(stage)) {
      const isMet = least ? value >= goal : value <= goal;
      const isNear = unit === 'requests' ? isMet : least ? value * SLACK >= goal : value <= goal * SLACK;
      if (isNear) passed += 1;
      else failed += 1;
      const verdict = isMet ? 'met' : isNear ? 'near' : 'missed';
      console.log(`${verdict}\t${what}: ${value.toFixed(2)} ${unit} (${least ? 'at least' : 'at most'} ${goal})`);
    }
  } finally {
    await stage.strike();
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(values.check && (failed > 0 || passed === 0) ? 1 : 0);
