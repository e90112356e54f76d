import { NO_EDGES } from './edges.js';
import type { World } from './world.js';

/** How often TTL looks for what it is to delete. */
const SWEEP_MS = 250;

/** Lets the edges of a plan befall the table, and all clients at once. */
export function befallAll(world: World, endMs: number): void {
  const { ttlLateMs, restore, night, stuckReplica, askedEveryMs } = world.plan.edges ?? NO_EDGES;
  const at = (atMs: number, happen: () => void): void => {
    world.time.at(atMs, () => {
      if (!world.network.isCalm) happen();
    });
  };
  if (restore) {
    at(restore.atMs, () => {
      if (restore.outageMs > 0) world.pass(restore.outageMs);
      world.restore(restore.toMs);
    });
  }
  // Time passes for those, too, whom nothing else befalls.
  if (night && askedEveryMs !== undefined) world.time.at(night.atMs, () => world.pass(night.durationMs));
  else if (night) at(night.atMs, () => world.pass(night.durationMs));
  if (stuckReplica) world.network.stickReplica(stuckReplica);
  if (ttlLateMs !== undefined) sweep(world, ttlLateMs, endMs);
}

function sweep(world: World, lateMs: number, endMs: number): void {
  if (world.time.nowMs > endMs) return;
  for (const { lock, hold } of world.database.expire(world.epoch.nowMs() - lateMs)) {
    const holder = world.believers.find(
      (believer) => believer.hold === hold && !believer.process.isCrashed && believer.believes(),
    );
    if (holder) world.report('living-entry', `TTL deleted the entry of ${lock}, which ${holder.name} holds`);
  }
  world.time.at(world.time.nowMs + SWEEP_MS, () => sweep(world, lateMs, endMs));
}
