import type { SimProcess } from '../../process/sim-process.js';
import type { World } from '../../world.js';

/** The limit of a release. */
const LONGEST_RELEASE_MS = 3000;
/** The limit of a try is half a lease, but at most this. */
const LONGEST_TRY_MS = 5000;
/** A few late callbacks in a row. */
const SLACK_MS = 50;

/** A holder's calls that have a limit. */
export type LimitedCall = 'release' | 'refresh' | 'serialize';

/** A holder's call ends within its limit by the monotonic clock, even if DynamoDB does not answer. */
export class CallTime {
  constructor(private readonly world: World) {}

  /** Runs `call`, and checks its duration. */
  async within<T>(process: SimProcess, what: LimitedCall, leaseSeconds: number, call: () => Promise<T>): Promise<T> {
    const { time } = this.world;
    const { clock } = process;
    const [startedMs, startedMonotonicMs] = [time.nowMs, clock.monotonicMs()];
    try {
      return await call();
    } finally {
      const limitMs = what === 'release' ? LONGEST_RELEASE_MS : Math.min(LONGEST_TRY_MS, leaseSeconds * 500);
      const tookMs = clock.monotonicMs() - startedMonotonicMs;
      // A frozen process cannot see that the call ended.
      if (process.jumpedMs < startedMs && tookMs > limitMs + SLACK_MS) {
        this.world.report(
          'call-time',
          `${process.name} waited ${Math.round(tookMs)} ms for a ${what} with a lease of ${leaseSeconds} s`,
        );
      }
    }
  }
}
