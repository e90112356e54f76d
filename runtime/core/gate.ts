import { LynkError } from '../errors.js';
import { FifoMap } from './bounded.js';
import type { Clock, Timer } from './clock.js';
import type { WaitBudget } from './wait-budget.js';

/** An SDK client has at most 50 connections. The others are left to the holders. */
const MOST_AT_ONCE = 32;
/** Even if the event loop is busy: so many requests keep it busy, and the next one waits for no more than these. */
const LEAST_AT_ONCE = 8;
/** Above the first share of the time, the event loop counts as saturated; below the second, it has room again. */
const SATURATED = 0.9;
const RELAXED = 0.7;
/** Polls leave this share of the event loop to everything else that the process does. */
const BUSY_GOAL = 0.5;
/** The pace is set anew after this time. */
const WINDOW_MS = 200;
/** Even if the process is busy: 15 waiters send 100 polls a second. */
const LONGEST_GAP_MS = 10;
/** A shorter gap counts as none. */
const SHORTEST_GAP_MS = 0.05;
/** Timers fire late, so that polls fall behind the pace. They may catch up by this much. */
const CATCH_UP_MS = 20;

/**
 * Limits the requests of one process's waiters on one connection (docs/protocol.md, section 5), so that any number of
 * waiters costs its holds nothing. Refreshes and releases do not pass here: they find a free connection, and an event
 * loop with time for them.
 *
 *     a waiter's write ──► writes ─┐
 *                                  ├─► at most 32 in flight ──► DynamoDB
 *     a waiter's poll ───► polls ──┘   with a gap between polls, if the event loop is busy
 *     refresh, release ──────────────────────────────────────► DynamoDB
 *
 * With few waiters each request goes at once.
 */
export class Gate {
  private underWay = 0;
  private atOnce = MOST_AT_ONCE;
  private readonly writes = new FifoMap<Pass, Pass>();
  private readonly polls = new FifoMap<Pass, Pass>();
  private timer: Timer | undefined;
  /** The time between two polls. */
  private gapMs = 0;
  /** Monotonic time at which the next poll may go. */
  private nextPollMs = -Infinity;
  /** The latest failure, until an answer follows. */
  private failure: unknown;
  /** What has been counted since the pace was set. */
  private window: { readonly sinceMs: number; readonly busyMs: number; polls: number };

  constructor(private readonly clock: Clock) {
    this.window = this.newWindow();
  }

  /**
   * Sends a request when there is room for it: writes first, and first in, first out.
   * @throws why the wait is over, if that comes first; then nothing was sent
   */
  async through<T>(kind: 'write' | 'poll', budget: WaitBudget, request: () => Promise<T>): Promise<T> {
    const pass = new Pass();
    const line = kind === 'poll' ? this.polls : this.writes;
    this.setPace();
    line.set(pass, pass);
    this.admit();
    try {
      if (!pass.isIn) {
        budget.whyQueued = () => this.failure;
        await budget.race(pass.entered);
        budget.whyQueued = undefined;
      }
      budget.throwIfOver();
      const answer = await request();
      this.failure = undefined;
      return answer;
    } catch (error) {
      if (!budget.isOver && !(error instanceof LynkError)) {
        this.failure = error;
        // Throttled, or without an answer: more requests would not help.
        this.gapMs = LONGEST_GAP_MS;
      }
      throw error;
    } finally {
      if (pass.isIn) this.underWay -= 1;
      else line.delete(pass);
      this.admit();
    }
  }

  private admit(): void {
    while (this.underWay < this.atOnce) {
      const [next] = this.writes.shift() ?? this.takePoll() ?? [];
      if (!next) return;
      this.underWay += 1;
      next.enter();
    }
  }

  private takePoll(): readonly [Pass, Pass] | undefined {
    if (this.polls.size === 0) return undefined;
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.nextPollMs) {
      this.timer ??= this.clock.after(this.nextPollMs - nowMs, () => {
        this.timer = undefined;
        this.admit();
      });
      return undefined;
    }
    this.window.polls += 1;
    this.nextPollMs = Math.max(this.nextPollMs, nowMs - CATCH_UP_MS) + this.gapMs;
    return this.polls.shift();
  }

  /** Sets it by how busy the event loop has been since the last time. */
  private setPace(): void {
    const { sinceMs, busyMs, polls } = this.window;
    const tookMs = this.clock.monotonicMs() - sinceMs;
    if (tookMs < WINDOW_MS) return;
    this.window = this.newWindow();
    const share = (this.window.busyMs - busyMs) / tookMs;
    // More at once would only wait for each other, and holders would wait behind them.
    if (share > SATURATED) this.atOnce = Math.max(LEAST_AT_ONCE, this.atOnce / 2);
    if (share < RELAXED) this.atOnce = Math.min(MOST_AT_ONCE, this.atOnce * 2);
    // If the event loop was busier than the goal, there were too many polls by the same factor.
    const excess = share / BUSY_GOAL;
    const paceMs = excess > 1 ? tookMs / polls : this.gapMs;
    const gapMs = Math.min(LONGEST_GAP_MS, paceMs * Math.max(0.5, excess));
    this.gapMs = gapMs < SHORTEST_GAP_MS ? 0 : gapMs;
  }

  private newWindow() {
    return { sinceMs: this.clock.monotonicMs(), busyMs: this.clock.busyMs?.() ?? 0, polls: 0 };
  }
}

/** One request that waits, or is in flight. */
class Pass {
  isIn = false;
  private onIn: (() => void) | undefined;

  /** Resolves once it may be sent. */
  get entered(): Promise<void> {
    return new Promise((resolve) => {
      this.onIn = resolve;
    });
  }

  enter(): void {
    this.isIn = true;
    this.onIn?.();
  }
}
