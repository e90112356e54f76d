import type { LockHolder } from '../errors.js';
import type { WaitBudget } from './wait-budget.js';

const NOBODY: readonly LockHolder[] = [];

/**
 * The callers of one process that want one lock, first in first out. Only the head, which contends or holds, talks to
 * DynamoDB.
 */
export class LocalQueue {
  /** How often a holder left with another caller behind it; whoever yields to other processes sets it to 0. */
  handOvers = 0;
  private waiters: Waiter[] = [];
  private idleListeners: Set<() => void> | undefined;

  get isIdle(): boolean {
    return this.waiters.length === 0;
  }

  get head(): Waiter | undefined {
    return this.waiters[0];
  }

  /** Ends the head's hold if its deadline has passed unnoticed, as after a freeze. Returns the head after that. */
  expireHead(): Waiter | undefined {
    this.head?.expire();
    return this.head;
  }

  /** Adds a waiter at the end. Its caller has to call `leave` in any case. */
  join(): Waiter {
    const waiter = new Waiter(this);
    if (this.waiters.length > 0) {
      this.waiters.push(waiter);
    } else {
      // An array that grew by push has room for more waiters than hardly any lock will ever have.
      this.waiters = [waiter];
      waiter.promote();
    }
    return waiter;
  }

  /** Calls back once the queue is empty, unless the returned function was called before. */
  onIdle(listener: () => void): () => void {
    this.idleListeners ??= new Set();
    this.idleListeners.add(listener);
    return () => this.idleListeners?.delete(listener);
  }

  /** Further calls for the same waiter do nothing. */
  leave(waiter: Waiter): void {
    const index = this.waiters.indexOf(waiter);
    if (index < 0) return;
    this.waiters.splice(index, 1);
    if (index > 0) return;
    if (this.waiters[0]) {
      if (waiter.hasHeld) this.handOvers += 1;
      this.waiters[0].promote();
    } else {
      const { idleListeners } = this;
      this.idleListeners = undefined;
      for (const listener of idleListeners ?? []) listener();
    }
  }
}

/** The hold of a waiter. */
interface WaitersHold {
  /** Reads the clock: a hold past its deadline ends, and its waiter leaves. */
  readonly isHeld: boolean;
  describe(): LockHolder;
}

/** One caller in the queue for one lock. */
export class Waiter {
  hasHeld = false;
  isAtHead = false;
  /** The wait of the caller that asks DynamoDB for the lock, while this one is at the head. */
  budget: WaitBudget | undefined;
  private isSettled = false;
  private hold: WaitersHold | undefined;
  private others: readonly LockHolder[] = NOBODY;
  private onHead: (() => void)[] | undefined;
  private onSettled: (() => void)[] | undefined;

  constructor(private readonly queue: LocalQueue) {}

  /** Resolves when this waiter has come to the head. Never rejects. */
  get atHead(): Promise<void> {
    if (this.isAtHead) return Promise.resolve();
    this.onHead ??= [];
    return promiseIn(this.onHead);
  }

  /** Resolves when it is known who has the lock, or when this waiter has left. Never rejects. */
  get settled(): Promise<void> {
    if (this.isSettled) return Promise.resolve();
    this.onSettled ??= [];
    return promiseIn(this.onSettled);
  }

  /** Who has the lock while this waiter is at the head, as far as is known. */
  get holder(): LockHolder | undefined {
    return this.holders[0];
  }

  /** Of a semaphore: who has its permits, as far as is known. */
  get holders(): readonly LockHolder[] {
    return this.hold ? [this.hold.describe()] : this.others;
  }

  /** Why `holders` may be outdated: the requests after it fail. */
  get doubt(): unknown {
    return this.hold ? undefined : this.budget?.unanswered();
  }

  grant(hold: WaitersHold): void {
    this.hasHeld = true;
    this.hold = hold;
    // A hold may last for hours: the memory of its wait is free again.
    this.budget = undefined;
    this.settle();
  }

  /** Other processes were seen to have the lock, or the semaphore's permits. */
  refuse(...holders: readonly LockHolder[]): void {
    this.others = holders;
    this.settle();
  }

  expire(): void {
    void this.hold?.isHeld;
  }

  promote(): void {
    this.isAtHead = true;
    for (const resolve of this.onHead ?? []) resolve();
    this.onHead = undefined;
  }

  /** The next waiter comes forward. Further calls do nothing. */
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

/** A promise that a call of the added function resolves. Made on demand: few waiters are waited for. */
function promiseIn(resolvers: (() => void)[]): Promise<void> {
  return new Promise((resolve) => resolvers.push(resolve));
}
