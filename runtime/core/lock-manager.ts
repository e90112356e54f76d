import { createHash } from 'node:crypto';
import { ElapsedTime } from '../protocol/elapsed.js';
import { ServerClock } from '../protocol/server-clock.js';
import { holdIdFrom, tombstoneHoldIdFrom } from '../protocol/version.js';
import { orAborted } from './abort.js';
import { BoundedMap, BoundedSet } from './bounded.js';
import type { Clock, Timer } from './clock.js';
import { Gate } from './gate.js';
import { SharedLock } from './shared-lock.js';

/** Elapsed time must be read at least every 250 ms while a hold or an acquire is open. */
const TICK_MS = 200;
/** Timers may be late by this much. The wall clock's grain adds up to less within a lease. */
const LATE_MS = 50;
/** So long between two ticks, the event loop was blocked, or the process frozen. */
const LONG_PAUSE_MS = 1000;

/** So many idle locks, and so many abandoned holds, one process remembers. */
const REMEMBERED = 10_000;

/** The randomness of a process. */
export interface Randomness {
  bytes(count: number): Uint8Array;
  /** Uniform in [0, 1). */
  fraction(): number;
}

/** What a process knows about one connection. */
class OfConnection {
  readonly serverClock = new ServerClock();
  readonly gate: Gate;
  readonly locks = new BoundedMap<SharedLock>(REMEMBERED, ({ queue }) => queue.isIdle);
  /** Locks that were only listed: however many they are, they evict none that was acquired here. */
  readonly listed = new BoundedMap<SharedLock>(REMEMBERED, () => true);

  constructor(clock: Clock) {
    this.gate = new Gate(clock);
  }
}

/**
 * What all lock clients of one process share: its clocks, the holds that it abandoned, and for each lock the queue of
 * its callers and what they saw.
 */
export class LockManager {
  private readonly elapsed: ElapsedTime;
  private readonly connections = new WeakMap<object, OfConnection>();
  private readonly abandoned = new BoundedSet(REMEMBERED);
  private readonly watchers = new Set<() => void>();
  private ticker: Timer | undefined;
  /** Elapsed time at which the process was last seen to run. */
  private ranMs = 0;
  /** The latest time in which it did not run, by elapsed time. */
  private standstill = { fromMs: 0, untilMs: 0 };
  /** By how much elapsed time was ahead of the monotonic clock when watchers were called last. */
  private aheadMs: number;
  /** How many works have not settled, and what keeps the process alive for them. */
  private works = 0;
  private stay: Timer | undefined;

  constructor(
    readonly clock: Clock,
    readonly random: Randomness,
  ) {
    const nowMs = clock.monotonicMs();
    this.elapsed = new ElapsedTime(nowMs, clock.wallMs());
    // Elapsed time begins at 0 here, and the monotonic clock has begun before.
    this.aheadMs = -nowMs;
  }

  /** Elapsed milliseconds as a holder must count them; see protocol/elapsed.ts. */
  elapsedMs(): number {
    return this.elapsed.read(this.clock.monotonicMs(), this.clock.wallMs());
  }

  /** The corrected clock of one connection. */
  serverClock(connection: object): ServerClock {
    return this.of(connection).serverClock;
  }

  /** Where waiters queue for one connection. */
  gate(connection: object): Gate {
    return this.of(connection).gate;
  }

  /**
   * What this process knows about one lock; `id` names endpoint, region, table and lock. Another connection may belong
   * to another account, in which the same names are another lock. So each connection has its own.
   */
  sharedLock(id: string, connection: object): SharedLock {
    const { locks, listed } = this.of(connection);
    return locks.getOrAdd(id, () => listed.take(id) ?? new SharedLock());
  }

  /** As `sharedLock`, for a lock that was only listed. */
  listedLock(id: string, connection: object): SharedLock {
    const { locks, listed } = this.of(connection);
    return locks.get(id) ?? listed.getOrAdd(id, () => new SharedLock());
  }

  /**
   * A hold id that no other process draws, not even one that was cloned from the same snapshot with its random
   * generator: the monotonic clock and the request differ.
   * @param salt what else differs everywhere: the invocation, or a hold id that was drawn before
   */
  drawHoldId(salt: string | undefined): string {
    return holdIdFrom(this.drawBytes(salt));
  }

  /** The hold id of a tombstone. @param salt the id of the hold that ends */
  drawTombstoneHoldId(salt: string): string {
    return tombstoneHoldIdFrom(this.drawBytes(salt));
  }

  /** From now on an entry of this hold counts as expired in this process: nobody here relies on it. */
  abandon(holdId: string): void {
    this.abandoned.add(holdId);
  }

  isAbandoned(holdId: string): boolean {
    return this.abandoned.has(holdId);
  }

  /** Resolves after that time, and keeps the process alive until then if asked to. Rejects when the signal aborts. */
  pause(delayMs: number, keepAlive: boolean, signal?: AbortSignal): Promise<void> {
    const slept = new Promise<void>((resolve) => {
      this.clock.after(delayMs, resolve, { keepAlive });
    });
    return orAborted(slept, signal);
  }

  /**
   * Runs work, and keeps the process alive until it has settled. The work may wait for something that does not: for
   * the signal of its hold, for example.
   */
  async stayFor<T>(work: () => Promise<T>): Promise<T> {
    this.works += 1;
    this.stay ??= this.clock.stay?.();
    try {
      return await work();
    } finally {
      this.works -= 1;
      if (this.works === 0) {
        this.stay?.cancel();
        this.stay = undefined;
      }
    }
  }

  /**
   * Reads elapsed time several times a second, until `unwatch` is called with the same callback. Calls back when it ran
   * ahead of the timers, as in a freeze: they are late then. Otherwise it does not, as there may be thousands of holds.
   */
  watch(callback: () => void): void {
    this.watchers.add(callback);
    this.keepTicking();
  }

  unwatch(callback: () => void): void {
    this.watchers.delete(callback);
    if (this.watchers.size > 0) return;
    this.ticker?.cancel();
    this.ticker = undefined;
  }

  /** For how long nothing ran in this process, if that covers the time between those two elapsed times; otherwise 0. */
  pausedMs(fromMs: number, untilMs: number): number {
    this.notePause();
    const { standstill } = this;
    return standstill.fromMs <= fromMs && standstill.untilMs >= untilMs ? standstill.untilMs - standstill.fromMs : 0;
  }

  private notePause(): void {
    const nowMs = this.elapsedMs();
    if (nowMs - this.ranMs > LONG_PAUSE_MS) this.standstill = { fromMs: this.ranMs, untilMs: nowMs };
  }

  private of(connection: object): OfConnection {
    let known = this.connections.get(connection);
    if (!known) {
      known = new OfConnection(this.clock);
      this.connections.set(connection, known);
    }
    return known;
  }

  private drawBytes(salt: string | undefined): Uint8Array {
    const others = `${this.clock.monotonicMs()} ${salt ?? ''}`;
    return createHash('sha256').update(this.random.bytes(16)).update(others).digest();
  }

  private keepTicking(): void {
    if (this.ticker) return;
    this.ranMs = this.elapsedMs();
    this.ticker = this.clock.after(TICK_MS, () => {
      this.ticker = undefined;
      this.notePause();
      const aheadMs = this.elapsedMs() - this.clock.monotonicMs();
      if (aheadMs - this.aheadMs > LATE_MS) {
        this.aheadMs = aheadMs;
        for (const callback of [...this.watchers]) callback();
      }
      if (this.watchers.size > 0) this.keepTicking();
    });
  }
}
