import type { Waiter } from '../core/local-queue.js';
import type { LockStore } from '../core/store.js';
import { WaitBudget } from '../core/wait-budget.js';
import type { LockRef } from '../entry/lock-ref.js';
import { LockHolder, LockNotGrantedError, LockUnavailableError } from '../errors.js';
import type { HandOver } from '../hold/hand-over-text.js';
import { Hold } from '../hold/hold.js';
import type { LeaseState } from '../protocol/lease-state.js';
import { tryBudgetMs } from '../protocol/schedule.js';
import { Adoption } from './adopt.js';
import { type Contender, Contention } from './contend.js';
import { discardAcquisition } from './ensure-lease.js';

/** So long is waited before a caller of this process is asked again whose own requests fail. */
export const DOUBT_MS = 100;

/** One caller's asking for one lock, or for whatever else the target stands for. */
export interface AcquireRequest<T = LockRef> extends Contender {
  readonly ref: T;
  readonly lockAtLeastSeconds: number;
  readonly signal: AbortSignal | undefined;
  /** Seconds left of the invocation it is for; `Infinity` where there is none. */
  readonly invocationSeconds: number;
  /** Seconds before that end at which the work is to stop. */
  readonly reserveSeconds: number;
  /** Elapsed time at which that invocation ends. */
  readonly invocationEndsMs: number | undefined;
  /** Whether the hold is to stay beyond that invocation. */
  readonly isToStay?: boolean;
}

/** Queues behind the callers of this process, then contends, until held; or until an entry serves the ask as well. */
export function waitForHold(ask: AcquireRequest, waitSeconds: number): Promise<Hold | undefined> {
  return reported(ask, () => queueForHold(ask, waitSeconds));
}

/**
 * Asks once, and fails where another holds it; resolves to nothing where an entry serves the ask as well.
 * @param limit why it is asked for only once, as the error says it
 */
export function takeHold(ask: AcquireRequest, limit: string): Promise<Hold | undefined> {
  return reported(ask, async () => {
    const outcome = await tryForHold(ask);
    if (outcome instanceof LockHolder) throw notGranted(ask.ref, limit, outcome, undefined);
    return outcome;
  });
}

/** Asks once; resolves to who holds it where that is another, and to nothing where an entry serves the ask as well. */
export function askForHold(ask: AcquireRequest): Promise<Hold | LockHolder | undefined> {
  return reported(ask, () => tryForHold(ask));
}

/** Goes on holding what was handed over. It queues behind nobody: it is its giver's turn that goes on. */
export function adoptHold(ask: AcquireRequest<LockRef<LockStore>>, handOver: HandOver): Promise<Hold> {
  const { ref } = ask;
  const budget = budgetOfTry(ask);
  const adoption = new Adoption(ref, handOver, ask, budget);
  // What is granted when nobody waits any more stays for the next try.
  const ending = { giveBack: async () => {}, leave: () => {} };
  return reported(ask, async () => {
    try {
      const lease = must(await withinBudget(budget, adoption.adopt(), ending));
      return holdOf(ask, { ref, lease, waiter: undefined });
    } catch (error) {
      adoption.endInVain(ask.signal?.aborted === true);
      throw error;
    }
  });
}

/** Tells how an asking began and, where it ends without a hold, how that came. */
export async function reported<T extends Hold | LockHolder | readonly LockHolder[] | undefined>(
  { reporter }: AcquireRequest<unknown>,
  asking: () => Promise<T>,
): Promise<T> {
  reporter.requested();
  try {
    const outcome = await asking();
    if (outcome instanceof LockHolder) reporter.refused(outcome);
    else if (Array.isArray(outcome)) reporter.refused(outcome[0]);
    else if (outcome === undefined) reporter.served();
    return outcome;
  } catch (error) {
    reporter.failed(error);
    throw error;
  }
}

function queueForHold(ask: AcquireRequest, waitSeconds: number): Promise<Hold | undefined> {
  const { ref } = ask;
  const { headNow: head } = ref.queue;
  if (head) ask.reporter.waiting(head.holder);
  const waiter = ref.queue.join();
  const limit = `within ${rounded(waitSeconds)} s`;
  const budget = new WaitBudget(ref.manager, { waitSeconds, untilMs: stopMsOf(ask) }, ask.signal, (cause) =>
    notGranted(ref, limit, ref.queue.head?.holder, cause ?? ref.queue.head?.doubt),
  );
  const contention = new Contention(ref, ask, budget, waiter);
  const granted = waiter.isAtHead ? contention.wait() : budget.race(waiter.atHead).then(() => contention.wait());
  return intoHold(ask, granted, budget, waiter);
}

async function tryForHold(ask: AcquireRequest): Promise<Hold | LockHolder | undefined> {
  const { ref, sharedResult } = ask;
  const budget = budgetOfTry(ask);
  // Behind a caller of this process: what becomes of its request tells as much as one of our own would.
  for (let { headNow: head } = ref.queue; head; { headNow: head } = ref.queue) {
    const { holder, doubt } = head;
    if (holder && doubt === undefined) {
      budget.close();
      return sharedResult?.isServedHere() ? undefined : holder;
    }
    // What it saw before its requests failed is no answer any more.
    await budget.race(holder ? budget.sleep(DOUBT_MS) : head.settled);
  }
  const waiter = ref.queue.join();
  const hold = await intoHold(ask, new Contention(ref, ask, budget, waiter).once(), budget, waiter);
  return hold ?? (sharedResult?.served ? undefined : must(waiter.holder));
}

/** Elapsed time at which its work is to stop, and a wait for it ends; `Infinity` where there is no invocation. */
export function stopMsOf({ invocationEndsMs = Infinity, reserveSeconds }: AcquireRequest<unknown>): number {
  return invocationEndsMs - reserveSeconds * 1000;
}

/** Seconds that a single try may take: enough for an answer that is slow, and for an attempt after one that was lost. */
export function secondsOfTry({ leaseSeconds, invocationSeconds }: AcquireRequest<unknown>): number {
  return Math.max(0, Math.min(tryBudgetMs(leaseSeconds) / 1000, invocationSeconds));
}

function budgetOfTry(ask: AcquireRequest): WaitBudget {
  const { ref, signal } = ask;
  const limitSeconds = secondsOfTry(ask);
  const limits = { waitSeconds: limitSeconds, untilMs: ask.invocationEndsMs };
  return new WaitBudget(ref.manager, limits, signal, (cause) =>
    notGranted(ref, `within ${rounded(limitSeconds)} s`, undefined, cause ?? ref.queue.head?.doubt),
  );
}

/** The hold, once granted within the caller's patience. Otherwise nothing of it is left behind. */
export async function intoHold(
  ask: AcquireRequest,
  granted: Promise<LeaseState | undefined>,
  budget: WaitBudget,
  waiter: Waiter,
): Promise<Hold | undefined> {
  const { ref } = ask;
  const lease = await withinBudget(budget, granted, {
    giveBack: (late) => discardAcquisition(ref, late),
    leave: () => waiter.leave(),
  });
  return lease && holdOf(ask, { ref, lease, waiter });
}

/** What was granted. */
interface Grant {
  readonly ref: LockRef;
  readonly lease: LeaseState;
  readonly waiter: Waiter | undefined;
}

/** The hold that comes of an asking. */
export function holdOf(ask: AcquireRequest<unknown>, { ref, lease, waiter }: Grant): Hold {
  const { data, lockAtLeastSeconds, signal, reserveSeconds, invocationEndsMs, isToStay, reporter } = ask;
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

/** How an asking ends that its caller gets nothing of. */
interface Ending<G> {
  /** Gives back what was granted when nobody waited any more. Never rejects. */
  giveBack(late: G): Promise<void>;
  /** Leaves the queue. */
  leave(): void;
}

/** What is granted within the caller's patience. Otherwise nothing of it is left behind. */
export async function withinBudget<G>(
  budget: WaitBudget,
  granted: Promise<G | undefined>,
  { giveBack, leave }: Ending<G>,
): Promise<G | undefined> {
  try {
    const grant = await budget.race(granted);
    if (grant === undefined) leave();
    return grant;
  } catch (error) {
    // The caller hears at once. Its place goes on only when its request in flight is answered: that one may
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

/** How an asking ends in vain: another holds the lock, or nobody can tell. */
export function notGranted(
  ref: LockRef,
  limit: string,
  holder: LockHolder | undefined,
  cause: unknown,
): LockNotGrantedError | LockUnavailableError {
  if (!holder || cause !== undefined) return unavailable(ref, limit, holder && `held by ${holder}`, cause);
  return new LockNotGrantedError(`${ref.label} was not granted ${limit}: held by ${holder}`, {
    ...ref.errorDetails(),
    holder,
  });
}

/**
 * An asking that DynamoDB did not answer.
 * @param seen who held it before that, as the message says it
 */
export function unavailable(
  ref: Pick<LockRef, 'label' | 'errorDetails'>,
  limit: string,
  seen: string | undefined,
  cause: unknown = new Error('no answer from DynamoDB'),
): LockUnavailableError {
  const before = seen === undefined ? '' : `; when last seen, ${seen}`;
  return new LockUnavailableError(
    `${ref.label} could not be asked for ${limit}: ${cause}${before}`,
    ref.errorDetails(cause),
  );
}

/** As an error message says it. */
export function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('unreachable: an acquire ends granted or with an error');
  return value;
}
