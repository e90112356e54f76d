import { intoHold, limitOfTry, waitForHold, within } from '../acquire/acquire.js';
import { type AcquireRequest, stopMsOf, trySeconds } from '../acquire/acquire-request.js';
import { Contention } from '../acquire/contend.js';
import { WaitBudget } from '../core/wait-budget.js';
import { LockLostError } from '../errors.js';
import type { Hold, ReplacedHold } from '../hold/hold.js';
import { Release } from '../hold/release.js';
import { LeaseState } from '../protocol/lease-state.js';
import { releaseBudgetMs } from '../protocol/schedule.js';

/**
 * Takes a lock for one use. If the hold of the use before has stayed, one write replaces its entry, and this use goes
 * on with its waiter in the local queue. Each use has a hold id of its own, so that a guarded write of a use that is
 * over fails in DynamoDB once the next one holds.
 * @param askedSeconds the wait that was asked for
 * @param leftSeconds what is left of it, at each call
 */
export async function takeForUse(
  request: AcquireRequest,
  stayed: Hold | undefined,
  askedSeconds: number,
  leftSeconds: () => number,
): Promise<Hold> {
  const replaced = stayed?.replace();
  const waitSeconds = Math.min(leftSeconds(), request.invocationSeconds - request.reserveSeconds);
  const again = replaced && (await retaken(request, replaced, waitSeconds));
  return again ?? ((await waitForHold(request, leftSeconds(), limitOfTry(askedSeconds))) as Hold);
}

/** Resolves to nothing if another process was seen to have taken the lock. */
async function retaken(
  request: AcquireRequest,
  { lease, waiter, reporter: former }: ReplacedHold,
  waitSeconds: number,
): Promise<Hold | undefined> {
  const { ref, reporter } = request;
  const seconds = waitSeconds > 0 ? waitSeconds : trySeconds(request);
  const limits = { waitSeconds: seconds, untilMs: waitSeconds > 0 ? stopMsOf(request) : request.invocationEndsMs };
  const budget = new WaitBudget(ref.manager, limits, undefined, (cause) => ref.notGranted(within(seconds), [], cause));
  const contention = new Contention(ref, request, budget, waiter);
  const granted = contention.attempt(lease.confirmedVersion).then(async (outcome) => {
    if (!(outcome instanceof LeaseState)) return undefined;
    await former.releasing(Promise.resolve());
    return { ref, lease: outcome, waiter };
  });
  reporter.requested();
  try {
    const hold = await intoHold(request, granted, budget, waiter);
    if (hold) return hold;
  } catch (error) {
    reporter.failed(error);
    // No use relies on the hold any more. It is released, so that others need not wait for its lease.
    const ending = new Release(ref, lease).within(releaseBudgetMs(lease.leaseSeconds, Infinity));
    former.releasing(ending).catch(() => {});
    throw error;
  }
  const why = `${ref.label} was lost: another was found to hold it`;
  former.lapsed(new LockLostError(why, { ...ref.errorDetails(), reason: 'taken' }));
  reporter.refused(undefined);
  return undefined;
}
