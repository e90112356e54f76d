import { AsyncLocalStorage } from 'node:async_hooks';
import { LockLostError, LockReentrancyError } from '../errors.js';
import { checkedWork } from './checks.js';
import type { HeldLock } from './held-lock.js';
import type { Hold } from './hold.js';
import type { LocalLock } from './local-lock.js';
import type { LockTarget } from './target.js';

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

/** What work runs inside of. */
interface Surrounding extends HeldLock {
  /** Whether it is a hold on this lock, or the one of this hold id. */
  isOn(local: LocalLock, holdId?: string): boolean;
}

/** The holds that the code running now runs inside of, the innermost first. */
interface Scope {
  readonly hold: Surrounding;
  readonly outer: Scope | undefined;
}

/** The `withLock` calls that the code running now runs inside of: each asynchronous context has its own. */
const scopes = new AsyncLocalStorage<Scope>();

/**
 * The hold of the innermost `withLock`, `makeLocked`, `@locked` or use of a sticky lock that the code running now
 * runs inside of; undefined outside of any.
 */
export function currentHold(): HeldLock | undefined {
  return scopes.getStore()?.hold;
}

/**
 * @param holdId of the entry that the table shows: over another connection only that tells which lock it is
 * @throws LockReentrancyError where the code running now runs inside a `withLock` that holds this lock:
 *   it would wait for itself
 */
export function refuseReentry(target: LockTarget, holdId?: string): void {
  if (!isHeldAround(target, holdId)) return;
  throw new LockReentrancyError(
    `${target.label} is held by the withLock that this code runs in; use its held object, or another name`,
    target.errorDetails(),
  );
}

/** Whether the code running now runs inside of work that holds this lock. */
export function isHeldAround({ local }: LockTarget, holdId?: string): boolean {
  for (let scope = scopes.getStore(); scope; scope = scope.outer) {
    if (scope.hold.isOn(local, holdId) && scope.hold.isHeld) return true;
  }
  return false;
}

/**
 * Runs `work` inside the hold and ends the hold afterwards. The work's own error wins over a failed
 * release; a loss before the work settled wins over its outcome, and carries it.
 */
export function holdWhile<T>(hold: Hold, work: Work<T>): Promise<T> {
  return holdAllWhile([hold], () => work(hold));
}

/** The same inside several holds of one process, the loss of any of which is a loss. The process stays meanwhile. */
export function holdAllWhile<T>(holds: readonly Hold[], work: () => T | PromiseLike<T>): Promise<T> {
  const [{ process }] = holds as readonly [Hold];
  return process.stayFor(() => workInside(holds, work));
}

async function workInside<T>(holds: readonly Hold[], work: () => T | PromiseLike<T>): Promise<T> {
  let scope = scopes.getStore();
  for (const hold of holds) scope = { hold, outer: scope };
  let outcome: Outcome<T>;
  try {
    // Observers see each hold's work, the outermost hold's first.
    const observed = holds.reduceRight(
      (inner, hold) => () => hold.around(inner),
      () => adopted(work),
    );
    outcome = { value: await scopes.run(scope as Scope, observed) };
  } catch (error) {
    outcome = { error };
  }
  return conclude(holds, outcome);
}

/** Ends the holds, their work having settled like that, and settles as `withLock` does. */
export async function conclude<T>(holds: readonly Hold[], outcome: Outcome<T>): Promise<T> {
  const [loss] = holds.flatMap((hold) => hold.lossSoFar() ?? []);
  await Promise.all(holds.map((hold) => hold[Symbol.asyncDispose]()));
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

/** Runs `work` where `currentHold` is this hold; ends nothing. */
export function insideOf<T>(hold: Surrounding, work: () => T): T {
  return scopes.run({ hold, outer: scopes.getStore() }, work);
}

/** The loss before the work settled like that: it wins over the outcome, and carries it. */
export function lossWith(loss: LockLostError, outcome: Outcome<unknown>): LockLostError {
  return 'error' in outcome ? lossWithError(loss, outcome.error) : lossWithResult(loss, outcome.value);
}

function lossWithError(loss: LockLostError, error: unknown): LockLostError {
  // Work that passed the signal on throws the loss itself.
  if (error === loss) return loss;
  const { message, reason, lockName, tableName } = loss;
  return new LockLostError(message, { reason, lockName, tableName, cause: error });
}

function lossWithResult(loss: LockLostError, result: unknown): LockLostError {
  const { message, reason, lockName, tableName, cause } = loss;
  return new LockLostError(message, { reason, lockName, tableName, cause, result });
}
