import { LockLostError } from '../../../../runtime/index.js';
import type { TypeScriptBeliever } from '../../clients/believer.js';
import type { Checker, World } from '../../world.js';

/** Elapsed time is read this often while a hold lasts; a callback is up to 1.5 ms late. */
const MOST_LATENESS_MS = 250 + 10;
/**
 * The deadline's own timer goes by the monotonic clock. Elapsed time may run 0.1 % faster, where the wall
 * clock does, and with each of its segments it may gain from the wall clock's grain of a millisecond.
 */
const LATENESS_OF_TIMER_MS = 30;

interface Open {
  readonly believer: TypeScriptBeliever;
  readonly signal: AbortSignal;
  /** When it was last seen not to be overdue. */
  inTimeMs: number;
}

/**
 * A loss is told: the signal aborts by the deadline, or, where clocks jumped, with the next reading of
 * them. A hold that is lost has told so.
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
      // It may have thawed just before now, and long after this was looked at before.
      else if (nowMs - Math.max(hold.inTimeMs, believer.process.jumpedMs) > MOST_LATENESS_MS)
        this.report(believer, 'is past its deadline, and was not told');
    }
    this.open = this.open.filter(({ believer }) => !believer.isOver());
  }

  private checkLateness(believer: TypeScriptBeliever, reason: unknown, grantedMs: number): void {
    if (!(reason instanceof LockLostError) || reason.reason !== 'deadline') return;
    const { process } = believer;
    const lateMs = -believer.leftMs();
    if (lateMs < 0) this.report(believer, `was told of its deadline ${-lateMs} ms early`);
    const { jumpedMs } = process;
    // Just thawed, or just set forward: the deadline was passed in one jump.
    if (jumpedMs > this.world.time.nowMs - MOST_LATENESS_MS) return;
    // Set forward earlier: the deadline's timer does not know, but the next reading does.
    const limitMs = jumpedMs >= grantedMs ? MOST_LATENESS_MS : LATENESS_OF_TIMER_MS;
    if (lateMs > limitMs) this.report(believer, `was told ${lateMs} ms after its deadline`);
  }

  private report(believer: TypeScriptBeliever, what: string): void {
    this.world.report('loss-reported', `${believer.name} ${what}`);
  }
}
