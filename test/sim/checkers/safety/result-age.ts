import type { SimProcess } from '../../process/sim-process.js';
import type { World } from '../../world.js';

/** What a caller who waits in the worker's process counts by: a clock that may be slow by 500 ppm, and its grain. */
const MOST_RATE_ERROR = 0.001;
const GRAIN_MS = 2;

/** A result that was made by another is never older than its caller was promised, by true time. */
export class ResultAge {
  constructor(private readonly world: World) {}

  served({ name }: SimProcess, { madeMs, freshSeconds }: { madeMs: number; freshSeconds: number }): void {
    const ageMs = this.world.time.nowMs - madeMs;
    const limitMs = freshSeconds * 1000;
    if (ageMs <= limitMs * (1 + MOST_RATE_ERROR) + GRAIN_MS) return;
    this.world.report('result-age', `${name} has a result of ${ageMs} ms, and was promised ${limitMs} ms at most`);
  }
}
