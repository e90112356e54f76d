import type { LockHolder } from '../errors.js';
import { AdaptiveBackoff } from '../protocol/adaptive-backoff.js';
import type { LockEntry } from '../protocol/entry.js';
import { type ObservedVersion, observe, observedExpiryMs } from '../protocol/takeover.js';
import { parseVersion } from '../protocol/version.js';
import type { Consistency } from './store.js';

/** After this many local hand-overs the next head lets other processes have a look. */
const LOCAL_HANDOVERS = 10;
/** Taken so often in a row, a lock that others want too is left to them for a moment. */
const TAKEN_IN_A_ROW = 4;
/** Where nobody took it then, it is taken so many times as often before it is left to them again. */
const AFTER_UNUSED = 1.4;
/** But not more often than this. */
const MOST_IN_A_ROW = 24;
/** How long a foreign entry that was seen counts as a sign that others want the lock. */
const FOREIGN_MEMORY_MS = 60_000;

/** So many versions of a lock are remembered that were seen before the last one. */
const OUTDATED_REMEMBERED = 4;

const NOBODY: readonly LockHolder[] = [];
const NONE: readonly string[] = [];

/**
 * What one process knows about one lock: the queue of its own callers, first in first out, and the
 * entry that it saw last. Only the head of the queue, which contends or holds, talks to DynamoDB.
 */
export class LocalQueue {
  /** Whether an entry without a fencing token was seen, and told of, where there has to be one. */
  isKnownUnfenced = false;
  /** The greatest fencing token that was seen or given: where the clock has not passed it, the next one goes on from it. */
  fencingToken: bigint | undefined;
  private observation: ObservedVersion | undefined;
  /** Versions that were seen before that one, the latest last. */
  private outdated = NONE;
  /** Whether a consistent answer has shown that one after those; it is doubted where another answer showed one of those. */
  private certainty: 'sure' | 'unsure' | 'doubted' = 'unsure';
  /** The holder that a waiter saw last. */
  private rival: string | undefined;
  private queue: Waiter[] = [];
  private localHandOvers = 0;
  private takenInARow = 0;
  /** So often it may be taken in a row before it is left to others. */
  private allowedInARow = TAKEN_IN_A_ROW;
  // Most locks never meet others, and a process may hold thousands: what those need is made when it is needed.
  private foreignSeenMs: number | undefined;
  private backoffOnceNeeded: AdaptiveBackoff | undefined;
  private idleListeners: Set<() => void> | undefined;

  /** Nobody queues, and there is nothing to remember that another look would not tell. */
  get isIdle(): boolean {
    return this.queue.length === 0;
  }

  /** Whoever is at the head now; undefined where nobody queues. */
  get head(): Waiter | undefined {
    return this.queue[0];
  }

  /** The same, by the clock: a hold past its deadline is lost as it is asked, and leaves its place. */
  get headNow(): Waiter | undefined {
    void this.head?.holder;
    return this.head;
  }

  /** How many others seem to want it. */
  get backoff(): AdaptiveBackoff {
    this.backoffOnceNeeded ??= new AdaptiveBackoff();
    return this.backoffOnceNeeded;
  }

  /** Takes a place at the end of the queue. It is to be left again, whatever comes. */
  join(): Waiter {
    const waiter = new Waiter(this);
    if (this.queue.length > 0) {
      this.queue.push(waiter);
    } else {
      // An array that has been pushed to has room for more than hardly any lock will ever need.
      this.queue = [waiter];
      waiter.promote();
    }
    return waiter;
  }

  /** Calls back once nobody of this process has or wants the lock any more, unless the returned function was called. */
  onIdle(listener: () => void): () => void {
    this.idleListeners ??= new Set();
    this.idleListeners.add(listener);
    return () => this.idleListeners?.delete(listener);
  }

  /**
   * Remembers the entry that an answer showed. Returns the monotonic time of observed expiry of what stands there:
   * an eventually consistent answer that shows what was seen before that is outdated, and counts for nothing.
   */
  saw(entry: LockEntry, arrivedMs: number, consistency: Consistency = 'eventual'): number {
    this.noteToken(entry.fencingToken);
    const former = this.observation;
    if (former && consistency === 'eventual' && this.outdated.includes(entry.version)) {
      if (this.certainty === 'unsure') this.certainty = 'doubted';
      return observedExpiryMs(former);
    }
    this.observation = observe(former, entry, arrivedMs);
    if (former && former.version !== entry.version) {
      const others = this.outdated.filter((version) => version !== entry.version);
      this.outdated = [...others, former.version].slice(-OUTDATED_REMEMBERED);
      this.certainty = 'unsure';
    }
    if (consistency === 'strong') this.certainty = 'sure';
    return observedExpiryMs(this.observation);
  }

  /** How to look next: answers that contradict each other are settled by a consistent one. */
  get nextPoll(): Consistency {
    return this.certainty === 'doubted' ? 'strong' : 'eventual';
  }

  /** Whether the entry, which was seen just now, is known not to stand there any more. */
  isOutdated({ version }: LockEntry): boolean {
    return this.observation !== undefined && this.observation.version !== version;
  }

  /** Monotonic time at which the entry seen last can expire by observation. */
  expiryMs(): number {
    return this.observation ? observedExpiryMs(this.observation) : -Infinity;
  }

  /** The version seen last, where it has stood for its whole lease by now. */
  expiredVersion(nowMs: number): string | undefined {
    if (!this.observation || this.observation.leaseSeconds === 0) return undefined;
    return nowMs >= observedExpiryMs(this.observation) ? this.observation.version : undefined;
  }

  /**
   * Whom a waiter sees holding the lock: news of how crowded it is. `raced`: it had just asked for it, too.
   * Returns whether the lock has changed hands since the look before.
   */
  noteRival(entry: LockEntry, arrivedMs: number, raced: boolean): boolean {
    if (this.isOutdated(entry)) return false;
    // Of a Python holder only the host stays while it refreshes.
    const rival = parseVersion(entry.version)?.holdId ?? entry.hostIdentifier;
    const hasChanged = this.rival !== undefined && this.rival !== rival;
    if (raced) this.backoff.lostRace(arrivedMs);
    else if (hasChanged) this.backoff.passedBy(arrivedMs);
    this.rival = rival;
    return hasChanged;
  }

  /** The lock was had at the first write after it looked free. Where no crowd was seen, that is no news. */
  wonRace(arrivedMs: number): void {
    this.backoffOnceNeeded?.wonRace(arrivedMs);
  }

  /** Another process has what this one wants. */
  noteForeign(nowMs: number): void {
    this.noteOthers(nowMs);
    this.takenInARow = 0;
    this.allowedInARow = TAKEN_IN_A_ROW;
  }

  /** The same of a semaphore, some of whose permits others have: that is no sign that they had their turn. */
  noteOthers(nowMs: number): void {
    this.foreignSeenMs = nowMs;
  }

  noteToken(token: bigint | undefined): void {
    if (token !== undefined && token > (this.fencingToken ?? token - 1n)) this.fencingToken = token;
  }

  noteTaken(): void {
    this.takenInARow += 1;
    this.observation = undefined;
    this.outdated = NONE;
    this.certainty = 'unsure';
    this.rival = undefined;
  }

  /** How long a new head that can wait leaves the lock to other processes; `random` in [0, 1). */
  fairnessYieldMs(nowMs: number, random: number): number {
    const { foreignSeenMs = -Infinity } = this;
    if (nowMs - foreignSeenMs < FOREIGN_MEMORY_MS && this.takenInARow >= this.allowedInARow) {
      this.takenInARow = 0;
      this.allowedInARow = Math.min(MOST_IN_A_ROW, this.allowedInARow * AFTER_UNUSED);
      return 100 * random;
    }
    if (this.localHandOvers >= LOCAL_HANDOVERS) {
      this.localHandOvers = 0;
      return 20 * random;
    }
    return 0;
  }

  /** Whoever left before leaves no more. */
  leave(waiter: Waiter): void {
    const index = this.queue.indexOf(waiter);
    if (index < 0) return;
    this.queue.splice(index, 1);
    if (index > 0) return;
    if (this.queue[0]) {
      if (waiter.hasHeld) this.localHandOvers += 1;
      this.queue[0].promote();
    } else {
      const { idleListeners } = this;
      this.idleListeners = undefined;
      for (const listener of idleListeners ?? []) listener();
    }
  }
}

/** What has the lock of a place that it was granted to. */
export interface Granted {
  /** Who holds, and for how long. */
  describe(): LockHolder;
}

/** Who asks DynamoDB for the lock. */
export interface Asker {
  /** Why nothing is known of the lock at this moment, where its last request was not answered. */
  unanswered(): unknown;
}

/** A caller's place in the queue for one lock. */
export class Waiter {
  /** Whether the lock was granted to this place. */
  hasHeld = false;
  /** Whether this place has come to the head. */
  isAtHead = false;
  /** Who asks for the lock while this place is at the head. */
  asker: Asker | undefined;
  private isSettled = false;
  private granted: Granted | undefined;
  private others: readonly LockHolder[] = NOBODY;
  private onHead: (() => void)[] | undefined;
  private onSettled: (() => void)[] | undefined;

  constructor(private readonly queue: LocalQueue) {}

  /** Resolves when this place has come to the head. Never rejects. */
  get atHead(): Promise<void> {
    if (this.isAtHead) return Promise.resolve();
    this.onHead ??= [];
    return oneOf(this.onHead);
  }

  /** Resolves once it is known who has the lock while this place is at the head, or it was left. */
  get settled(): Promise<void> {
    if (this.isSettled) return Promise.resolve();
    this.onSettled ??= [];
    return oneOf(this.onSettled);
  }

  /** Who has the lock while this place is at the head, as far as that is known. */
  get holder(): LockHolder | undefined {
    return this.holders[0];
  }

  /** All who are known to hold a permit, where it is a semaphore that this place is for. */
  get holders(): readonly LockHolder[] {
    return this.granted ? [this.granted.describe()] : this.others;
  }

  /** Why it is not known any more who has the lock: what was seen may be long ago. */
  get doubt(): unknown {
    return this.granted ? undefined : this.asker?.unanswered();
  }

  grant(granted: Granted): void {
    this.hasHeld = true;
    this.granted = granted;
    // A hold may last for hours: what was asked on its way here is let go of.
    this.asker = undefined;
    this.settle();
  }

  /** Another process was seen to hold it; of a semaphore, others were seen to hold its permits. */
  refuse(...holders: readonly LockHolder[]): void {
    this.others = holders;
    this.settle();
  }

  promote(): void {
    this.isAtHead = true;
    for (const resolve of this.onHead ?? []) resolve();
    this.onHead = undefined;
  }

  /** Gives the place up; the next one comes forward. Further calls do nothing. */
  leave(): void {
    this.queue.leave(this);
    this.settle();
  }

  private settle(): void {
    this.isSettled = true;
    for (const resolve of this.onSettled ?? []) resolve();
    this.onSettled = undefined;
  }
}

/** Settled by whoever calls all of those. Hardly any place is waited for: each promise is made when asked for. */
function oneOf(resolvers: (() => void)[]): Promise<void> {
  return new Promise((resolve) => resolvers.push(resolve));
}
