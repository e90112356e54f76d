import type { SimProcess } from '../../process/sim-process.js';
import type { World } from '../../world.js';

/** A caller in the worker's process counts by the local clock, which may be slow by 500 ppm. */
const MOST_RATE_ERROR = 0.001;
const GRAIN_MS = 2;

/** A shared result is never older than its caller allows, by true time. */
export class ResultAge {
  constructor(private readonly world: World) {}

  served({ name }: SimProcess, { madeMs, freshSeconds }: { madeMs: number; freshSeconds: number }): void {
    const ageMs = this.world.time.nowMs - madeMs;
    const limitMs = freshSeconds * 1000;
    if (ageMs <= limitMs * (1 + MOST_RATE_ERROR) + GRAIN_MS) return;
    this.world.report('result-age', `${name} has a result of ${ageMs} ms, and was promised ${limitMs} ms at most`);
  }
}
