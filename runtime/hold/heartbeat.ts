import type { Timer } from '../core/clock.js';
import type { LockManager } from '../core/lock-manager.js';
import { refreshRetryDelayMs } from '../protocol/schedule.js';

/** What a heartbeat keeps alive. */
export interface Pulse {
  /** False once there is nothing to keep alive; reads the clock. */
  isAlive(): boolean;
  /** Elapsed time at which the next refresh is due; `Infinity` where none is needed any more. */
  dueMs(): number;
  /** Milliseconds until its deadline. */
  leftMs(): number;
  /** One refresh. Resolves when answered; rejects for a failure in transit. */
  refresh(): Promise<void>;
}

/**
 * Refreshes a hold in time, for as long as it is alive. A failure in transit is tried again until the
 * deadline ends the hold: one throttled request must not end a heartbeat. Keeps no process alive.
 */
export class Heartbeat {
  private timer: Timer | undefined;
  private beating = false;
  private stopped = true;
  private failures = 0;

  constructor(
    private readonly manager: LockManager,
    private readonly pulse: Pulse,
  ) {}

  start(): void {
    this.stopped = false;
    this.schedule();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /** Beats now if a beat is overdue, and else sets its timer anew: after a freeze, timers run late. */
  catchUp(): void {
    if (this.failures > 0 || this.beating) return;
    if (this.manager.elapsedMs() >= this.pulse.dueMs()) this.beatNow();
    else this.schedule();
  }

  private schedule(): void {
    if (this.stopped || !this.pulse.isAlive()) return;
    const untilDueMs = this.pulse.dueMs() - this.manager.elapsedMs();
    if (untilDueMs === Infinity) return;
    if (untilDueMs > 0) this.failures = 0;
    // Due again at once means that the last beat failed, or gained nothing: leave the table some air.
    const delayMs =
      untilDueMs > 0
        ? untilDueMs
        : refreshRetryDelayMs(this.failures++, this.pulse.leftMs(), this.manager.random.fraction());
    this.timer?.cancel();
    this.timer = this.manager.clock.after(delayMs, () => this.beatNow());
  }

  private beatNow(): void {
    this.timer?.cancel();
    if (this.beating || this.stopped || !this.pulse.isAlive()) return;
    this.beating = true;
    const done = (): void => {
      this.beating = false;
      this.schedule();
    };
    this.pulse.refresh().then(done, done);
  }
}
