import type { Checker, World } from '../../world.js';

/** The duration of one poll, its sleep, and the write after it, without faults. */
const SLACK_MS = 500;
const TOLERANCE_MS = 3000;

/**
 * An entry is replaced within one lease and the tolerance after its last write, if a process waits for the lock and no
 * fault affects that process.
 */
export class Takeover implements Checker {
  /** True time until which a process may go by what stood in the table before it was restored. */
  private restoredUntilMs = 0;

  constructor(private readonly world: World) {}

  /**
   * A consistent answer may have shown a later version before the restore. Then eventually consistent answers that show
   * the restored one count as outdated, until the later one has stood for its lease and a write over it is refused.
   */
  tableRestored(): void {
    const { time, plan } = this.world;
    const longestSeconds = Math.max(...plan.clients.map(({ leaseSeconds }) => leaseSeconds));
    this.restoredUntilMs = time.nowMs + longestSeconds * 1000 + SLACK_MS;
  }

  probe(): void {
    const { world } = this;
    for (const lock of world.plan.locks) {
      const entry = world.database.standing(lock);
      if (!entry) continue;
      const limitMs = entry.leaseSeconds * 1000 + TOLERANCE_MS + SLACK_MS;
      for (const { process } of world.clients) {
        const waitsSinceMs = process.isRunning ? world.waitsSinceMs(process, lock) : undefined;
        if (waitsSinceMs === undefined) continue;
        const sinceMs = Math.max(entry.sinceMs, waitsSinceMs, process.faultUntilMs, this.restoredUntilMs);
        if (world.time.nowMs - sinceMs <= limitMs) continue;
        const age = ((world.time.nowMs - entry.sinceMs) / 1000).toFixed(1);
        world.report('takeover', `${entry.host}'s entry of ${lock} is ${age} s old, though ${process.name} waits`);
      }
    }
  }
}
