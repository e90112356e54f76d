import type { Waiter } from '../core/local-queue.js';
import type { LockStore } from '../core/store.js';
import { WaitBudget } from '../core/wait-budget.js';
import type { LockRef } from '../entry/lock-ref.js';
import { refuseReentry } from '../entry/scope.js';
import type { LockHolder } from '../errors.js';
import type { HandOver } from '../hold/hand-over-text.js';
import { Hold } from '../hold/hold.js';
import type { AcquireOptions, TryOptions } from '../options/options.js';
import { checkedWait } from '../options/validate.js';
import type { LeaseState } from '../protocol/lease-state.js';
import {
  type Acquirable,
  type AcquireRequest,
  type AnyRequest,
  acquireRequest,
  type Contending,
  type Grant,
  type LockSettings,
  stopMsOf,
  trySeconds,
} from './acquire-request.js';
import { Adoption } from './adopt.js';
import { Contention } from './contend.js';
import { discardAcquisition } from './ensure-lease.js';

/**
 * The way from an option to a hold, for a lock and for a semaphore's permit:
 *
 *     settings, options ──► AcquireRequest ──► local queue ──► Contention ──► Hold
 */

/** After this time a caller asks another caller of its process again, if the requests of that one fail. */
const DOUBT_MS = 100;

export function contendForLock(request: AcquireRequest, budget: WaitBudget, waiter: Waiter): Contending {
  return new Contention(request.ref, request, budget, waiter);
}

/** Waits until the lock is held, as `acquire` of a lock says. */
export async function acquireHold(settings: LockSettings, options: AcquireOptions): Promise<Hold> {
  const waitSeconds = checkedWait(options.waitSeconds, settings.waitSeconds);
  const request = await acquireRequest(settings, options);
  refuseReentry(request.ref);
  return (await waitForHold(request, waitSeconds)) as Hold;
}

/** Tries once, as `tryAcquire` of a lock says; resolves to who holds it if that is another. */
export async function tryHold(settings: LockSettings, options: TryOptions): Promise<Hold | LockHolder> {
  const request = await acquireRequest(settings, options);
  refuseReentry(request.ref);
  const outcome = await tryForHold(request);
  return outcome instanceof Hold ? outcome : (outcome?.[0] as LockHolder);
}

/**
 * Waits until held, behind the callers of this process; resolves to nothing if a shared result serves the caller.
 * Without time to wait, which its invocation may cut short, it tries once.
 * @param limit why it tried only once, as the error says it
 */
export function waitForHold<T extends Acquirable>(
  request: AcquireRequest<T>,
  withinSeconds: number,
  limit = limitOfTry(withinSeconds),
): Promise<Hold | undefined> {
  return reported(request, async () => {
    const waitSeconds = Math.min(withinSeconds, request.invocationSeconds - request.reserveSeconds);
    if (waitSeconds > 0) return queueForHold(request, waitSeconds);
    const outcome = await tryOnce(request);
    if (!outcome || outcome instanceof Hold) return outcome;
    throw request.ref.notGranted(limit, outcome);
  });
}

export function limitOfTry(askedSeconds: number): string {
  return askedSeconds > 0 ? 'so late in its invocation' : 'at once';
}

/** Tries once; resolves to who holds it if those are others, and to nothing if a shared result serves the caller. */
export function tryForHold<T extends Acquirable>(
  request: AcquireRequest<T>,
): Promise<Hold | readonly LockHolder[] | undefined> {
  return reported(request, () => tryOnce(request));
}

/** Goes on holding what was handed over. It joins no queue: the turn of the giver goes on. */
export function adoptHold(request: AcquireRequest<LockRef<LockStore>>, handOver: HandOver): Promise<Hold> {
  const budget = tryBudget(request);
  const adoption = new Adoption(request.ref, handOver, request, budget);
  // What is granted after the caller has stopped waiting stays for its next try.
  const cleanup = { giveBack: async () => {}, leave: () => {} };
  return reported(request, async () => {
    try {
      const lease = (await withinBudget(budget, adoption.adopt(), cleanup)) as LeaseState;
      return holdOf(request, { ref: request.ref, lease, waiter: undefined });
    } catch (error) {
      adoption.endInVain(request.signal?.aborted === true);
      throw error;
    }
  });
}

/** Reports how an attempt begins and, if it ends without a hold, why. */
async function reported<T extends Hold | readonly LockHolder[] | undefined>(
  { reporter }: AnyRequest,
  attempt: () => Promise<T>,
): Promise<T> {
  reporter.requested();
  try {
    const outcome = await attempt();
    if (outcome === undefined) reporter.served();
    else if (!(outcome instanceof Hold)) reporter.refused(outcome[0]);
    return outcome;
  } catch (error) {
    reporter.failed(error);
    throw error;
  }
}

function queueForHold<T extends Acquirable>(
  request: AcquireRequest<T>,
  waitSeconds: number,
): Promise<Hold | undefined> {
  const { reporter } = request;
  const { queue } = request.ref;
  const head = queue.expireHead();
  if (head) reporter.waiting(head.holder);
  const waiter = queue.join();
  const budget = budgetFor(request, waitSeconds, stopMsOf(request));
  const contention = request.contend(request, budget, waiter);
  const granted = waiter.isAtHead ? contention.wait() : budget.race(waiter.atHead).then(() => contention.wait());
  return intoHold(request, granted, budget, waiter);
}

async function tryOnce<T extends Acquirable>(
  request: AcquireRequest<T>,
): Promise<Hold | readonly LockHolder[] | undefined> {
  const { ref, sharedResult } = request;
  const { queue } = ref;
  const budget = tryBudget(request);
  // Behind a caller of this process: the answers to its requests tell as much as answers to our own would.
  for (let head = queue.expireHead(); head; head = queue.expireHead()) {
    const { holders, doubt } = head;
    if (holders.length > 0 && doubt === undefined) {
      budget.close();
      return sharedResult?.isServedHere() ? undefined : holders;
    }
    // What it saw before its requests failed is no answer any more.
    await budget.race(holders.length > 0 ? budget.sleep(DOUBT_MS) : head.settled);
  }
  const waiter = queue.join();
  const hold = await intoHold(request, request.contend(request, budget, waiter).once(), budget, waiter);
  return hold ?? (sharedResult?.served ? undefined : waiter.holders);
}

/** The wait of a single try: long enough for a slow answer, and for another attempt after one that was lost. */
function tryBudget<T extends Acquirable>(request: AcquireRequest<T>): WaitBudget {
  return budgetFor(request, trySeconds(request), request.invocationEndsMs);
}

function budgetFor<T extends Acquirable>(
  { ref, signal }: AcquireRequest<T>,
  waitSeconds: number,
  untilMs: number | undefined,
): WaitBudget {
  return new WaitBudget(ref.manager, { waitSeconds, untilMs }, signal, (cause) => {
    const { head } = ref.queue;
    return ref.notGranted(within(waitSeconds), head?.holders ?? [], cause ?? head?.doubt);
  });
}

/** As an error message says it. */
export function within(seconds: number): string {
  return `within ${Math.round(seconds * 1000) / 1000} s`;
}

/** The hold, if it is granted while the caller waits. Otherwise nothing of it is left behind. */
export async function intoHold(
  request: AnyRequest,
  granted: Promise<Grant | undefined>,
  budget: WaitBudget,
  waiter: Waiter,
): Promise<Hold | undefined> {
  const leave = (): void => waiter.leave();
  const giveBack = async ({ ref, lease, waiter: own }: Grant): Promise<void> => {
    await discardAcquisition(ref, lease);
    if (own !== waiter) own?.leave();
  };
  const grant = await withinBudget(budget, granted, { giveBack, leave });
  if (!grant) return undefined;
  if (grant.waiter !== waiter) {
    // Of a semaphore's queue, which waits for any permit. The permit's own queue has a waiter of the hold.
    waiter.hasHeld = true;
    leave();
  }
  return holdOf(request, grant);
}

function holdOf(request: AnyRequest, { ref, lease, waiter }: Grant): Hold {
  const { data, lockAtLeastSeconds, signal, reserveSeconds, invocationEndsMs, isToStay, reporter } = request;
  reporter.acquired();
  return new Hold(ref, {
    lease,
    data,
    lockAtLeastSeconds,
    waiter,
    signal,
    invocationEndsMs,
    reserveSeconds,
    isToStay,
    reporter,
  });
}

/** What happens to an attempt when its caller does not get the lock. */
interface Cleanup<G> {
  /** Gives back what was granted after the caller had stopped waiting. Never rejects. */
  giveBack(late: G): Promise<void>;
  leave(): void;
}

/** What is granted while the caller waits. Otherwise nothing of it is left behind. */
async function withinBudget<G>(
  budget: WaitBudget,
  granted: Promise<G | undefined>,
  { giveBack, leave }: Cleanup<G>,
): Promise<G | undefined> {
  try {
    const grant = await budget.race(granted);
    if (grant === undefined) leave();
    return grant;
  } catch (error) {
    // The caller is told at once. Its waiter leaves only when the request in flight is answered: that one may
    // still be granted, and then has to be given back before the next caller asks.
    void granted
      .then(
        (late) => (late === undefined ? undefined : giveBack(late)),
        () => undefined,
      )
      .then(leave);
    throw error;
  } finally {
    budget.close();
  }
}
