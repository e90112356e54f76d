/**
 * A process that holds some locks of the table in its environment, and waits for other locks that others hold. After so
 * many seconds, it prints how many of its holds still live.
 *
 *     tsx bench/crowded-process.ts HOLDS WAITERS SECONDS
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { getLockFactory, type HeldLock } from '../runtime/index.js';

const [holds = 0, waiters = 0, seconds = 0] = process.argv.slice(2).map(Number);
const SILENT = { warn: (): void => {}, debug: (): void => {} };
const locks = getLockFactory(undefined, { leaseSeconds: 10, waitSeconds: 3600, logger: SILENT });
const held: HeldLock[] = [];
for (let index = 0; index < holds; index += 1) held.push(await locks.createLock(`own ${index}`).acquire());

// No waiter gets its lock: others keep them.
for (let index = 0; index < waiters; index += 1) void locks.createLock(`other ${index}`).acquire();
const before = performance.eventLoopUtilization();
await sleep(seconds * 1000);
const { utilization } = performance.eventLoopUtilization(before);
process.stdout.write(`${JSON.stringify({ living: held.filter(({ isHeld }) => isHeld).length, utilization })}\n`);
process.exit(0);
