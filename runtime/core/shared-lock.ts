import { EntryObserver } from '../protocol/entry-observer.js';
import { Rivals } from '../protocol/rivals.js';
import { LocalQueue } from './local-queue.js';

/** After so many hand-overs within this process, the next caller gives other processes a chance to poll. */
const LOCAL_HANDOVERS = 10;
/** For how long, at most. */
const YIELD_MS = 20;

/**
 * What all callers of one process share of one lock: their queue, what they saw of its entry, and of other processes.
 */
export class SharedLock {
  readonly queue = new LocalQueue();
  readonly observed = new EntryObserver();
  /** Whether a warning has told that an entry without a fencing token stood here. */
  isKnownUnfenced = false;
  /** Most locks never meet others, and a process may hold thousands: made when first needed. */
  rivalsIfAny: Rivals | undefined;

  get rivals(): Rivals {
    this.rivalsIfAny ??= new Rivals();
    return this.rivalsIfAny;
  }

  /** A caller of this process holds it now. */
  granted(): void {
    this.rivalsIfAny?.granted();
    this.observed.forget();
  }

  /** How long a caller that can wait leaves the lock to other processes first, in milliseconds; `random` in [0, 1). */
  fairnessYieldMs(nowMs: number, random: number): number {
    const yieldMs = this.rivalsIfAny?.yieldMs(nowMs, random) ?? 0;
    if (yieldMs > 0 || this.queue.handOvers < LOCAL_HANDOVERS) return yieldMs;
    this.queue.handOvers = 0;
    return YIELD_MS * random;
  }
}
