import {
  type AcquireRequest,
  intoHold,
  must,
  notGranted,
  rounded,
  secondsOfTry,
  stopMsOf,
  takeHold,
  waitForHold,
} from '../acquire/acquire.js';
import { limitOfOne, waitSecondsWithin } from '../acquire/acquire-request.js';
import { Contention } from '../acquire/contend.js';
import { WaitBudget } from '../core/wait-budget.js';
import { LockLostError } from '../errors.js';
import type { Hold, Replaced } from '../hold/hold.js';
import { Release } from '../hold/release.js';
import { LeaseState } from '../protocol/lease-state.js';
import { releaseBudgetMs } from '../protocol/schedule.js';

/**
 * Takes a lock for a use of it. Where a hold has stayed from the use before, its entry is written over, in one write,
 * and its place in the local queue goes on. Each use has a hold id of its own, so that a guarded write of a use that
 * is over fails in DynamoDB once the next one holds.
 * @param asked the wait that was asked for, in seconds
 * @param waitSeconds what is left of it, at each call
 */
export async function takeForUse(
  ask: AcquireRequest,
  stayed: Hold | undefined,
  asked: number,
  waitSeconds: () => number,
): Promise<Hold> {
  const left = (): number => Math.max(0, waitSecondsWithin(waitSeconds(), ask));
  const replaced = stayed?.replace();
  const again = replaced && (await retaken(ask, replaced, left()));
  if (again) return again;
  const seconds = left();
  return must(seconds > 0 ? await waitForHold(ask, seconds) : await takeHold(ask, limitOfOne(asked)));
}

/** Resolves to nothing where another was seen to have taken it. */
async function retaken(
  ask: AcquireRequest,
  { lease, waiter, reporter: former }: Replaced,
  waitSeconds: number,
): Promise<Hold | undefined> {
  const { ref, reporter } = ask;
  const seconds = waitSeconds > 0 ? waitSeconds : secondsOfTry(ask);
  const limits = { waitSeconds: seconds, untilMs: waitSeconds > 0 ? stopMsOf(ask) : ask.invocationEndsMs };
  const budget = new WaitBudget(ref.manager, limits, undefined, (cause) =>
    notGranted(ref, `within ${rounded(seconds)} s`, undefined, cause),
  );
  const contention = new Contention(ref, ask, budget, waiter);
  const granted = contention.attempt(lease.confirmedVersion).then(async (outcome) => {
    if (!(outcome instanceof LeaseState)) return undefined;
    await former.releasing(Promise.resolve());
    return outcome;
  });
  reporter.requested();
  try {
    const hold = await intoHold(ask, granted, budget, waiter);
    if (hold) return hold;
  } catch (error) {
    reporter.failed(error);
    // Nobody believes in it any more: others are not to wait for its lease.
    const ending = new Release(ref, lease).within(releaseBudgetMs(lease.leaseSeconds, Infinity));
    former.releasing(ending).catch(() => {});
    throw error;
  }
  const why = `${ref.label} was lost: another was found to hold it`;
  former.lapsed(new LockLostError(why, { ...ref.errorDetails(), reason: 'taken' }));
  reporter.refused(undefined);
  return undefined;
}
