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

/** What a sticky lock takes. */
export interface StickyOptions extends Pick<LockOptions, 'waitSeconds'>, Pick<TryOptions, 'releaseReserveSeconds'> {
  /**
   * Seconds for which the lock stays with the sandbox after a use, frozen or not. Longer than invocations are
   * apart, or each of them has to take it anew. Whole, 1 to 86,400.
   * @default 10, or the factory's
   */
  readonly leaseSeconds?: number | undefined;
  /**
   * Seconds without a use after which it is given back, where the process runs on: a frozen one cannot.
   * @default it stays until its lease is over
   */
  readonly idleSeconds?: number | undefined;
}

/** What a use sees of the lock. */
export type StickyHold = Pick<HeldLock, 'name' | 'signal' | 'isHeld' | 'remainingSeconds' | 'assertHeld'>;

const FIXED_LEASE = 'leaseSeconds of a sticky lock is a number: it outlasts invocations';

/**
 * A lock that is taken at its first use and stays with the process between uses, until its lease is over:
 *
 *     use          use                        use
 *     ├acquire──┤  ├acquire──┤                ├acquire (or another has it)
 *     ───────────────────────┴── lease ──►│ lapsed, nobody's
 */
export class StickyLock {
  private hold: Hold | undefined;
  private lock: Lock | undefined;
  private idle: Timer | undefined;
  /** The hold that takes on the one before. */
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
   * Runs `work` under the lock: takes it, or where it stayed from the use before takes it on, in one write. Each use
   * is a hold of its own, so what is guarded by one that is over fails once the next one holds. Where DynamoDB does
   * not confirm that within `waitSeconds`, the lock is given back. Uses at once take turns, first come, first served. After the invocation's end the work has no lock, and
   * the next use comes.
   * @param context the Lambda invocation that it is for, where there is one
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

  /** Gives the lock back, also while it is used: the work is told then. Never rejects: it warns. */
  async release(): Promise<void> {
    const { hold } = this;
    this.hold = undefined;
    this.idle?.cancel();
    keepNoMore(this);
    await hold?.takeBack();
  }

  /** @internal The process ends: what is being taken on at this moment is given back as well. */
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
    // Between two uses, test locks may have come or gone, with a process of their own.
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
