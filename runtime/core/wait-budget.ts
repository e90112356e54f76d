import { retryDelayMs } from '../protocol/schedule.js';
import { whenAborted } from './abort.js';
import type { Clock, Timer } from './clock.js';

/** A wait without a limit needs a timer too, or nothing would keep the process alive. */
const LONGEST_NAP_MS = 60 * 60 * 1000;
/** For DynamoDB to answer in; mostly it takes milliseconds. */
const FAIR_TIME_MS = 1000;
/** A timer may fire this much earlier than another one that is due at the same time. */
const TIMER_GRAIN_MS = 2;

/** What a wait needs of the lock manager. */
interface Timekeeper {
  readonly clock: Clock;
  readonly random: { fraction(): number };
  elapsedMs(): number;
  /** Calls back when elapsed time is ahead of the timers, until `unwatch` is called. */
  watch(callback: () => void): void;
  unwatch(callback: () => void): void;
}

/** What bounds a wait. */
export interface Limits {
  /** Counted by the monotonic clock: setting the wall clock forward shortens no wait. */
  readonly waitSeconds: number;
  /**
   * Elapsed time at which it ends at the latest: its invocation ends then, even if the sandbox was frozen meanwhile.
   */
  readonly untilMs?: number | undefined;
}

/**
 * How long a caller is willing to wait: until its limits are reached, or until its own signal aborts. While it lasts,
 * it keeps the process alive, and elapsed time is read.
 */
export class WaitBudget {
  /** The latest failure in transit, until an answer follows: the cause of the time limit's error. */
  lastFailure: unknown;
  /** While a request waits at the gate of its process: why the requests before it fail, if they do. */
  whyQueued: (() => unknown) | undefined;
  /** Why the wait is over, once it is. */
  private ending: { readonly reason: unknown } | undefined;
  private readonly listeners = new Set<(reason: unknown) => void>();
  /** Monotonic time. */
  private readonly limitMs: number;
  /** Elapsed time. */
  private readonly untilMs: number;
  /** Of the request in flight: what was left when it was sent, and the monotonic time then. */
  private inFlight: { readonly leftMs: number; readonly atMs: number } | undefined;
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
    timekeeper.watch(this.check);
    if (signal) this.unlisten = whenAborted(signal, () => this.end(signal.reason));
    if (!this.ending) this.arm();
  }

  /** A request is sent. */
  sent(): void {
    this.inFlight = { leftMs: this.leftMs(), atMs: this.timekeeper.clock.monotonicMs() };
  }

  /** The request was answered. */
  answered(): void {
    this.inFlight = undefined;
    this.lastFailure = undefined;
  }

  /**
   * The request failed. If only the end of the wait cut it short, just after it was sent, that tells nothing of
   * DynamoDB.
   */
  failed(error: unknown): void {
    if (this.leftMs() > TIMER_GRAIN_MS || this.hadFairTime()) this.lastFailure = error;
    this.inFlight = undefined;
  }

  get isOver(): boolean {
    return this.ending !== undefined;
  }

  /** @throws the time limit's error, or the reason of the caller's signal */
  throwIfOver(): void {
    if (this.ending) throw this.ending.reason;
  }

  /**
   * Why nothing is known of the lock at this moment: the latest request failed, or the one in flight has been without
   * an answer for too long. Undefined if neither is so.
   */
  unanswered(): unknown {
    if (this.lastFailure !== undefined) return this.lastFailure;
    const sinceSentMs = this.timekeeper.clock.monotonicMs() - (this.inFlight?.atMs ?? Infinity);
    const isLong = this.leftMs() > 0 ? sinceSentMs >= FAIR_TIME_MS : this.hadFairTime();
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

  /** Sleeps after failure number `failure`, from 0, in transit. */
  pauseAfter(failure: number): Promise<void> {
    return this.sleep(retryDelayMs(failure, this.timekeeper.random.fraction()));
  }

  /** Stops the timer. To be called when the wait has succeeded, or failed otherwise. */
  close(): void {
    this.timer?.cancel();
    this.timekeeper.unwatch(this.check);
    this.unlisten?.();
  }

  private arm(): void {
    this.timer?.cancel();
    const delayMs = Math.min(this.leftMs(), LONGEST_NAP_MS);
    this.timer = this.timekeeper.clock.after(delayMs, this.check, { keepAlive: true });
  }

  /** Ends the wait if its time is over. Otherwise sets the timer anew, which would be late after a freeze. */
  private readonly check = (): void => {
    if (this.leftMs() > 0) this.arm();
    else this.end(this.timeLimitError(this.unanswered()));
  };

  /** Whether the request in flight was sent early enough before the end of the wait to be answered. */
  private hadFairTime(): boolean {
    return (this.inFlight?.leftMs ?? 0) >= FAIR_TIME_MS;
  }

  private end(reason: unknown): void {
    if (this.ending) return;
    this.ending = { reason };
    this.close();
    for (const listener of [...this.listeners]) listener(reason);
    this.listeners.clear();
  }
}
