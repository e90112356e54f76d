/**
 * A process that runs cycles on one lock of the table in its environment. Each line of its standard input is a number
 * of cycles. For each line, it prints how long they took and what they sent.
 *
 *     tsx bench/contender.ts WORK_MS
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { getLockFactory } from '../runtime/index.js';
import { connectionOf } from '../runtime/store/client.js';
import { counted, total } from './stage.js';
import { timed } from './statistics.js';

const workMs = Number(process.argv[2]);
const { take } = counted(connectionOf(undefined).client());
const lock = getLockFactory(undefined, { waitSeconds: 300 }).createLock('processes');
// One cycle first, so that the connection and the code are warm.
const warm = getLockFactory(undefined).createLock(`warm ${process.pid}`);
for (let cycle = 0; cycle < 20; cycle += 1) await warm.withLock(() => {});
process.stdout.write('ready\n');
for await (const line of createInterface(process.stdin)) {
  const cycles = Number(line);
  take();
  const startedMs = Date.now();
  const tookMs = await timed(async () => {
    for (let cycle = 0; cycle < cycles; cycle += 1) await lock.withLock(() => sleep(workMs));
  });
  process.stdout.write(`${JSON.stringify({ startedMs, tookMs, requests: total(take()) })}\n`);
}
process.exit(0);
