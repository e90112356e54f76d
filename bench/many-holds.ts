import { randomBytes } from 'node:crypto';
import { LockFactory } from '../runtime/client/lock-factory.js';
import { systemClock } from '../runtime/core/clock.js';
import { LockManager } from '../runtime/core/lock-manager.js';
import { MemoryStore } from '../runtime/store/memory-store.js';
import type { Figure } from './figure.js';
import type { Stage } from './stage.js';
import { pairedRatio } from './statistics.js';

const FEW = 50;
const MANY = 50_000;
/** Long enough that no lock is refreshed during the measurement. */
const LEASE_SECONDS = 3600;

/** A cycle in a process with many other holds, compared with one in a process with few. The table is in memory. */
export async function manyHolds(_stage: Stage): Promise<Figure[]> {
  const [few, many] = [await cyclesBeside(FEW), await cyclesBeside(MANY)];
  const ratio = await pairedRatio(15, many, few);
  const what = `a cycle beside ${MANY.toLocaleString('en-US')} holds, over one beside ${FEW}`;
  return [{ what, unit: 'ratio', value: ratio, goal: 1.3 }];
}

async function cyclesBeside(holds: number): Promise<() => Promise<void>> {
  const manager = new LockManager(systemClock, { bytes: randomBytes, fraction: Math.random });
  const settings = { leaseSeconds: LEASE_SECONDS };
  const locks = new LockFactory(manager, new MemoryStore('locks'), settings, () => 'bench');
  for (let index = 0; index < holds; index += 1) await locks.createLock(`held ${index}`).acquire();
  let cycles = 0;
  return async () => {
    for (const end = cycles + 300; cycles < end; cycles += 1) await locks.withLock(`cycle ${cycles}`, () => {});
  };
}
