/** A timer that has been set. */
export interface Timer {
  cancel(): void;
}

/** Time as the lock sees it. The system's in production, virtual in simulations. */
export interface Clock {
  /** Milliseconds from any origin; never set back. May stand still while the process is frozen. */
  monotonicMs(): number;
  /** Milliseconds since the epoch; may be wrong, and set. */
  wallMs(): number;
  /** Milliseconds, from any origin, for which the event loop was busy. Absent where nobody can tell. */
  busyMs?(): number;
  /** Calls back once, about `delayMs` from now. Keeps the process alive only where asked to. */
  after(delayMs: number, callback: () => void, options?: { readonly keepAlive?: boolean }): Timer;
  /** Keeps the process alive until it is cancelled. Nobody waits for time to pass by it: virtual time has none. */
  stay?(): Timer;
}

/** `setTimeout` takes no more than a signed 32-bit number of milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clocks and timers of this machine. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  // Not there where there is a window, as in jsdom; without an answer where a test's fake clock stands in.
  busyMs: () => performance.eventLoopUtilization?.()?.active ?? 0,
  after(delayMs, callback, { keepAlive = false } = {}) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
    // A number where there is a window, as in jsdom: nothing is kept alive then.
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
