import type { VirtualTime } from '../../../runtime/testing/virtual-time.js';

/** True time 0, in epoch milliseconds. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** True time as epoch milliseconds. Each of DynamoDB's clocks is off from it by an offset of its own. */
export class Epoch {
  /** Time that was skipped while all processes stood still. Only `skip` changes it. */
  skippedMs = 0;

  constructor(private readonly time: VirtualTime) {}

  nowMs(): number {
    return EPOCH_MS + this.time.nowMs + this.skippedMs;
  }

  skip(durationMs: number): void {
    this.skippedMs += durationMs;
  }
}
