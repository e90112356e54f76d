import { LockLostError } from '../../../../runtime/index.js';
import type { TypeScriptBeliever } from '../../clients/believer.js';
import type { Checker, World } from '../../world.js';

/** Elapsed time is read at least this often during a hold, and callbacks may be late. */
const MOST_LATENESS_MS = 250 + 10;
/**
 * The deadline's timer follows the monotonic clock. Elapsed time may run 0.1 % faster, if the wall clock does, and it may
 * gain a millisecond with each of its segments.
 */
const LATENESS_OF_TIMER_MS = 30;

interface Open {
  readonly believer: TypeScriptBeliever;
  readonly signal: AbortSignal;
  /** When it was last not overdue. */
  inTimeMs: number;
}

/**
 * A holder learns of its loss: the signal aborts by the deadline. If clocks jumped, it aborts at their next reading.
 */
export class LossReported implements Checker {
  private open: Open[] = [];

  constructor(private readonly world: World) {}

  granted(believer: TypeScriptBeliever): void {
    const { signal } = believer.held;
    const grantedMs = this.world.time.nowMs;
    this.open.push({ believer, signal, inTimeMs: grantedMs });
    signal.addEventListener('abort', () => this.checkLateness(believer, signal.reason, grantedMs));
  }

  probe(): void {
    const { nowMs } = this.world.time;
    this.open = this.open.filter(({ believer }) => !believer.process.isCrashed);
    for (const hold of this.open) {
      const { believer, signal } = hold;
      if (believer.isLost && !signal.aborted) this.report(believer, 'is lost, and its signal has not aborted');
      const isOverdue = !believer.isOver() && believer.leftMs() <= 0 && believer.process.isRunning;
      if (!isOverdue) hold.inTimeMs = nowMs;
      // It may have just resumed from a freeze.
      else if (nowMs - Math.max(hold.inTimeMs, believer.process.jumpedMs) > MOST_LATENESS_MS)
        this.report(believer, 'is past its deadline, and its signal has not aborted');
    }
    this.open = this.open.filter(({ believer }) => !believer.isOver());
  }

  private checkLateness(believer: TypeScriptBeliever, reason: unknown, grantedMs: number): void {
    if (!(reason instanceof LockLostError) || reason.reason !== 'deadline') return;
    const { process } = believer;
    const lateMs = -believer.leftMs();
    if (lateMs < 0) this.report(believer, `was lost ${-lateMs} ms before its deadline`);
    const { jumpedMs } = process;
    // It has just resumed, or its clock was just set forward: it passed the deadline in one jump.
    if (jumpedMs > this.world.time.nowMs - MOST_LATENESS_MS) return;
    // Its clock was set forward earlier: the deadline's timer does not see that, but the next reading does.
    const limitMs = jumpedMs >= grantedMs ? MOST_LATENESS_MS : LATENESS_OF_TIMER_MS;
    if (lateMs > limitMs) this.report(believer, `was lost ${lateMs} ms after its deadline`);
  }

  private report(believer: TypeScriptBeliever, what: string): void {
    this.world.report('loss-reported', `${believer.name} ${what}`);
  }
}
