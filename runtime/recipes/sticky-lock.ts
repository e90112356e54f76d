import { within } from '../acquire/acquire.js';
import type { AcquireRequest } from '../acquire/acquire-request.js';
import type { Lock } from '../acquire/lock.js';
import type { Timer } from '../core/clock.js';
import { LocalQueue, type Waiter } from '../core/local-queue.js';
import { giveBackOnSigterm, keepNoMore } from '../core/sigterm.js';
import { type Limits, WaitBudget } from '../core/wait-budget.js';
import type { LockRef } from '../entry/lock-ref.js';
import { refuseReentry } from '../entry/scope.js';
import { LockNotGrantedError, LockOptionError } from '../errors.js';
import type { Hold } from '../hold/hold.js';
import type { HeldLock } from '../options/held-lock.js';
import { DEFAULT_RESERVE_SECONDS } from '../options/invocation-lease.js';
import type { InvocationContext, LockOptions, TryOptions } from '../options/options.js';
import { checkedContext, checkedLease, checkedReserve, checkedWait, checkedWork, shown } from '../options/validate.js';
import { takeForUse } from './sticky-take.js';
import { runUse } from './sticky-use.js';

/** The options of a sticky lock. */
export interface StickyOptions extends Pick<LockOptions, 'waitSeconds'>, Pick<TryOptions, 'releaseReserveSeconds'> {
  /**
   * Whole seconds for which the lock stays with the sandbox after a use, frozen or not: 1 to 86,400. Make it longer
   * than the time between two invocations, or each of them has to take the lock anew.
   * @default 10, or the factory's
   */
  readonly leaseSeconds?: number | undefined;
  /**
   * Seconds without a use after which it is released, if the process runs on: a frozen one cannot release.
   * @default it stays until its lease is over
   */
  readonly idleSeconds?: number | undefined;
}

/** The lock, as the work of one use sees it. */
export type StickyHold = Pick<HeldLock, 'name' | 'signal' | 'isHeld' | 'remainingSeconds' | 'assertHeld'>;

const FIXED_LEASE = 'leaseSeconds of a sticky lock is a number: it outlasts invocations';

/**
 * A lock that is acquired at its first use and stays with the process between uses, until its lease is over:
 *
 *     use          use                        use
 *     ├acquire──┤  ├acquire──┤                ├acquire (or another has it)
 *     ───────────────────────┴── lease ──►│ lapsed, free
 */
export class StickyLock {
  private hold: Hold | undefined;
  private lock: Lock | undefined;
  private idle: Timer | undefined;
  /** The hold that is replacing the one before. */
  private taking: Promise<Hold> | undefined;
  /** Uses in one process take turns. */
  private readonly turns = new LocalQueue();
  private readonly reserveSeconds: number;

  /** @internal */
  constructor(
    private readonly makeLock: () => Lock,
    private readonly options: StickyOptions,
  ) {
    const { leaseSeconds, waitSeconds, idleSeconds, releaseReserveSeconds } = options;
    if (leaseSeconds !== undefined && typeof checkedLease(leaseSeconds) !== 'number') {
      throw new LockOptionError(FIXED_LEASE);
    }
    if (idleSeconds !== undefined && !(typeof idleSeconds === 'number' && idleSeconds > 0)) {
      throw new LockOptionError(`idleSeconds is a number of seconds above 0, got ${shown(idleSeconds)}`);
    }
    if (waitSeconds !== undefined) checkedWait(waitSeconds);
    this.reserveSeconds = checkedReserve(releaseReserveSeconds ?? DEFAULT_RESERVE_SECONDS);
  }

  /** Whether it is held at this moment, in use or not. */
  get isHeld(): boolean {
    return this.hold?.stands === true;
  }

  /**
   * Runs `work` under the lock: acquires it, or goes on with the hold of the use before, in one write. Each use is a
   * hold of its own, so that a guarded write of a use that is over fails once the next one holds. If DynamoDB does not
   * confirm that within `waitSeconds`, the lock is released. Uses of one process queue, first in first out. After the
   * invocation's end the work does not hold the lock any more, and the next use may begin.
   * @param context the Lambda invocation that the use is for, if any
   * @param work runs under the lock, and gets the hold of this use
   * @throws what `work` throws, and as `withLock`
   */
  async use<T>(context: InvocationContext | undefined, work: (held: StickyHold) => T | PromiseLike<T>): Promise<T> {
    checkedContext(context);
    checkedWork(work, 'use');
    this.lock ??= this.makeLock();
    const { lock } = this;
    const { leaseSeconds, waitSeconds: defaultSeconds } = lock.defaults;
    if (typeof leaseSeconds !== 'number')
      throw new LockOptionError(`${FIXED_LEASE}; its factory's is "${leaseSeconds}"`);
    const ref = await lock.target();
    refuseReentry(ref);
    const { manager } = ref;
    const endsMs = context ? manager.elapsedMs() + context.getRemainingTimeInMillis() : Infinity;
    const stopMs = endsMs - this.reserveSeconds * 1000;
    const mostSeconds = this.options.waitSeconds ?? defaultSeconds;
    const limitMs = manager.clock.monotonicMs() + mostSeconds * 1000;
    const waitSeconds = (): number =>
      Math.max(0, Math.min(limitMs - manager.clock.monotonicMs(), stopMs - manager.elapsedMs())) / 1000;
    const waiter = await this.turn(ref, { waitSeconds: waitSeconds(), untilMs: stopMs });
    this.idle?.cancel();
    let hold: Hold;
    try {
      const ask = await lock.ask({ context, releaseReserveSeconds: this.reserveSeconds });
      hold = await this.taken({ ...ask, isToStay: true }, mostSeconds, waitSeconds);
    } catch (error) {
      this.endTurn(ref, waiter);
      throw error;
    }
    return runUse(ref, hold, endsMs, work, () => {
      hold.rest('its use is over', () => this.hold === hold && keepNoMore(this));
      this.endTurn(ref, waiter);
    });
  }

  /** Releases the lock, even during a use: its signal aborts then. Never rejects; a failure is logged as a warning. */
  async release(): Promise<void> {
    const { hold } = this;
    this.hold = undefined;
    this.idle?.cancel();
    keepNoMore(this);
    await hold?.takeBack();
  }

  /** @internal The process ends: releases also what is being acquired at this moment. */
  async end(): Promise<void> {
    await this.taking?.catch(() => {});
    await this.release();
  }

  private async turn(ref: LockRef, limits: Limits): Promise<Waiter> {
    const waiter = this.turns.join();
    const budget = new WaitBudget(ref.manager, limits, undefined, () => {
      const limit = within(limits.waitSeconds);
      const { head } = ref.queue;
      // The other use is still contending for it.
      if (head && (!head.holder || head.doubt !== undefined)) return ref.notGranted(limit, head.holders, head.doubt);
      const message = `${ref.label} was not granted ${limit}: another use of it in this process goes on`;
      return new LockNotGrantedError(message, { ...ref.errorDetails(), holder: head?.holder });
    });
    try {
      await budget.race(waiter.atHead);
      return waiter;
    } catch (error) {
      waiter.leave();
      throw error;
    } finally {
      budget.close();
    }
  }

  private async taken(ask: AcquireRequest, mostSeconds: number, waitSeconds: () => number): Promise<Hold> {
    // Between two uses, test locks may have been installed or removed, with a lock manager of their own.
    const stayed = this.hold?.manager === ask.ref.manager ? this.hold : undefined;
    this.hold = undefined;
    const taking = takeForUse(ask, stayed, mostSeconds, waitSeconds).then((hold) => {
      this.hold = hold;
      giveBackOnSigterm(this);
      return hold;
    });
    if (stayed) this.taking = taking;
    try {
      return await taking;
    } finally {
      this.taking = undefined;
    }
  }

  private endTurn({ manager }: LockRef, waiter: Waiter): void {
    const { idleSeconds } = this.options;
    if (idleSeconds !== undefined && this.hold) {
      this.idle = manager.clock.after(idleSeconds * 1000, () => void this.release());
    }
    waiter.leave();
  }
}
