import type { LockManager } from '../core/lock-manager.js';
import { WaitBudget } from '../core/wait-budget.js';
import type { LockRef } from '../entry/lock-ref.js';
import type { Hold } from '../hold/hold.js';
import { outcomeOf, resultOf } from '../hold/run-under.js';
import type { HeldLock } from '../options/held-lock.js';

/**
 * Runs the work of one use of a sticky lock. The process stays until the work has settled.
 * @param endsMs elapsed time at which the use's invocation ends; `Infinity` if it has none
 * @param onEnd called when the work has settled or its invocation has ended, whichever comes first: the next use may
 *   begin
 */
export function runUse<T>(
  { manager, name, settings }: LockRef,
  hold: Hold,
  endsMs: number,
  work: (held: HeldLock) => T | PromiseLike<T>,
  onEnd: () => void,
): Promise<T> {
  return manager.stayFor(async () => {
    const outcome = outcomeOf([hold], () => work(hold));
    if (endsMs < Infinity) await settledBefore(manager, endsMs, outcome);
    else await outcome;
    const loss = hold.lossSoFar();
    if (loss?.reason === 'invocation-ended') settings.logger.warn(loss.message, { lockName: name });
    onEnd();
    return resultOf(await outcome, loss);
  });
}

/** Resolves when the promise has settled, or at that elapsed time if it comes first. */
async function settledBefore(manager: LockManager, untilMs: number, promise: Promise<unknown>): Promise<void> {
  const limits = { waitSeconds: Infinity, untilMs };
  const budget = new WaitBudget(manager, limits, undefined, () => new Error('the invocation has ended'));
  await budget.race(promise).catch(() => {});
  budget.close();
}
