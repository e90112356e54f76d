import type { Checker, World } from '../../world.js';

/** The duration of one poll, its sleep, and the write after it, without faults. */
const SLACK_MS = 500;
const TOLERANCE_MS = 3000;

/**
 * An entry is replaced within one lease and the tolerance after its last write, if a process waits for the lock and no
 * fault affects that process.
 */
export class Takeover implements Checker {
  constructor(private readonly world: World) {}

  probe(): void {
    const { world } = this;
    for (const lock of world.plan.locks) {
      const entry = world.database.standing(lock);
      if (!entry) continue;
      const limitMs = entry.leaseSeconds * 1000 + TOLERANCE_MS + SLACK_MS;
      for (const { process } of world.clients) {
        const waitsSinceMs = process.isRunning ? world.waitsSinceMs(process, lock) : undefined;
        if (waitsSinceMs === undefined) continue;
        const sinceMs = Math.max(entry.sinceMs, waitsSinceMs, process.faultUntilMs);
        if (world.time.nowMs - sinceMs <= limitMs) continue;
        const age = ((world.time.nowMs - entry.sinceMs) / 1000).toFixed(1);
        world.report('takeover', `${entry.host}'s entry of ${lock} is ${age} s old, though ${process.name} waits`);
      }
    }
  }
}
