import type { World } from '../../world.js';

const TOLERANCE_MS = 3000;
/** A stamp may be later than the `Date` before its grant by this much. */
const AHEAD_MS = 3000;
/** The resolution of `Date`. */
const GRAIN_MS = 1000;
const SLACK_MS = 1000;

/**
 * After all clients have died, one-shot callers get the lock within this time: the lease of the entry, the tolerance,
 * what answers leave open, and the interval of the callers.
 */
export class OneShotServed {
  private isDrained = false;
  private grants = 0;
  /** Callers that have the lock, or believe so. */
  private holding = 0;

  constructor(
    private readonly world: World,
    private readonly lock: string,
    private readonly everyMs: number,
  ) {}

  /** Called when one of them has got the lock. */
  served(): void {
    this.grants += 1;
    this.holding += 1;
  }

  /** Called when a holder has released, or died: the next caller has to get the lock. */
  finished(): void {
    this.holding -= 1;
    this.expectService();
  }

  /**
   * Called when all clients are dead and all messages have arrived. A client that died within its acquire may have left
   * a stamp that is too far ahead. Then nothing is promised.
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
