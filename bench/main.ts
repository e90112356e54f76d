/**
 * Measures this library against its goals, beside the SDK alone, on the embedded server.
 *
 *     npm run bench [-- --only handOver]
 */
import { parseArgs } from 'node:util';
import { described, isMet } from './figure.js';
import * as goals from './goals.js';
import { Stage } from './stage.js';

const { values } = parseArgs({ options: { only: { type: 'string' } } });

for (const [name, measure] of Object.entries(goals)) {
  if (values.only !== undefined && values.only !== name) continue;
  const stage = await Stage.set();
  try {
    for (const figure of await measure(stage)) {
      console.log(`${isMet(figure) ? 'met' : 'missed'}\t${described(figure)}`);
    }
  } finally {
    await stage.strike();
  }
}
process.exit(0);
