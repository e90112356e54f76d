import {
  type AcquireRequest,
  DOUBT_MS,
  holdOf,
  reported,
  rounded,
  secondsOfTry,
  stopMsOf,
  withinBudget,
} from '../acquire/acquire.js';
import { acquireRequest, limitOfOne, waitSecondsWithin } from '../acquire/acquire-request.js';
import { discardAcquisition } from '../acquire/ensure-lease.js';
import { WaitBudget } from '../core/wait-budget.js';
import { isHeldAround } from '../entry/scope.js';
import { type LockHolder, LockReentrancyError } from '../errors.js';
import { Hold } from '../hold/hold.js';
import { holdWhile, type Work, type WorkArguments, workArguments } from '../hold/run-under.js';
import type { HeldLock } from '../options/held-lock.js';
import type { Lease } from '../options/invocation-lease.js';
import { ACQUIRE_OPTIONS, type AcquireOptions, TRY_OPTIONS, type TryOptions } from '../options/options.js';
import { checkedWait, refuseUnknown } from '../options/validate.js';
import { type GrantedPermit, PermitContention } from './contend-permit.js';
import type { SemaphoreRef } from './semaphore-ref.js';

interface SemaphoreSettings {
  readonly name: string;
  readonly leaseSeconds: Lease;
  readonly maxInvocationLeaseSeconds: number;
  readonly waitSeconds: number;
  readonly reach: (name: string) => Promise<SemaphoreRef>;
}

/** A semaphore's name and settings, from `createSemaphore`. Making one costs nothing and sends nothing. */
export class Semaphore {
  /** @internal */
  constructor(
    private readonly settings: SemaphoreSettings,
    /** How many may hold a permit at once. */
    readonly permits: number,
  ) {}

  /** The semaphore's name. */
  get name(): string {
    return this.settings.name;
  }

  /**
   * Waits until one of the permits is held: a lock by the name of `held.name`, with all that belongs to one.
   * Callers of one process queue, first in first out.
   * @throws LockNotGrantedError after `waitSeconds`: others hold the permits, and `holders` says who
   * @throws LockUnavailableError after `waitSeconds`: DynamoDB did not answer, and `cause` says why
   * @throws LockEntryError, LockTableError, LockOptionError, LockReentrancyError
   */
  async acquire(options: AcquireOptions = {}): Promise<HeldLock> {
    return this.acquireHold(options, 'acquire');
  }

  /**
   * Asks once. Resolves to `undefined` where others hold all permits.
   * @throws LockUnavailableError where that could not be found out: its `cause` says why
   * @throws LockEntryError, LockTableError, LockOptionError, LockReentrancyError
   */
  async tryAcquire(options: TryOptions = {}): Promise<HeldLock | undefined> {
    refuseUnknown(options, TRY_OPTIONS, 'tryAcquire');
    const ask = await this.ask(options);
    const outcome = await reported(ask, () => this.askOnce(ask));
    return outcome instanceof Hold ? outcome : undefined;
  }

  /**
   * Holds a permit while `work` runs, and resolves to what `work` resolves to.
   * @throws what `work` throws; `LockLostError` where the permit was lost before `work` settled, with its
   *   error as `cause` or its value as `result`; otherwise as `acquire`
   */
  withPermit<T>(work: Work<T>): Promise<T>;
  /** Waits for a permit, and holds it while `work` runs, with options for this call. */
  withPermit<T>(options: AcquireOptions | undefined, work: Work<T>): Promise<T>;
  async withPermit<T>(...args: WorkArguments<AcquireOptions, T>): Promise<T> {
    const { options, work } = workArguments(args, 'withPermit');
    return holdWhile(await this.acquireHold(options, 'withPermit'), work);
  }

  private async acquireHold(options: AcquireOptions, where: string): Promise<Hold> {
    refuseUnknown(options, ACQUIRE_OPTIONS, where);
    const asked = checkedWait(options.waitSeconds, this.settings.waitSeconds);
    const ask = await this.ask(options);
    const waitSeconds = waitSecondsWithin(asked, ask);
    if (waitSeconds > 0) return reported(ask, () => this.waitFor(ask, waitSeconds));
    return reported(ask, async () => {
      const outcome = await this.askOnce(ask);
      if (outcome instanceof Hold) return outcome;
      throw ask.ref.notGranted(limitOfOne(asked), outcome, undefined);
    });
  }

  private async ask(options: TryOptions): Promise<AcquireRequest<SemaphoreRef>> {
    const ask = await acquireRequest(this.settings, options);
    const { ref } = ask;
    if (!ref.permits.some((permit) => isHeldAround(permit))) return ask;
    throw new LockReentrancyError(
      `${ref.label}: a permit of it is held by the withPermit that this code runs in, and a second one may never ` +
        'be free while everybody holds one; use its held object, or another semaphore',
      ref.errorDetails(),
    );
  }

  private async waitFor(ask: AcquireRequest<SemaphoreRef>, waitSeconds: number): Promise<Hold> {
    const { ref } = ask;
    const { head } = ref.queue;
    if (head) ask.reporter.waiting(head.holder);
    const waiter = ref.queue.join();
    const budget = new WaitBudget(ref.manager, { waitSeconds, untilMs: stopMsOf(ask) }, ask.signal, (cause) =>
      ref.notGranted(`within ${rounded(waitSeconds)} s`, ref.queue.head?.holders ?? [], cause ?? ref.queue.head?.doubt),
    );
    const contention = new PermitContention(ref, ask, budget, waiter);
    const granted = budget.race(waiter.atHead).then(() => contention.wait());
    const permit = await settle(granted, budget, () => waiter.leave());
    if (!permit) throw new Error('unreachable: an acquire ends granted or with an error');
    waiter.hasHeld = true;
    waiter.leave();
    return holdOf(ask, permit);
  }

  /** Asks once; resolves to who holds the permits where none is to be had. */
  private async askOnce(ask: AcquireRequest<SemaphoreRef>): Promise<Hold | readonly LockHolder[]> {
    const { ref } = ask;
    const limitSeconds = secondsOfTry(ask);
    const limits = { waitSeconds: limitSeconds, untilMs: ask.invocationEndsMs };
    const budget = new WaitBudget(ref.manager, limits, ask.signal, (cause) =>
      ref.notGranted(`within ${rounded(limitSeconds)} s`, [], cause ?? ref.queue.head?.doubt),
    );
    // Behind a caller of this process: who waits in vain has seen as much as a request of our own would show.
    for (let { head } = ref.queue; head; { head } = ref.queue) {
      const { holders, doubt } = head;
      if (holders.length > 0 && doubt === undefined) {
        budget.close();
        return holders;
      }
      // What it saw before its requests failed is no answer any more.
      await budget.race(holders.length > 0 ? budget.sleep(DOUBT_MS) : head.settled);
    }
    const waiter = ref.queue.join();
    const contention = new PermitContention(ref, ask, budget, waiter);
    const permit = await settle(contention.once(), budget, () => waiter.leave());
    if (!permit) return waiter.holders;
    waiter.leave();
    return holdOf(ask, permit);
  }
}

function settle(
  granted: Promise<GrantedPermit | undefined>,
  budget: WaitBudget,
  leave: () => void,
): Promise<GrantedPermit | undefined> {
  const giveBack = async ({ ref, lease, waiter }: GrantedPermit): Promise<void> => {
    await discardAcquisition(ref, lease);
    waiter.leave();
  };
  return withinBudget(budget, granted, { giveBack, leave });
}
