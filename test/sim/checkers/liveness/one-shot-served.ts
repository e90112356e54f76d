import type { World } from '../../world.js';

const TOLERANCE_MS = 3000;
/** By so much a stamp may be later than the `Date` of the answer after which its hold was granted. */
const AHEAD_MS = 3000;
/** A `Date` is so old at most. */
const GRAIN_MS = 1000;
const SLACK_MS = 1000;

/**
 * Processes that ask once each, and know nothing of each other's looks, are served once all others are dead: within
 * the lease of what stands, the tolerance, what answers leave open, and the time until the next of them asks.
 */
export class OneShotServed {
  private isDrained = false;
  private grants = 0;
  /** Those of them who have the lock, or think so. */
  private holding = 0;

  constructor(
    private readonly world: World,
    private readonly lock: string,
    private readonly everyMs: number,
  ) {}

  /** One of them has the lock from now on. */
  served(): void {
    this.grants += 1;
    this.holding += 1;
  }

  /** It is done with it, or dead: the next is to have it. */
  finished(): void {
    this.holding -= 1;
    this.expectService();
  }

  /**
   * All others are dead, and nothing is on its way any more. Who died within its acquire may have left a stamp of a
   * clock that was off: then nothing is promised.
   */
  drained(): void {
    const { world, lock } = this;
    const entry = world.database.standing(lock);
    if (entry && entry.leaseSeconds > 0 && !world.grantedHolds.has(entry.hold)) return;
    this.isDrained = true;
    this.expectService();
  }

  private expectService(): void {
    if (!this.isDrained || this.holding > 0) return;
    const { world, lock, grants, everyMs } = this;
    const { frontEndsMs } = world.plan.networkFaults;
    const entry = world.database.standing(lock);
    const differMs = Math.max(...frontEndsMs) - Math.min(...frontEndsMs);
    const untilTakeoverMs = (entry?.leaseSeconds ?? 0) * 1000 + TOLERANCE_MS + AHEAD_MS + GRAIN_MS + differMs;
    const limitMs = untilTakeoverMs + everyMs + SLACK_MS;
    world.trace?.('world', `one who asks has to be served within ${Math.round(limitMs)} ms`);
    world.time.at(world.time.nowMs + limitMs, () => {
      if (this.grants > grants) return;
      world.report(
        'one-shot-served',
        `nobody who asked for ${lock} got it within ${Math.round(limitMs)} ms of ${entry?.host ?? 'nobody'}'s entry`,
      );
    });
  }
}
