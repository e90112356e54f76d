import type { World } from '../../world.js';

/** Beyond the lease of the last entry. */
const SLACK_MS = 3000;

/**
 * After all other clients have died and all messages have arrived, a waiter gets the lock within a lease (one lease for
 * each of several locks) and 3 s.
 */
export class WaiterServed {
  private isServed = false;

  constructor(private readonly world: World) {}

  served(): void {
    this.isServed = true;
  }

  /** Called when all others are dead and all messages have arrived. */
  expectService(): void {
    const { world } = this;
    const { clients, lockAtLeastSeconds, workloadKind, locks } = world.plan;
    const lease = Math.max(...clients.map(({ leaseSeconds }) => leaseSeconds));
    // The last entry, and each earlier caller of the survivor's process, may keep the lock for its least time.
    const leftSeconds = lockAtLeastSeconds * (1 + (clients[0]?.callers ?? 0));
    // Several locks are taken one by one. Each may have a dead holder's entry.
    const leases = workloadKind === 'multiLock' ? lease * locks.length : lease;
    const limitMs = (leases + leftSeconds) * 1000 + SLACK_MS;
    world.trace?.('world', 'is drained: the waiter has to be served');
    world.time.at(world.time.nowMs + limitMs, () => {
      if (this.isServed) return;
      world.report('waiter-served', `nobody else is alive, and the waiter did not get the lock within ${limitMs} ms`);
    });
  }
}
