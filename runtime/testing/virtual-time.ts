// Past the runner's fake timers: they stand still, and this has to go on.
import { setImmediate } from 'node:timers';
import { setTimeout as nap, setImmediate as turn } from 'node:timers/promises';
import type { Clock, Timer } from '../core/clock.js';
import { LynkError } from '../errors.js';
import { refuseUnknown } from '../options/validate.js';
import { checkedSeconds } from './fault.js';

/** The wall clock's reading when virtual time begins. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

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

  /** A clock that shows this time. */
  clock(): Clock {
    return {
      monotonicMs: () => this.nowMs,
      wallMs: () => EPOCH_MS + this.nowMs,
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

/** What is left to a promise that nobody waits for time to pass for: 2 s of real time, or more on a slow machine. */
const MOST_NAPS = 400;
const NAP_MS = 5;

/** Virtual time: it stands still until a test lets it pass, and a day of it passes in moments. */
export class TestTime {
  /** @internal */
  constructor(private readonly virtual: VirtualTime) {}

  /** What the clock says. It begins with 2026, UTC. */
  now(): Date {
    return new Date(EPOCH_MS + this.virtual.nowMs);
  }

  /**
   * Lets that many seconds pass. What is due meanwhile happens in its order, and whatever promises that settles
   * are followed up before time goes on; so is all that could be done at once, when it returns.
   */
  async advance(seconds: number): Promise<void> {
    await this.virtual.run(this.virtual.nowMs + checkedSeconds(seconds, 'seconds') * 1000);
  }

  /**
   * The promise's outcome. Lets time pass until it is known, event by event. Where nobody waits for time to pass, it
   * may wait for a file or the like: it is left 2 s of real time, in which heartbeats go on, but slowly.
   * @param options `limitSeconds`: gives up after that much virtual time; default an hour
   * @throws LynkError where it has not settled by then
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

  /** Resolves that many seconds later: for what stands in for slow work. */
  async sleep(seconds: number): Promise<void> {
    await this.virtual.sleep(checkedSeconds(seconds, 'seconds') * 1000);
  }
}
