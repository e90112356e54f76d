import type { SimProcess } from '../../process/sim-process.js';
import type { World } from '../../world.js';

/** What any call waits for a release at most. */
const LONGEST_RELEASE_MS = 3000;
/** A try may take half a lease, and not more than this. */
const LONGEST_TRY_MS = 5000;
/** Callbacks that are late, a few in a row. */
const SLACK_MS = 50;

/** Calls that a holder makes, and that have limits of their own. */
export type LimitedCall = 'release' | 'refresh' | 'serialize';

/** Whoever holds is let go in time, however silent DynamoDB is, by its own monotonic clock. */
export class CallTime {
  constructor(private readonly world: World) {}

  /** Runs `call`, and judges how long it took. */
  async within<T>(process: SimProcess, what: LimitedCall, leaseSeconds: number, call: () => Promise<T>): Promise<T> {
    const { time } = this.world;
    const { clock } = process;
    const [startedMs, startedMonotonicMs] = [time.nowMs, clock.monotonicMs()];
    try {
      return await call();
    } finally {
      const limitMs = what === 'release' ? LONGEST_RELEASE_MS : Math.min(LONGEST_TRY_MS, leaseSeconds * 500);
      const tookMs = clock.monotonicMs() - startedMonotonicMs;
      // Nothing is told to who stands still.
      if (process.jumpedMs < startedMs && tookMs > limitMs + SLACK_MS) {
        this.world.report(
          'call-time',
          `${process.name} waited ${Math.round(tookMs)} ms for a ${what} with a lease of ${leaseSeconds} s`,
        );
      }
    }
  }
}
