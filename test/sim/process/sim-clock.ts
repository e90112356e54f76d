import type { VirtualTime } from '../../../runtime/testing/virtual-time.js';
import { EPOCH_MS } from '../engine/epoch.js';

/** How wrong a process's clocks are. */
export interface ClockFaults {
  /** The wall clock's offset from true time at the start. */
  readonly offsetMs: number;
  /** Seconds of each clock per true second. */
  readonly wallRate: number;
  readonly monotonicRate: number;
}

/** The clock simulator: one process's wall clock and monotonic clock, with their drift, steps and stops. */
export class SimClock {
  private steppedMs = 0;
  private stoppedAtMs: number | undefined;
  private stoodStillMs = 0;

  constructor(
    private readonly time: VirtualTime,
    private readonly faults: ClockFaults,
  ) {}

  wallMs(): number {
    return Math.floor(EPOCH_MS + this.faults.offsetMs + this.steppedMs + this.time.nowMs * this.faults.wallRate);
  }

  monotonicMs(): number {
    const movingMs = (this.stoppedAtMs ?? this.time.nowMs) - this.stoodStillMs;
    return movingMs * this.faults.monotonicRate;
  }

  /** True time until the monotonic clock shows this, if it does not stop. */
  untilMs(monotonicMs: number): number {
    return (monotonicMs - this.monotonicMs()) / this.faults.monotonicRate;
  }

  /** Sets the wall clock. */
  step(byMs: number): void {
    this.steppedMs += byMs;
  }

  /** Stops the monotonic clock. */
  stop(): void {
    this.stoppedAtMs = this.time.nowMs;
  }

  /** Lets the monotonic clock run on, if it was stopped. */
  resume(): void {
    if (this.stoppedAtMs !== undefined) this.stoodStillMs += this.time.nowMs - this.stoppedAtMs;
    this.stoppedAtMs = undefined;
  }
}
