/**
 * A process that runs cycles on one lock of the table in its environment, from a line on its standard input on,
 * and tells how long they took and what they sent.
 *
 *     tsx bench/contender.ts CYCLES WORK_MS
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { getLockFactory } from '../runtime/index.js';
import { counted, total } from './stage.js';
import { timed } from './statistics.js';

const [cycles = 0, workMs = 0] = process.argv.slice(2).map(Number);
const { client, take } = counted(new DynamoDBClient({}));
const lock = getLockFactory(undefined, { client, waitSeconds: 300 }).createLock('processes');
// Connected, and its code warm, before it counts.
const warm = getLockFactory(undefined, { client }).createLock(`warm ${process.pid}`);
for (let cycle = 0; cycle < 20; cycle += 1) await warm.withLock(() => {});
take();
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const startedMs = Date.now();
const tookMs = await timed(async () => {
  for (let cycle = 0; cycle < cycles; cycle += 1) await lock.withLock(() => sleep(workMs));
});
process.stdout.write(`${JSON.stringify({ startedMs, tookMs, requests: total(take()) })}\n`);
process.exit(0);
