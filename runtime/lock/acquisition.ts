import { LockHolder, LockNotGrantedError } from '../errors.js';
import type { Ledger } from '../protocol/ledger.js';
import { tryBudgetMs } from '../protocol/schedule.js';
import { type Contender, Contention } from './contention.js';
import { abandon } from './grant.js';
import { adopt, type HandOver } from './hand-over.js';
import { Hold } from './hold.js';
import type { Place } from './local-lock.js';
import { Patience } from './patience.js';
import type { LockTarget } from './target.js';

/** One caller's asking for one lock. */
export interface Ask extends Contender {
  readonly target: LockTarget;
  readonly signal: AbortSignal | undefined;
  /** Seconds left of the invocation it is for; `Infinity` where there is none. */
  readonly invocationSeconds: number;
  /** Elapsed time at which that invocation ends. */
  readonly invocationEndsMs: number | undefined;
}

/** Queues behind the callers of this process, then contends, until held; or until an entry serves the ask as well. */
export function waitForHold(ask: Ask, waitSeconds: number): Promise<Hold | undefined> {
  return told(ask, () => queueForHold(ask, waitSeconds));
}

/** Asks once; resolves to who holds it where that is another. */
export function askForHold(ask: Ask): Promise<Hold | LockHolder> {
  return told(ask, () => tryForHold(ask));
}

/** Goes on holding what was handed over. It queues behind nobody: it is its giver's turn that goes on. */
export function adoptHold(ask: Ask, handOver: HandOver): Promise<Hold> {
  const { target } = ask;
  const patience = patienceOfTry(ask);
  return told(ask, () => intoHold(ask, adopt(target, handOver, ask, patience), patience, undefined).then(must));
}

/** Tells how an asking began and, where it ends without a hold, how that came. */
async function told<T extends Hold | LockHolder | undefined>({ chronicle }: Ask, asking: () => Promise<T>): Promise<T> {
  chronicle.asked();
  try {
    const outcome = await asking();
    if (outcome instanceof LockHolder) chronicle.refused(outcome);
    return outcome;
  } catch (error) {
    chronicle.failed(error);
    throw error;
  }
}

function queueForHold(ask: Ask, waitSeconds: number): Promise<Hold | undefined> {
  const { target } = ask;
  const { head } = target.local;
  if (head) ask.chronicle.waiting(head.holder);
  const place = target.local.join();
  const limit = `within ${rounded(waitSeconds)} s`;
  const patience = new Patience(target.process, waitSeconds, ask.signal, (cause) =>
    notGranted(target, limit, target.local.head?.holder, cause),
  );
  const contention = new Contention(target, ask, patience, place);
  const granted = patience.race(place.atHead).then(() => contention.wait());
  return intoHold(ask, granted, patience, place);
}

async function tryForHold(ask: Ask): Promise<Hold | LockHolder> {
  const { target } = ask;
  const patience = patienceOfTry(ask);
  // Behind a caller of this process: what becomes of its request tells as much as one of our own would.
  for (let { head } = target.local; head; { head } = target.local) {
    const { holder } = head;
    if (holder) {
      patience.close();
      return holder;
    }
    await patience.race(head.settled);
  }
  const place = target.local.join();
  const hold = await intoHold(ask, new Contention(target, ask, patience, place).once(), patience, place);
  return hold ?? must(place.holder);
}

/** What a single try may take: enough for an answer that is slow, and for an attempt after one that was lost. */
function patienceOfTry({ target, leaseSeconds, invocationSeconds, signal }: Ask): Patience {
  const limitSeconds = Math.max(0, Math.min(tryBudgetMs(leaseSeconds) / 1000, invocationSeconds));
  return new Patience(target.process, limitSeconds, signal, (cause) =>
    notGranted(target, `within ${rounded(limitSeconds)} s`, undefined, cause),
  );
}

/** The hold, once granted within the caller's patience. Otherwise nothing of it is left behind. */
async function intoHold(
  ask: Ask,
  granted: Promise<Ledger | undefined>,
  patience: Patience,
  place: Place | undefined,
): Promise<Hold | undefined> {
  const { target, data, signal, invocationEndsMs, chronicle } = ask;
  try {
    const ledger = await patience.race(granted);
    if (ledger) {
      chronicle.acquired();
      return new Hold(target, { ledger, data, place, signal, invocationEndsMs, chronicle });
    }
    place?.leave();
    return undefined;
  } catch (error) {
    // The caller hears at once. Its place goes on only when its request in flight is answered: that one may
    // still be granted, and then has to be given back before the next caller asks.
    void granted
      .then(
        (ledger) => ledger && abandon(target, ledger),
        () => undefined,
      )
      .then(() => place?.leave());
    throw error;
  } finally {
    patience.close();
  }
}

export function notGranted(
  target: LockTarget,
  limit: string,
  holder: LockHolder | undefined,
  cause: unknown,
): LockNotGrantedError {
  // Nobody was seen, and no request has failed yet: one is still unanswered.
  const why = cause ?? (holder ? undefined : new Error('no answer from DynamoDB'));
  return new LockNotGrantedError(`${target.label} was not granted ${limit}: ${holder ? `held by ${holder}` : why}`, {
    ...target.errorDetails(why),
    holder,
  });
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('unreachable: an acquire ends granted or with an error');
  return value;
}
