// Past the runner's fake timers: they stand still, and this has to go on.
import { setTimeout as nap, setImmediate as turn } from 'node:timers/promises';
import { LynkError } from '../errors.js';
import { refuseUnknown } from '../options/validate.js';
import { checkedSeconds } from './fault.js';
import type { VirtualTime } from './virtual-time.js';

/** The wall clock's reading when virtual time begins. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

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
