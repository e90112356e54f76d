// Imported, so that a test runner's fake timers do not replace them: those stand still.
import { setImmediate } from 'node:timers';
import { setTimeout as nap, setImmediate as turn } from 'node:timers/promises';
import type { Clock, Timer } from '../core/clock.js';
import { LynkError } from '../errors.js';
import { refuseUnknown } from '../options/validate.js';
import { checkedSeconds } from './fault.js';

/** The time of the wall clock when virtual time begins. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** Something that happens at a time, unless it is cancelled. */
class Event implements Timer {
  constructor(
    readonly atMs: number,
    readonly order: number,
    public callback: (() => void) | undefined,
    /** Nobody waits for it; a heartbeat, for example. */
    readonly isBackground: boolean,
  ) {}

  cancel(): void {
    this.callback = undefined;
  }
}

/**
 * Callbacks of `setImmediate` that are requested together. Node runs all microtasks between two of them, so all
 * promises that can settle have settled. One at a time, each would cost a turn of the event loop.
 */
const STEPS_AT_ONCE = 256;

/**
 * Time in milliseconds from 0, which moves only from event to event. Between two events, all promises that can
 * settle do so. The same events therefore always give the same run.
 */
export class VirtualTime {
  nowMs = 0;
  private readonly heap: Event[] = [];
  private order = 0;

  /** Calls back at that time, after earlier events of the same time. A time in the past counts as now. */
  at(atMs: number, callback: () => void, { isBackground = false } = {}): Timer {
    const event = new Event(Math.max(this.nowMs, atMs), this.order++, callback, isBackground);
    this.push(event);
    return event;
  }

  /** When the next event is due; undefined if there is none. */
  get dueMs(): number | undefined {
    while (this.heap[0] && !this.heap[0].callback) this.pop();
    return this.heap[0]?.atMs;
  }

  /** Whether somebody waits for time to pass. */
  get isWaitedFor(): boolean {
    return this.heap.some(({ callback, isBackground }) => callback && !isBackground);
  }

  /** Moves time to the next event, if there is one. */
  step(): void {
    if (this.dueMs !== undefined) this.advance(this.dueMs, () => false);
  }

  /** Resolves after that time. */
  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.at(this.nowMs + durationMs, resolve));
  }

  /** Moves time to `untilMs`, or until `isDone`, which is called before each event. */
  run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      let over = false;
      const step = (): void => {
        if (over) return;
        try {
          over = !this.advance(untilMs, isDone);
          if (over) resolve();
        } catch (error) {
          over = true;
          reject(error);
        }
      };
      const pump = (): void => {
        if (over) return;
        for (let steps = 0; steps < STEPS_AT_ONCE; steps += 1) setImmediate(step);
        setImmediate(pump);
      };
      pump();
    });
  }

  /** Moves time until the promise settles, and returns its outcome. */
  async until<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    await this.run(this.nowMs + limitMs, () => settled);
    if (!settled) throw new Error(`not settled within ${limitMs} ms of virtual time`);
    return promise;
  }

  /** A clock that shows this time. */
  clock(): Clock {
    return {
      monotonicMs: () => this.nowMs,
      wallMs: () => EPOCH_MS + this.nowMs,
      after: (delayMs, callback, { keepAlive = false } = {}) =>
        this.at(this.nowMs + Math.max(0, delayMs), callback, { isBackground: !keepAlive }),
    };
  }

  /** The same for locks in tests: it moves with what waits elsewhere. */
  skippingClock(): Clock {
    return { ...this.clock(), skipTo: (wallMs) => this.run(wallMs - EPOCH_MS) };
  }

  /** Carries out the next event that is due by `untilMs`. Returns whether there may be another one. */
  protected advance(untilMs: number, isDone: () => boolean): boolean {
    if (isDone()) return false;
    for (let next = this.heap[0]; next && next.atMs <= untilMs; next = this.heap[0]) {
      this.pop();
      if (!next.callback) continue;
      this.nowMs = next.atMs;
      next.callback();
      return true;
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
    return false;
  }

  private push(event: Event): void {
    const { heap } = this;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!precedes(event, heap[parent] as Event)) break;
      heap[index] = heap[parent] as Event;
      index = parent;
    }
    heap[index] = event;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && precedes(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (!precedes(heap[child] as Event, last)) break;
      heap[index] = heap[child] as Event;
      index = child;
    }
    heap[index] = last;
  }
}

function precedes(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** How long `until` waits in real time while nobody waits for virtual time: 2 s, or more on a slow machine. */
const MOST_NAPS = 400;
const NAP_MS = 5;

/** Virtual time. It stands still until a test moves it, and a day of it takes moments. */
export class TestTime {
  /** @internal */
  constructor(private readonly virtual: VirtualTime) {}

  /** The time of the clock. It begins at 2026-01-01, UTC. */
  now(): Date {
    return new Date(EPOCH_MS + this.virtual.nowMs);
  }

  /**
   * Moves time by that many seconds. What is due meanwhile happens in order. Before each step of time, and before
   * this resolves, all promises that can settle have settled.
   * @param seconds how far
   * @throws LockOptionError unless `seconds` is a number that is not negative
   */
  async advance(seconds: number): Promise<void> {
    await this.virtual.run(this.virtual.nowMs + checkedSeconds(seconds, 'seconds') * 1000);
  }

  /**
   * Moves time, event by event, until the promise settles, and returns its outcome. If nobody waits for virtual time,
   * the promise may wait for a file or the like: it then has 2 s of real time, in which heartbeats go on slowly.
   * @param options `limitSeconds`: virtual seconds after which to give up; default 3600
   * @param promise what the test waits for
   * @throws LynkError if the promise has not settled by then
   * @throws LockOptionError unless `limitSeconds` is a number that is not negative
   */
  async until<T>(promise: Promise<T>, options: { readonly limitSeconds?: number } = {}): Promise<T> {
    refuseUnknown(options, ['limitSeconds'], 'until');
    const limitSeconds = checkedSeconds(options.limitSeconds ?? 3600, 'limitSeconds');
    const limitMs = this.virtual.nowMs + limitSeconds * 1000;
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    for (let naps = 0; ; ) {
      await turn();
      if (!isSettled && this.virtual.isWaitedFor) {
        naps = 0;
      } else if (!isSettled && naps < MOST_NAPS) {
        naps += 1;
        await nap(NAP_MS);
      }
      if (isSettled) return promise;
      const { dueMs } = this.virtual;
      if (dueMs !== undefined && dueMs > limitMs) {
        throw new LynkError(`not settled within ${limitSeconds} s of virtual time`);
      }
      if (dueMs === undefined && naps >= MOST_NAPS) {
        throw new LynkError('it waits for something that virtual time does not move, such as a timer of its own');
      }
      this.virtual.step();
    }
  }

  /**
   * Resolves after that many seconds of virtual time: for fakes of slow work.
   * @param seconds how long
   * @throws LockOptionError unless `seconds` is a number that is not negative
   */
  async sleep(seconds: number): Promise<void> {
    await this.virtual.sleep(checkedSeconds(seconds, 'seconds') * 1000);
  }
}
