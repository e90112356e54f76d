import { whenAborted } from './abort.js';
import type { Clock, Timer } from './clock.js';

/** A wait without a limit still wants a timer, or nothing would keep the process alive. */
const LONGEST_NAP_MS = 60 * 60 * 1000;
/** For DynamoDB to answer in; mostly it takes milliseconds. */
const FAIR_TIME_MS = 1000;
/** By so much a timer may come before another one that is due at the same time. */
const TIMER_GRAIN_MS = 2;

/** The time of a process, which is all that a wait needs of it. */
interface Timekeeper {
  readonly clock: Clock;
  elapsedMs(): number;
  /** Calls back when elapsed time ran ahead of the timers, until `unwatch` is called. */
  watch(callback: () => void): void;
  unwatch(callback: () => void): void;
}

/** What bounds a wait. */
export interface Limits {
  /** By the monotonic clock: a wall clock that is set forward shortens no wait. */
  readonly waitSeconds: number;
  /** Elapsed time at which it ends at the latest, as its invocation does, though a sandbox was frozen meanwhile. */
  readonly untilMs?: number | undefined;
}

/**
 * How long a caller is willing to wait: until its limits, or until its own signal aborts. While it lasts, it keeps
 * the process alive and elapsed time read.
 */
export class WaitBudget {
  /** The failure in transit that no answer has followed yet: what the time limit's error gives as its cause. */
  lastFailure: unknown;
  /** While a request is in the queue of its process: why those before it fail, if they do. */
  whyQueued: (() => unknown) | undefined;
  /** Why the wait is over, once it is. */
  private ending: { readonly reason: unknown } | undefined;
  private readonly listeners = new Set<(reason: unknown) => void>();
  /** Monotonic time. */
  private readonly limitMs: number;
  /** Elapsed time. */
  private readonly untilMs: number;
  /** What was left when the request was sent that is under way, and the monotonic time then. */
  private asked: { readonly leftMs: number; readonly atMs: number } | undefined;
  private readonly unlisten: (() => void) | undefined;
  private timer: Timer | undefined;

  constructor(
    private readonly timekeeper: Timekeeper,
    { waitSeconds, untilMs = Infinity }: Limits,
    signal: AbortSignal | undefined,
    private readonly timeLimitError: (cause: unknown) => Error,
  ) {
    this.limitMs = timekeeper.clock.monotonicMs() + waitSeconds * 1000;
    this.untilMs = untilMs;
    timekeeper.watch(this.look);
    if (signal) this.unlisten = whenAborted(signal, () => this.end(signal.reason));
    if (!this.ending) this.arm();
  }

  /** A request is sent. */
  asks(): void {
    this.asked = { leftMs: this.leftMs(), atMs: this.timekeeper.clock.monotonicMs() };
  }

  /** It was answered. */
  answered(): void {
    this.asked = undefined;
    this.lastFailure = undefined;
  }

  /** It failed. One that nothing but the end of the wait cut short, just after it was sent, tells nothing of DynamoDB. */
  failed(error: unknown): void {
    if (this.leftMs() > TIMER_GRAIN_MS || this.hadFairTime()) this.lastFailure = error;
    this.asked = undefined;
  }

  get isOver(): boolean {
    return this.ending !== undefined;
  }

  /**
   * Why nothing is known of the lock at this moment: the failure that no answer has followed yet, or that there is
   * none to a request that has had a fair time to be answered in.
   */
  unanswered(): unknown {
    if (this.lastFailure !== undefined) return this.lastFailure;
    const sinceAskedMs = this.timekeeper.clock.monotonicMs() - (this.asked?.atMs ?? Infinity);
    const isLong = this.leftMs() > 0 ? sinceAskedMs >= FAIR_TIME_MS : this.hadFairTime();
    return isLong ? new Error('no answer from DynamoDB') : this.whyQueued?.();
  }

  /** Milliseconds left. */
  leftMs(): number {
    if (this.ending) return 0;
    const { clock } = this.timekeeper;
    return Math.max(0, Math.min(this.limitMs - clock.monotonicMs(), this.untilMs - this.timekeeper.elapsedMs()));
  }

  /** The promise's outcome, or a rejection as soon as the wait is over. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.ending) {
        promise.catch(() => {});
        reject(this.ending.reason);
        return;
      }
      this.listeners.add(reject);
      const settled = <S>(settle: (outcome: S) => void) => {
        return (outcome: S): void => {
          this.listeners.delete(reject);
          settle(outcome);
        };
      };
      promise.then(settled(resolve), settled(reject));
    });
  }

  /** Sleeps, at most until the wait is over. Never rejects. */
  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.ending) return resolve();
      const wake = (): void => {
        timer.cancel();
        this.listeners.delete(wake);
        resolve();
      };
      const timer = this.timekeeper.clock.after(durationMs, wake);
      this.listeners.add(wake);
    });
  }

  /** The wait has succeeded, or failed otherwise: stop timing it. */
  close(): void {
    this.timer?.cancel();
    this.timekeeper.unwatch(this.look);
    this.unlisten?.();
  }

  private arm(): void {
    this.timer?.cancel();
    const delayMs = Math.min(this.leftMs(), LONGEST_NAP_MS);
    this.timer = this.timekeeper.clock.after(delayMs, this.look, { keepAlive: true });
  }

  /** Ends the wait where its time is over, and else sets its timer anew: that would be late after a freeze. */
  private readonly look = (): void => {
    if (this.leftMs() > 0) this.arm();
    else this.end(this.timeLimitError(this.unanswered()));
  };

  /** Whether a request is under way that had until the end of the wait a time to be answered in. */
  private hadFairTime(): boolean {
    return (this.asked?.leftMs ?? 0) >= FAIR_TIME_MS;
  }

  private end(reason: unknown): void {
    if (this.ending) return;
    this.ending = { reason };
    this.close();
    for (const listener of [...this.listeners]) listener(reason);
    this.listeners.clear();
  }
}
