import type { Place } from '../core/local-queue.js';
import type { LockStore } from '../core/store.js';
import { Patience } from '../core/wait-budget.js';
import type { LockTarget } from '../entry/lock-ref.js';
import { LockHolder, LockNotGrantedError, LockUnavailableError } from '../errors.js';
import type { HandOver } from '../hold/hand-over-text.js';
import { Hold } from '../hold/hold.js';
import type { Ledger } from '../protocol/ledger.js';
import { tryBudgetMs } from '../protocol/schedule.js';
import { Adoption } from './adopt.js';
import { type Contender, Contention } from './contend.js';
import { abandon } from './ensure-lease.js';

/** So long is waited before a caller of this process is asked again whose own requests fail. */
export const DOUBT_MS = 100;

/** One caller's asking for one lock, or for whatever else the target stands for. */
export interface Ask<T = LockTarget> extends Contender {
  readonly target: T;
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
export function waitForHold(ask: Ask, waitSeconds: number): Promise<Hold | undefined> {
  return told(ask, () => queueForHold(ask, waitSeconds));
}

/**
 * Asks once, and fails where another holds it; resolves to nothing where an entry serves the ask as well.
 * @param limit why it is asked for only once, as the error says it
 */
export function takeHold(ask: Ask, limit: string): Promise<Hold | undefined> {
  return told(ask, async () => {
    const outcome = await tryForHold(ask);
    if (outcome instanceof LockHolder) throw notGranted(ask.target, limit, outcome, undefined);
    return outcome;
  });
}

/** Asks once; resolves to who holds it where that is another, and to nothing where an entry serves the ask as well. */
export function askForHold(ask: Ask): Promise<Hold | LockHolder | undefined> {
  return told(ask, () => tryForHold(ask));
}

/** Goes on holding what was handed over. It queues behind nobody: it is its giver's turn that goes on. */
export function adoptHold(ask: Ask<LockTarget<LockStore>>, handOver: HandOver): Promise<Hold> {
  const { target } = ask;
  const patience = patienceOfTry(ask);
  const adoption = new Adoption(target, handOver, ask, patience);
  // What is granted when nobody waits any more stays for the next try.
  const ending = { giveBack: async () => {}, leave: () => {} };
  return told(ask, async () => {
    try {
      const ledger = must(await withinPatience(patience, adoption.adopt(), ending));
      return holdOf(ask, { target, ledger, place: undefined });
    } catch (error) {
      adoption.endInVain(ask.signal?.aborted === true);
      throw error;
    }
  });
}

/** Tells how an asking began and, where it ends without a hold, how that came. */
export async function told<T extends Hold | LockHolder | readonly LockHolder[] | undefined>(
  { chronicle }: Ask<unknown>,
  asking: () => Promise<T>,
): Promise<T> {
  chronicle.asked();
  try {
    const outcome = await asking();
    if (outcome instanceof LockHolder) chronicle.refused(outcome);
    else if (Array.isArray(outcome)) chronicle.refused(outcome[0]);
    else if (outcome === undefined) chronicle.served();
    return outcome;
  } catch (error) {
    chronicle.failed(error);
    throw error;
  }
}

function queueForHold(ask: Ask, waitSeconds: number): Promise<Hold | undefined> {
  const { target } = ask;
  const { headNow: head } = target.local;
  if (head) ask.chronicle.waiting(head.holder);
  const place = target.local.join();
  const limit = `within ${rounded(waitSeconds)} s`;
  const patience = new Patience(target.process, { waitSeconds, untilMs: stopMsOf(ask) }, ask.signal, (cause) =>
    notGranted(target, limit, target.local.head?.holder, cause ?? target.local.head?.doubt),
  );
  const contention = new Contention(target, ask, patience, place);
  const granted = place.isAtHead ? contention.wait() : patience.race(place.atHead).then(() => contention.wait());
  return intoHold(ask, granted, patience, place);
}

async function tryForHold(ask: Ask): Promise<Hold | LockHolder | undefined> {
  const { target, flight } = ask;
  const patience = patienceOfTry(ask);
  // Behind a caller of this process: what becomes of its request tells as much as one of our own would.
  for (let { headNow: head } = target.local; head; { headNow: head } = target.local) {
    const { holder, doubt } = head;
    if (holder && doubt === undefined) {
      patience.close();
      return flight?.isServedHere() ? undefined : holder;
    }
    // What it saw before its requests failed is no answer any more.
    await patience.race(holder ? patience.sleep(DOUBT_MS) : head.settled);
  }
  const place = target.local.join();
  const hold = await intoHold(ask, new Contention(target, ask, patience, place).once(), patience, place);
  return hold ?? (flight?.served ? undefined : must(place.holder));
}

/** Elapsed time at which its work is to stop, and a wait for it ends; `Infinity` where there is no invocation. */
export function stopMsOf({ invocationEndsMs = Infinity, reserveSeconds }: Ask<unknown>): number {
  return invocationEndsMs - reserveSeconds * 1000;
}

/** Seconds that a single try may take: enough for an answer that is slow, and for an attempt after one that was lost. */
export function secondsOfTry({ leaseSeconds, invocationSeconds }: Ask<unknown>): number {
  return Math.max(0, Math.min(tryBudgetMs(leaseSeconds) / 1000, invocationSeconds));
}

function patienceOfTry(ask: Ask): Patience {
  const { target, signal } = ask;
  const limitSeconds = secondsOfTry(ask);
  const limits = { waitSeconds: limitSeconds, untilMs: ask.invocationEndsMs };
  return new Patience(target.process, limits, signal, (cause) =>
    notGranted(target, `within ${rounded(limitSeconds)} s`, undefined, cause ?? target.local.head?.doubt),
  );
}

/** The hold, once granted within the caller's patience. Otherwise nothing of it is left behind. */
export async function intoHold(
  ask: Ask,
  granted: Promise<Ledger | undefined>,
  patience: Patience,
  place: Place,
): Promise<Hold | undefined> {
  const { target } = ask;
  const ledger = await withinPatience(patience, granted, {
    giveBack: (late) => abandon(target, late),
    leave: () => place.leave(),
  });
  return ledger && holdOf(ask, { target, ledger, place });
}

/** What was granted. */
interface Grant {
  readonly target: LockTarget;
  readonly ledger: Ledger;
  readonly place: Place | undefined;
}

/** The hold that comes of an asking. */
export function holdOf(ask: Ask<unknown>, { target, ledger, place }: Grant): Hold {
  const { data, lockAtLeastSeconds, signal, reserveSeconds, chronicle } = ask;
  const invocationEndsMs = ask.isToStay ? undefined : ask.invocationEndsMs;
  chronicle.acquired();
  return new Hold(target, {
    ledger,
    data,
    lockAtLeastSeconds,
    place,
    signal,
    invocationEndsMs,
    reserveSeconds,
    chronicle,
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
export async function withinPatience<G>(
  patience: Patience,
  granted: Promise<G | undefined>,
  { giveBack, leave }: Ending<G>,
): Promise<G | undefined> {
  try {
    const grant = await patience.race(granted);
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
    patience.close();
  }
}

/** How an asking ends in vain: another holds the lock, or nobody can tell. */
export function notGranted(
  target: LockTarget,
  limit: string,
  holder: LockHolder | undefined,
  cause: unknown,
): LockNotGrantedError | LockUnavailableError {
  if (!holder || cause !== undefined) return unavailable(target, limit, holder && `held by ${holder}`, cause);
  return new LockNotGrantedError(`${target.label} was not granted ${limit}: held by ${holder}`, {
    ...target.errorDetails(),
    holder,
  });
}

/**
 * An asking that DynamoDB did not answer.
 * @param seen who held it before that, as the message says it
 */
export function unavailable(
  target: Pick<LockTarget, 'label' | 'errorDetails'>,
  limit: string,
  seen: string | undefined,
  cause: unknown = new Error('no answer from DynamoDB'),
): LockUnavailableError {
  const before = seen === undefined ? '' : `; when last seen, ${seen}`;
  return new LockUnavailableError(
    `${target.label} could not be asked for ${limit}: ${cause}${before}`,
    target.errorDetails(cause),
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
