import type { Clock, Timer } from '../../../runtime/core/clock.js';
import type { VirtualTime } from '../../../runtime/testing/virtual-time.js';
import { EPOCH_MS } from '../engine/epoch.js';
import type { Prng } from '../engine/prng.js';
import type { Trace } from '../engine/trace.js';

/** A callback is this late at most, where its process runs. */
const MOST_LATENESS_MS = 1.5;

/** How wrong a process's clocks are. */
export interface ClockFaults {
  /** What the wall clock is off by at the start. */
  readonly offsetMs: number;
  /** Seconds of each clock per true second. */
  readonly wallRate: number;
  readonly monotonicRate: number;
}

/** A timer of a process: armed again where it came early by the process's own clock. */
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

/** One process of the simulation: its clocks, what freezes it, and its end. */
export class SimProcess {
  /** Since when no fault has touched it, in true time: what happens later, it owes to nobody's fault. */
  faultUntilMs = -Infinity;
  /** When it was last thawed, or its wall clock last set. */
  jumpedMs = -Infinity;
  private state: 'running' | 'frozen' | 'crashed' = 'running';
  private readonly waiting: Waiting[] = [];
  private stoppedAtMs: number | undefined;
  private stoodStillMs = 0;
  private steppedMs = 0;

  constructor(
    readonly name: string,
    private readonly time: VirtualTime,
    private readonly faults: ClockFaults,
    private readonly prng: Prng,
    private readonly trace: Trace,
  ) {}

  get isRunning(): boolean {
    return this.state === 'running';
  }

  get isCrashed(): boolean {
    return this.state === 'crashed';
  }

  /** Its clocks and timers, as the code that runs in it sees them. */
  readonly clock: Clock = {
    monotonicMs: () => this.monotonicMs(),
    wallMs: () => Math.floor(EPOCH_MS + this.faults.offsetMs + this.steppedMs + this.time.nowMs * this.faults.wallRate),
    after: (delayMs, callback) => this.after(delayMs, callback),
  };

  /** Notes that a fault touches it, until then. */
  noteFault(untilMs: number = this.time.nowMs): void {
    this.faultUntilMs = Math.max(this.faultUntilMs, untilMs);
  }

  /** Runs what a message brings; once thawed, where it is frozen; never, where it has crashed. */
  deliver(run: () => void): void {
    if (this.state === 'running') run();
    else if (this.state === 'frozen') this.waiting.push({ kind: 'message', run });
  }

  /** Resolves that much later by its own clock, or as soon as a signal aborts. */
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

  /** No callback of it runs for that long. */
  freeze(durationMs: number, monotonicClock: 'runs' | 'stops'): void {
    if (this.state !== 'running') return;
    this.trace?.(this.name, `is frozen for ${Math.round(durationMs)} ms; its monotonic clock ${monotonicClock}`);
    this.state = 'frozen';
    this.noteFault();
    if (monotonicClock === 'stops') this.stoppedAtMs = this.time.nowMs;
    // Where its timers are put off, it notices later by as much what it has yet to notice.
    this.noteFault((this.stoppedAtMs === undefined ? this.time.nowMs : this.faultUntilMs) + durationMs);
    this.time.at(this.time.nowMs + durationMs, () => this.thaw());
  }

  /** Sets its wall clock. */
  stepClock(byMs: number): void {
    if (this.state === 'crashed') return;
    this.trace?.(this.name, `has its wall clock set by ${Math.round(byMs)} ms`);
    this.steppedMs += byMs;
    this.jumpedMs = this.time.nowMs;
    this.noteFault();
  }

  /** Ends it. What it sent stays on its way. */
  crash(): void {
    if (this.state === 'crashed') return;
    this.trace?.(this.name, 'crashes');
    this.state = 'crashed';
    this.waiting.length = 0;
  }

  private thaw(): void {
    if (this.state !== 'frozen') return;
    this.state = 'running';
    if (this.stoppedAtMs !== undefined) this.stoodStillMs += this.time.nowMs - this.stoppedAtMs;
    this.stoppedAtMs = undefined;
    this.jumpedMs = this.time.nowMs;
    this.trace?.(this.name, 'runs again');
    // An event loop may look at its timers first, or at its sockets.
    const first = this.prng.pick(['timer', 'message'] as const);
    const waiting = this.waiting.splice(0);
    const inOrder = [...waiting.filter(({ kind }) => kind === first), ...waiting.filter(({ kind }) => kind !== first)];
    for (const { run } of inOrder) this.time.at(this.time.nowMs, () => this.deliver(run));
  }

  private monotonicMs(): number {
    const movingMs = (this.stoppedAtMs ?? this.time.nowMs) - this.stoodStillMs;
    return movingMs * this.faults.monotonicRate;
  }

  /** Timers go by the monotonic clock: where that stops, they are put off. */
  private after(delayMs: number, callback: () => void): Timer {
    const dueMs = this.monotonicMs() + Math.max(0, delayMs);
    const timer: ProcessTimer = new ProcessTimer(() => {
      if (timer.isCancelled || this.state === 'crashed') return;
      if (this.state === 'frozen') this.waiting.push({ kind: 'timer', run: timer.fire });
      else if (dueMs - this.monotonicMs() > 0.01) this.arm(timer, dueMs);
      else callback();
    });
    this.arm(timer, dueMs);
    return timer;
  }

  private arm(timer: ProcessTimer, dueMs: number): void {
    const leftMs = (dueMs - this.monotonicMs()) / this.faults.monotonicRate;
    timer.armed = this.time.at(this.time.nowMs + leftMs + this.prng.fraction() * MOST_LATENESS_MS, timer.fire);
  }
}
