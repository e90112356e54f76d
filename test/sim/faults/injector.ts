import type { Client, World } from '../world.js';
import type { ClientPlan } from './plan.js';
import { NO_RARE_FAULTS } from './rare-faults.js';

/** Virtual time between two sweeps of DynamoDB's TTL. */
const SWEEP_MS = 250;

/** Schedules the faults of one client. None of them happens after the network has healed. */
export function injectClientFaults(world: World, { process }: Client, plan: ClientPlan): void {
  for (const { atMs, byMs } of plan.clockSteps) unlessHealed(world, atMs, () => process.stepClock(byMs));
  for (const { atMs, durationMs, monotonicClock } of plan.freezes) {
    unlessHealed(world, atMs, () => process.freeze(durationMs, monotonicClock));
  }
  const isSurvivor = world.plan.allOthersDieAtMs !== undefined && plan === world.plan.clients[0];
  if (plan.crashAtMs !== undefined && !isSurvivor) unlessHealed(world, plan.crashAtMs, () => process.crash());
}

/** Schedules the faults of the table, and those of all clients at once. */
export function injectSharedFaults(world: World, endMs: number): void {
  const { ttlLateMs, restore, suspension, laggingReplica, oneShotEveryMs } = world.plan.rareFaults ?? NO_RARE_FAULTS;
  if (restore) {
    unlessHealed(world, restore.atMs, () => {
      if (restore.outageMs > 0) world.skipTime(restore.outageMs);
      world.restoreTable(restore.toMs);
    });
  }
  if (suspension) {
    const skip = (): void => world.skipTime(suspension.durationMs);
    // One-shot callers see a suspension even after the network has healed.
    if (oneShotEveryMs !== undefined) world.time.at(suspension.atMs, skip);
    else unlessHealed(world, suspension.atMs, skip);
  }
  if (laggingReplica) world.network.lagReplica(laggingReplica);
  if (ttlLateMs !== undefined) sweep(world, ttlLateMs, endMs);
}

function unlessHealed({ time, network }: World, atMs: number, inject: () => void): void {
  time.at(atMs, () => {
    if (!network.isHealed) inject();
  });
}

function sweep(world: World, lateMs: number, endMs: number): void {
  if (world.time.nowMs > endMs) return;
  for (const entry of world.database.expire(world.epoch.nowMs() - lateMs)) world.ttlDeleted(entry);
  world.time.at(world.time.nowMs + SWEEP_MS, () => sweep(world, lateMs, endMs));
}
