import { insideOf } from '../entry/scope.js';
import { LockLostError } from '../errors.js';
import type { HeldLock } from '../options/held-lock.js';
import { checkedWork } from '../options/validate.js';
import type { Hold } from './hold.js';

/** What runs while a lock is held. */
export type Work<T> = (held: HeldLock) => T | PromiseLike<T>;

/** What `withLock` is called with: the work, and options before it. */
export type WorkArguments<O, T, W = Work<T>> = [work: W] | [options: O | undefined, work: W];

/** @throws LockOptionError where there is no work */
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
 * Runs `work` inside the hold and ends the hold afterwards. The work's own error wins over a failed
 * release; a loss before the work settled wins over its outcome, and carries it.
 */
export function holdWhile<T>(hold: Hold, work: Work<T>): Promise<T> {
  return holdAllWhile([hold], () => work(hold));
}

/** The same inside several holds of one process, the loss of any of which is a loss. The process stays meanwhile. */
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

/** How the work settles that runs inside the holds. Never rejects. */
export async function outcomeOf<T>(holds: readonly Hold[], work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await insideOf(holds, work) };
  } catch (error) {
    return { error };
  }
}

/** Ends the holds, their work having settled like that, and settles as `withLock` does. */
export async function conclude<T>(holds: readonly Hold[], outcome: Outcome<T>): Promise<T> {
  const [loss] = holds.flatMap((hold) => hold.lossSoFar() ?? []);
  await Promise.all(holds.map((hold) => hold[Symbol.asyncDispose]()));
  return resultOf(outcome, loss);
}

/** The work's value, or its error. A loss before the work settled is thrown instead, and carries them. */
export function resultOf<T>(outcome: Outcome<T>, loss: LockLostError | undefined): T {
  if (loss) throw lossWith(loss, outcome);
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/**
 * A promise of what the work comes to. There are thenables that do all of their work once for each `then`, such as
 * a query builder's: it is called once, and inside of what surrounds the work.
 */
export function adopted<T>(work: () => T | PromiseLike<T>): Promise<T> {
  return Promise.resolve(work());
}

function lossWith(loss: LockLostError, outcome: Outcome<unknown>): LockLostError {
  const { message, reason, lockName, tableName, cause } = loss;
  const details = { reason, lockName, tableName };
  if (!('error' in outcome)) return new LockLostError(message, { ...details, cause, result: outcome.value });
  // Work that was given the signal may throw the loss itself.
  return outcome.error === loss ? loss : new LockLostError(message, { ...details, cause: outcome.error });
}
