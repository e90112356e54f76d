import { insideOf } from '../entry/scope.js';
import { LockLostError } from '../errors.js';
import type { HeldLock } from '../options/held-lock.js';
import { checkedWork } from '../options/validate.js';
import type { Hold } from './hold.js';

/** What runs while a lock is held. */
export type Work<T> = (held: HeldLock) => T | PromiseLike<T>;

/** The arguments of `withLock` after the name: the work, or options and the work. */
export type WorkArguments<O, T, W = Work<T>> = [work: W] | [options: O | undefined, work: W];

/** @throws LockOptionError if there is no work */
export function workArguments<O extends object, T, W = Work<T>>(
  args: WorkArguments<O, T, W>,
  where: string,
): { options: O; work: W } {
  const [options, work] = args.length === 1 ? [undefined, args[0]] : args;
  return { options: options ?? ({} as O), work: checkedWork(work, where) };
}

/** How work settled. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * Runs `work` inside the hold, and then releases it. If the work fails, its error is thrown, even if the release fails
 * too. If the lock was lost before the work settled, the loss is thrown, with the work's result or error in it.
 */
export function holdWhile<T>(hold: Hold, work: Work<T>): Promise<T> {
  return holdAllWhile([hold], () => work(hold));
}

/** Runs `work` inside several holds of one process. The loss of one of them is a loss. The process stays meanwhile. */
export function holdAllWhile<T>(holds: readonly Hold[], work: () => T | PromiseLike<T>): Promise<T> {
  const [{ manager }] = holds as readonly [Hold];
  return manager.stayFor(() => workInside(holds, work));
}

async function workInside<T>(holds: readonly Hold[], work: () => T | PromiseLike<T>): Promise<T> {
  // Observers see each hold's work, the outermost hold's first.
  const observed = holds.reduceRight(
    (inner, hold) => () => hold.around(inner),
    () => adopted(work),
  );
  return conclude(holds, await outcomeOf(holds, observed));
}

/** Runs `work` inside the holds, which stay. Resolves to how it settled. Never rejects. */
export async function outcomeOf<T>(holds: readonly Hold[], work: () => T | PromiseLike<T>): Promise<Outcome<T>> {
  try {
    return { value: await insideOf(holds, () => adopted(work)) };
  } catch (error) {
    return { error };
  }
}

/**
 * Releases the holds after their work, and settles as `withLock` does. After work that failed, no lock stays taken: it
 * is free for a retry.
 */
export async function conclude<T>(holds: readonly Hold[], outcome: Outcome<T>): Promise<T> {
  const [loss] = holds.flatMap((hold) => hold.lossSoFar() ?? []);
  const release = (hold: Hold): Promise<void> => {
    if ('error' in outcome) hold.keepTaken(0);
    return hold[Symbol.asyncDispose]();
  };
  await Promise.all(holds.map(release));
  return resultOf(outcome, loss);
}

/**
 * @param loss how the lock was lost before the work settled, if it was
 * @returns the work's value
 * @throws the work's error, or the loss, which has the work's value or error in it
 */
export function resultOf<T>(outcome: Outcome<T>, loss: LockLostError | undefined): T {
  if (loss) throw lossWith(loss, outcome);
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/**
 * Calls the work. Its result may be a thenable that begins anew with each call of `then`, as a query builder's does:
 * `then` is called once, and inside of what surrounds the work.
 */
function adopted<T>(work: () => T | PromiseLike<T>): Promise<T> {
  return Promise.resolve(work());
}

function lossWith(loss: LockLostError, outcome: Outcome<unknown>): LockLostError {
  const { message, reason, lockName, tableName, cause } = loss;
  const details = { reason, lockName, tableName };
  if (!('error' in outcome)) return new LockLostError(message, { ...details, cause, result: outcome.value });
  // Work that was given the signal may throw the loss itself.
  return outcome.error === loss ? loss : new LockLostError(message, { ...details, cause: outcome.error });
}
