import { LynkError } from '../errors.js';
import { FifoMap } from './bounded.js';
import type { Clock, Timer } from './clock.js';
import type { WaitBudget } from './wait-budget.js';

/** Of the 50 connections that an SDK client has at most, the others are left to those who hold. */
const MOST_AT_ONCE = 32;
/** However busy the event loop is: as many keep it busy, and what comes behind them waits for no more than those. */
const LEAST_AT_ONCE = 8;
/** Above this share of the time, the event loop counts as busy through and through; below the other, as idle again. */
const SATURATED = 0.9;
const RELAXED = 0.7;
/** Looks are to leave this share of the event loop to whatever else the process does. */
const BUSY_GOAL = 0.5;
/** How long is counted before the pace is set anew. */
const WINDOW_MS = 200;
/** However busy the process is: 100 looks a second are what 15 waiters ask for. */
const LONGEST_GAP_MS = 10;
/** A shorter gap is none. */
const SHORTEST_GAP_MS = 0.05;
/** What was not used of the pace is used later, but no more of it than this: timers come late. */
const CATCH_UP_MS = 20;

/**
 * Where the waiters of one process queue for one connection (docs/protocol.md, section 5), so that however many
 * they are, they cost its holds nothing: a refresh or a release does not come here, and finds a free connection
 * and an event loop with time for it.
 *
 *     a waiter's write ──► writes ─┐
 *                                  ├─► at most 32 under way ──► DynamoDB
 *     a waiter's look ───► looks ──┘   looks with a gap between them, where the event loop is busy
 *     refresh, release ──────────────────────────────────────► DynamoDB
 *
 * With few waiters nobody waits here: each request goes at once.
 */
export class Gate {
  private underWay = 0;
  private atOnce = MOST_AT_ONCE;
  private readonly writes = new FifoMap<Pass, Pass>();
  private readonly polls = new FifoMap<Pass, Pass>();
  private timer: Timer | undefined;
  /** The time between two looks. */
  private gapMs = 0;
  /** Monotonic time at which the next look may go. */
  private nextPollMs = -Infinity;
  /** The failure that no answer has followed yet. */
  private failure: unknown;
  /** What was counted so far, and since when. */
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
        // Throttled, or without an answer: more of the same would not help.
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

  /** By how busy the event loop was since the last time. */
  private setPace(): void {
    const { sinceMs, busyMs, polls } = this.window;
    const tookMs = this.clock.monotonicMs() - sinceMs;
    if (tookMs < WINDOW_MS) return;
    this.window = this.newWindow();
    const share = (this.window.busyMs - busyMs) / tookMs;
    // More at once would only wait for each other, and whoever holds would wait behind them.
    if (share > SATURATED) this.atOnce = Math.max(LEAST_AT_ONCE, this.atOnce / 2);
    if (share < RELAXED) this.atOnce = Math.min(MOST_AT_ONCE, this.atOnce * 2);
    // Where the event loop was busier than it is to be, looks were too many by as much.
    const excess = share / BUSY_GOAL;
    const paceMs = excess > 1 ? tookMs / polls : this.gapMs;
    const gapMs = Math.min(LONGEST_GAP_MS, paceMs * Math.max(0.5, excess));
    this.gapMs = gapMs < SHORTEST_GAP_MS ? 0 : gapMs;
  }

  private newWindow() {
    return { sinceMs: this.clock.monotonicMs(), busyMs: this.clock.busyMs?.() ?? 0, polls: 0 };
  }
}

/** One request's way through. */
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
