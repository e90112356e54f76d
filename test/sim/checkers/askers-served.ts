import type { World } from '../world.js';

/** What a granted hold's stamp may be ahead of any front end's clock. */
const AHEAD_MS = 3500;
const TOLERANCE_MS = 3000;
const SLACK_MS = 1000;

/**
 * Processes that ask once each, and know nothing of each other's looks, are served once all others are dead: within
 * the last lease, the tolerance, and the time until the next of them asks. What stands must have been granted to
 * somebody: who dies within its acquire may leave a stamp of a wrong clock.
 */
export class AskersServed {
  private isServed = false;

  constructor(
    private readonly world: World,
    private readonly lock: string,
    private readonly everyMs: number,
  ) {}

  served(): void {
    this.isServed = true;
  }

  /** All others are dead, and nothing is on its way any more. */
  expectService(): void {
    const { world, lock } = this;
    const entry = world.database.standing(lock);
    if (entry && entry.leaseSeconds > 0 && !world.grantedHolds.has(entry.hold)) return;
    const limitMs = (entry?.leaseSeconds ?? 0) * 1000 + TOLERANCE_MS + AHEAD_MS + this.everyMs + SLACK_MS;
    world.trace?.('world', `is drained: one who asks has to be served within ${Math.round(limitMs)} ms`);
    this.isServed = false;
    world.time.at(world.time.nowMs + limitMs, () => {
      if (this.isServed) return;
      world.report(
        'askers-served',
        `nobody who asked for ${lock} got it within ${Math.round(limitMs)} ms of ${entry?.host ?? 'nobody'}'s entry`,
      );
    });
  }
}
