import { isTombstone } from '../../../../runtime/protocol/version.js';
import type { TypeScriptClient } from '../../clients/typescript-client.js';
import type { Checker, World } from '../../world.js';

/** An abandoned request may take this long. */
const LONGEST_REQUEST_MS = 5000;
const SLACK_MS = 1000;

/**
 * An entry whose hold was not granted does not block the process that wrote it. When that process has been idle for a
 * while, the entry is gone, or the process may overwrite it at once.
 */
export class OrphanedEntry implements Checker {
  constructor(
    private readonly world: World,
    private readonly clients: readonly TypeScriptClient[],
  ) {}

  probe(): void {
    const { world } = this;
    const { nowMs } = world.time;
    for (const client of this.clients) {
      const { process, plan } = client;
      const { idleSinceMs } = client;
      if (idleSinceMs === undefined || !process.isRunning) continue;
      const sinceMs = Math.max(idleSinceMs, process.jumpedMs);
      if (nowMs - sinceMs < Math.min(LONGEST_REQUEST_MS, plan.leaseSeconds * 500) + SLACK_MS) continue;
      for (const lock of world.plan.locks) this.check(client, lock);
    }
  }

  private check(client: TypeScriptClient, lock: string): void {
    const { world } = this;
    const entry = world.database.standing(lock);
    if (!entry || entry.leaseSeconds === 0 || entry.host !== client.process.name) return;
    const { hold } = entry;
    if (isTombstone(hold) || world.grantedHolds.has(hold) || client.mayTake(hold)) return;
    const age = ((world.time.nowMs - entry.sinceMs) / 1000).toFixed(1);
    world.report(
      'orphaned-entry',
      `${client.process.name}'s entry ${hold.slice(-4)} of ${lock} is ${age} s old, nobody was granted it, ` +
        'and the process takes it for another’s',
    );
  }
}
