import type { VirtualTime } from './virtual-time.js';

/** True time 0, in epoch milliseconds. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** True time as calendars have it: what DynamoDB's clocks are about, but for what each is off by. */
export class Epoch {
  /** What passed in a moment, while all processes stood still. Only `pass` sets it. */
  passedMs = 0;

  constructor(private readonly time: VirtualTime) {}

  nowMs(): number {
    return EPOCH_MS + this.time.nowMs + this.passedMs;
  }

  pass(durationMs: number): void {
    this.passedMs += durationMs;
  }
}
