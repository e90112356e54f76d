/** A timer that has been set. */
export interface Timer {
  cancel(): void;
}

/** The time of the locks: the system's in production, virtual in tests and simulations. */
export interface Clock {
  /** Milliseconds from any origin. It is never set back, and may stand still while the process is frozen. */
  monotonicMs(): number;
  /** Milliseconds since the epoch. It may be wrong, and may be set at any time. */
  wallMs(): number;
  /** Milliseconds, from any origin, for which the event loop was busy. Absent if that is unknown. */
  busyMs?(): number;
  /** Calls back once, about `delayMs` from now. Keeps the process alive only if asked to. */
  after(delayMs: number, callback: () => void, options?: { readonly keepAlive?: boolean }): Timer;
  /** Keeps the process alive until it is cancelled. Virtual time has none, as no time passes by it. */
  stay?(): Timer;
  /**
   * Lets time pass until `wallMs`, and all that is due meanwhile happen. Only a test's virtual time has it: what waits
   * elsewhere, as a durable execution does, sets no timer here.
   */
  skipTo?(wallMs: number): Promise<void>;
}

/** `setTimeout` takes no more than a signed 32-bit number of milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clocks and timers of this machine. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  // Absent in a window, as in jsdom, and without a value under a test's fake clock.
  busyMs: () => performance.eventLoopUtilization?.()?.active ?? 0,
  after(delayMs, callback, { keepAlive = false } = {}) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
    // In a window, as in jsdom, it is a number, and keeps nothing alive.
    if (!keepAlive) timer.unref?.();
    return new SystemTimer(timer);
  },
  stay: () => new SystemTimer(setInterval(() => {}, LONGEST_TIMER_MS)),
};

class SystemTimer implements Timer {
  constructor(private readonly timeout: NodeJS.Timeout) {}

  cancel(): void {
    clearTimeout(this.timeout);
  }
}
