// Past the runner's fake timers: they stand still, and this has to go on.
import { setImmediate } from 'node:timers';
import type { Clock, Timer } from '../core/clock.js';

/** Something that happens at a time, unless it is cancelled. */
class Event implements Timer {
  constructor(
    readonly atMs: number,
    readonly order: number,
    public callback: (() => void) | undefined,
    /** Goes on by itself, such as a heartbeat: nobody waits for it. */
    readonly isBackground: boolean,
  ) {}

  cancel(): void {
    this.callback = undefined;
  }
}

/**
 * Events that are asked for at once. Between two callbacks of `setImmediate` all microtasks run out, so
 * all promises that can be settled are; asking for them singly would pay for a turn of the event loop each.
 */
const STEPS_AT_ONCE = 256;

/**
 * True time, in milliseconds from 0, which moves only from event to event. Whatever the code under test
 * awaits is settled between two events, so a run is repeated exactly by the same events.
 */
export class VirtualTime {
  nowMs = 0;
  private readonly heap: Event[] = [];
  private order = 0;

  /** Calls back at that time, after whatever is due by then; at once where the time has passed. */
  at(atMs: number, callback: () => void, { isBackground = false } = {}): Timer {
    const event = new Event(Math.max(this.nowMs, atMs), this.order++, callback, isBackground);
    this.push(event);
    return event;
  }

  /** When the next event is due; undefined where none is. */
  get dueMs(): number | undefined {
    while (this.heap[0] && !this.heap[0].callback) this.pop();
    return this.heap[0]?.atMs;
  }

  /** Whether somebody waits for time to pass. */
  get isWaitedFor(): boolean {
    return this.heap.some(({ callback, isBackground }) => callback && !isBackground);
  }

  /** Lets time pass until the next event, if there is one. */
  step(): void {
    if (this.dueMs !== undefined) this.advance(this.dueMs, () => false);
  }

  /** Resolves that much later. */
  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.at(this.nowMs + durationMs, resolve));
  }

  /** Lets time pass until then, or until `isDone`, asked after every event. */
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

  /** The promise's outcome, letting time pass until it is known. */
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

  /** A clock that is right. `epochMs` is the wall clock's reading at time 0. */
  clock(epochMs: number = Date.UTC(2026, 0, 1)): Clock {
    return {
      monotonicMs: () => this.nowMs,
      wallMs: () => epochMs + this.nowMs,
      after: (delayMs, callback, { keepAlive = false } = {}) =>
        this.at(this.nowMs + Math.max(0, delayMs), callback, { isBackground: !keepAlive }),
    };
  }

  /** The next event, if there is one by then; whether there may be more. */
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
