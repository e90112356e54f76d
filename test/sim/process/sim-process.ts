import type { Clock, Timer } from '../../../runtime/core/clock.js';
import type { VirtualTime } from '../../../runtime/testing/virtual-time.js';
import type { Prng } from '../engine/prng.js';
import type { Trace } from '../engine/trace.js';
import { type ClockFaults, SimClock } from './sim-clock.js';

/** The longest delay of a timer's callback in a running process. */
const MOST_LATENESS_MS = 1.5;

/** A timer of a process. It is armed again if it fires early by the process's own clock. */
class ProcessTimer implements Timer {
  armed: Timer | undefined;
  isCancelled = false;

  constructor(readonly fire: () => void) {}

  cancel(): void {
    this.isCancelled = true;
    this.armed?.cancel();
  }
}

type Waiting = { readonly kind: 'timer' | 'message'; readonly run: () => void };

/** The process simulator: timers by the process's own clocks, delivery of messages, freezes and the crash. */
export class SimProcess {
  /** True time until which a fault affects the process. Checkers excuse what began before. */
  faultUntilMs = -Infinity;
  /** True time at which it last resumed from a freeze, or its wall clock was last set. */
  jumpedMs = -Infinity;
  private state: 'running' | 'frozen' | 'crashed' = 'running';
  private readonly waiting: Waiting[] = [];
  private readonly clocks: SimClock;

  constructor(
    readonly name: string,
    private readonly time: VirtualTime,
    faults: ClockFaults,
    private readonly prng: Prng,
    private readonly trace: Trace,
  ) {
    this.clocks = new SimClock(time, faults);
  }

  get isRunning(): boolean {
    return this.state === 'running';
  }

  get isCrashed(): boolean {
    return this.state === 'crashed';
  }

  /** Its clocks and timers, as the code in it sees them. */
  readonly clock: Clock = {
    monotonicMs: () => this.clocks.monotonicMs(),
    wallMs: () => this.clocks.wallMs(),
    after: (delayMs, callback) => this.after(delayMs, callback),
  };

  /** Records that a fault affects it until then. */
  noteFault(untilMs: number = this.time.nowMs): void {
    this.faultUntilMs = Math.max(this.faultUntilMs, untilMs);
  }

  /** Handles a message: at once if it runs, after the freeze if it is frozen, never if it has crashed. */
  deliver(run: () => void): void {
    if (this.state === 'running') run();
    else if (this.state === 'frozen') this.waiting.push({ kind: 'message', run });
  }

  /** Resolves after that time by its own clock, or as soon as a signal aborts. */
  sleep(durationMs: number, ...signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    return new Promise((resolve) => {
      if (signals.some((signal) => signal?.aborted)) return resolve();
      const wake = (): void => {
        timer.cancel();
        for (const signal of signals) signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.after(durationMs, wake);
      for (const signal of signals) signal?.addEventListener('abort', wake);
    });
  }

  /** Runs no callback of it for that long. */
  freeze(durationMs: number, monotonicClock: 'runs' | 'stops'): void {
    if (this.state !== 'running') return;
    this.trace?.(this.name, `is frozen for ${Math.round(durationMs)} ms; its monotonic clock ${monotonicClock}`);
    this.state = 'frozen';
    this.noteFault();
    if (monotonicClock === 'stops') this.clocks.stop();
    // A stopped clock delays its timers, so it notices earlier faults later by the length of the freeze.
    this.noteFault((monotonicClock === 'stops' ? this.faultUntilMs : this.time.nowMs) + durationMs);
    this.time.at(this.time.nowMs + durationMs, () => this.thaw());
  }

  /** Sets its wall clock. */
  stepClock(byMs: number): void {
    if (this.state === 'crashed') return;
    this.trace?.(this.name, `has its wall clock set by ${Math.round(byMs)} ms`);
    this.clocks.step(byMs);
    this.jumpedMs = this.time.nowMs;
    this.noteFault();
  }

  /** Ends it. Messages that it sent are still delivered. */
  crash(): void {
    if (this.state === 'crashed') return;
    this.trace?.(this.name, 'crashes');
    this.state = 'crashed';
    this.waiting.length = 0;
  }

  private thaw(): void {
    if (this.state !== 'frozen') return;
    this.state = 'running';
    this.clocks.resume();
    this.jumpedMs = this.time.nowMs;
    this.trace?.(this.name, 'runs again');
    // An event loop may serve its timers first, or its sockets.
    const first = this.prng.pick(['timer', 'message'] as const);
    const waiting = this.waiting.splice(0);
    const inOrder = [...waiting.filter(({ kind }) => kind === first), ...waiting.filter(({ kind }) => kind !== first)];
    for (const { run } of inOrder) this.time.at(this.time.nowMs, () => this.deliver(run));
  }

  /** Timers follow the monotonic clock, and are delayed while it stands still. */
  private after(delayMs: number, callback: () => void): Timer {
    const dueMs = this.clocks.monotonicMs() + Math.max(0, delayMs);
    const timer: ProcessTimer = new ProcessTimer(() => {
      if (timer.isCancelled || this.state === 'crashed') return;
      if (this.state === 'frozen') this.waiting.push({ kind: 'timer', run: timer.fire });
      else if (dueMs - this.clocks.monotonicMs() > 0.01) this.arm(timer, dueMs);
      else callback();
    });
    this.arm(timer, dueMs);
    return timer;
  }

  private arm(timer: ProcessTimer, dueMs: number): void {
    const latenessMs = this.prng.fraction() * MOST_LATENESS_MS;
    timer.armed = this.time.at(this.time.nowMs + this.clocks.untilMs(dueMs) + latenessMs, timer.fire);
  }
}
