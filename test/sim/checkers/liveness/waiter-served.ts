import type { World } from '../../world.js';

/** What a waiter may take beyond the lease of the last entry. */
const PATIENCE_MS = 3000;

/**
 * A waiter gets the lock within a lease (of several locks, one for each) and 3 s once all others have died and the
 * wire has drained. The schedule tells it when that is, and when the waiter was served.
 */
export class WaiterServed {
  private isServed = false;

  constructor(private readonly world: World) {}

  served(): void {
    this.isServed = true;
  }

  /** All others are dead, and nothing is on its way any more. */
  expectService(): void {
    const { world } = this;
    const { clients, lockAtLeastSeconds, workloadKind, locks } = world.plan;
    const lease = Math.max(...clients.map(({ leaseSeconds }) => leaseSeconds));
    // The last of the others may have left its time, and each caller before it in its own process.
    const leftSeconds = lockAtLeastSeconds * (1 + (clients[0]?.callers ?? 0));
    // Who wants several locks takes one by one, and may have to see a dead one's entry of each for a lease.
    const leases = workloadKind === 'multiLock' ? lease * locks.length : lease;
    const limitMs = (leases + leftSeconds) * 1000 + PATIENCE_MS;
    world.trace?.('world', 'is drained: the waiter has to be served');
    world.time.at(world.time.nowMs + limitMs, () => {
      if (this.isServed) return;
      world.report('waiter-served', `nobody else is alive, and the waiter did not get the lock within ${limitMs} ms`);
    });
  }
}
