import { LockTableError, LynkError } from '../../../../runtime/index.js';
import type { SimProcess } from '../../process/sim-process.js';
import type { World } from '../../world.js';

/** The least rate of a monotonic clock. */
const RATE = 1 - 0.0006;
const GRAIN_MS = 5;

/** A caller that waits is not refused before its wait is over, whatever its wall clock says. */
export class WaitTime {
  constructor(private readonly world: World) {}

  refused({ name }: SimProcess, lock: string, error: unknown, startedMs: number, waitSeconds: number): void {
    // An error that no retry can mend is thrown at once.
    if (!(error instanceof LynkError) || error instanceof LockTableError) return;
    const waitedMs = this.world.time.nowMs - startedMs;
    if (waitedMs >= waitSeconds * 1000 * RATE - GRAIN_MS) return;
    this.world.report(
      'wait-time',
      `${name} was refused ${lock} after ${Math.round(waitedMs)} ms of ${Math.round(waitSeconds * 1000)} ms: ${error.message}`,
    );
  }
}
