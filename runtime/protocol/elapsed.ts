/** The shortest stretch after which the base moves forward; readings come at least every 250 ms. */
const SEGMENT_MS = 100;

/**
 * Elapsed time as a holder must count it (docs/protocol.md, section 4): a base, plus the larger of the steps that the
 * monotonic and the wall clock made since that base. It never falls.
 *
 * A frozen sandbox's monotonic clock may stand still while its lease runs out, but the wall clock goes on. A wall clock
 * may be set back, but the monotonic one goes on. The larger step counts per segment, not per reading: the wall clock's
 * millisecond grain would add up, and the count would run fast.
 */
export class ElapsedTime {
  private baseMs = 0;
  private lastMs = 0;
  private baseMonotonicMs: number;
  private baseWallMs: number;
  private lastWallMs: number;

  constructor(monotonicMs: number, wallMs: number) {
    this.baseMonotonicMs = monotonicMs;
    this.baseWallMs = wallMs;
    this.lastWallMs = wallMs;
  }

  /** Elapsed milliseconds, given both clocks' readings now. */
  read(monotonicMs: number, wallMs: number): number {
    const step = Math.max(monotonicMs - this.baseMonotonicMs, wallMs - this.baseWallMs);
    this.lastMs = Math.max(this.lastMs, this.baseMs + step);
    // A wall clock that was set back would hide a later freeze until it had caught up: begin anew at once.
    if (wallMs < this.lastWallMs || this.lastMs - this.baseMs >= SEGMENT_MS) {
      this.baseMs = this.lastMs;
      this.baseMonotonicMs = monotonicMs;
      this.baseWallMs = wallMs;
    }
    this.lastWallMs = wallMs;
    return this.lastMs;
  }
}
