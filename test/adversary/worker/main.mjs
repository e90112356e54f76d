/**
 * One process of a round. It does random operations until it is told to finish, sees that waiters get in, and then has
 * to end by itself: nothing may keep it alive.
 */
import { openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { randomFrom } from '../random.mjs';
import { sleep, trueMs, watchStalls } from '../time.mjs';
import { disturb, disturbClocks } from './clocks.mjs';

const { label, plan, index, incarnation, endpoint, journalFile } = JSON.parse(process.env.ADVERSARY_WORKER);
const settings = plan.workers[index];
const file = openSync(journalFile, 'a');
/** Written at once, so that it is there whenever this process is killed. */
const journal = (event, more = {}) => writeSync(file, `${JSON.stringify({ atMs: trueMs(), event, label, ...more })}\n`);
/** @param checker whose business it is */
const fault = (what, checker = 'unexpected') => journal('fault', { what, checker });

process.on('unhandledRejection', (error) => fault(`unhandled rejection: ${error?.stack ?? error}`));
process.on('uncaughtException', (error) => fault(`uncaught: ${error?.stack ?? error}`));
process.on('warning', (warning) => {
  if (warning.name !== 'Warning' || !/NodeVersionSupportWarning/.test(warning.message))
    fault(`a warning of Node's: ${warning.stack}`);
});

disturbClocks(settings.offsetMs);
const stalls = watchStalls();
// Only now, so that the package finds the disturbed clocks.
const { makersOf } = await import('./makers.mjs');
const { Operations } = await import('./operations.mjs');
const { askAll } = await import('./watch.mjs');

const random = randomFrom(plan.seed * 1000 + index * 50 + incarnation);
let isFinishing = false;
let isLeaving = false;
let writes = 0;
const require = createRequire(import.meta.url);
const onEvent = ({ type, attempt, heldSeconds }) => {
  if (type === 'released') journal('released', { name: attempt.lockName, heldSeconds });
};
const { makers, close } = await makersOf({ plan, endpoint, permits: settings.permits, require, onEvent, journal });
const actor = {
  label,
  plan,
  random,
  makers,
  journal,
  fault,
  stalls,
  isLongHolding: settings.isLongHolding,
  isFinishing: () => isFinishing,
  send: (message) => process.send?.(message),
  drawWrite() {
    writes += 1;
    return `${label}-${writes}`;
  },
};
const operations = new Operations(actor);
const open = new Set();

function track(promise) {
  open.add(promise);
  return promise.finally(() => open.delete(promise));
}

async function loop() {
  await sleep(random.between(0, 300));
  while (!isFinishing) {
    await track(operations.next());
    await sleep(random.between(0, 120));
  }
}

process.on('message', async (message) => {
  if (message.kind === 'text' && !isFinishing) await track(operations.receive(message));
  if (message.kind === 'finish') isFinishing = true;
  if (message.kind === 'getIn') {
    await operations.allGetIn(message);
    process.send?.({ kind: 'gotIn' });
  }
  if (message.kind === 'leave') {
    isLeaving = true;
    close();
    journal('leaving');
    process.disconnect();
  }
});

// The round's own process has ended.
process.on('disconnect', () => {
  if (!isLeaving) process.exit();
});

journal('started', { offsetMs: settings.offsetMs });
const begun = new Promise((resolve) => process.once('message', resolve));
process.send({ kind: 'ready' });
await begun;
if (incarnation >= 0) {
  void disturb(settings.disturbances, () => isFinishing, journal, askAll);
  await Promise.all(Array.from({ length: settings.loops }, loop));
  while (open.size > 0) await Promise.all(open);
  await Promise.all(operations.sticky.map(({ made }) => made.release().catch(() => {})));
}
process.send({ kind: 'idle' });
