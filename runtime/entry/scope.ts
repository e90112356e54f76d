import { AsyncLocalStorage } from 'node:async_hooks';
import type { LocalQueue } from '../core/local-queue.js';
import { LockReentrancyError } from '../errors.js';
import type { HeldLock } from '../options/held-lock.js';
import type { LockRef } from './lock-ref.js';

/** A hold that work runs inside of, or the lock of a durable execution, under which each step has a hold. */
interface Surrounding {
  readonly isHeld: boolean;
  /** Whether it holds this lock, or has this hold id. */
  isOn(queue: LocalQueue, holdId?: string): boolean;
}

/** The holds that the code running now runs inside of, the innermost first. */
interface Scope {
  readonly hold: Surrounding;
  /** The innermost hold. */
  readonly held: HeldLock | undefined;
  readonly outer: Scope | undefined;
}

/** The `withLock` calls that the code running now runs inside of: each asynchronous context has its own. */
const scopes = new AsyncLocalStorage<Scope>();

/**
 * The lock that the running code holds: that of the innermost `withLock`, `withPermit`, `makeLocked`, `@locked` or use
 * of a sticky lock around it. Undefined outside of all of them.
 * @example
 * import { currentHold, withLock } from 'cdk-lynk/runtime';
 *
 * const save = () => fetch('https://example.com/accounts/42', { method: 'PUT', signal: currentHold()?.signal ?? null });
 *
 * await withLock('account/42', save);
 */
export function currentHold(): HeldLock | undefined {
  return scopes.getStore()?.held;
}

/**
 * @param holdId of the entry in the table. Over another connection, only this tells that it is the same lock
 * @throws LockReentrancyError if the code running now runs inside a `withLock` that holds this lock: it would wait for
 *   itself
 */
export function refuseReentry(ref: LockRef, holdId?: string): void {
  if (!isHeldAround(ref, holdId)) return;
  throw new LockReentrancyError(
    `${ref.label} is held by the withLock that this code runs in; use its held object, or another name`,
    ref.errorDetails(),
  );
}

/** Whether the code running now runs inside of work that holds this lock. */
export function isHeldAround({ queue }: LockRef, holdId?: string): boolean {
  for (let scope = scopes.getStore(); scope; scope = scope.outer) {
    if (scope.hold.isOn(queue, holdId) && scope.hold.isHeld) return true;
  }
  return false;
}

/** Runs `work` inside of these holds. `currentHold` is then the last of them. Ends none of them. */
export function insideOf<T>(holds: readonly (Surrounding & HeldLock)[], work: () => T): T {
  let outer = scopes.getStore();
  for (const hold of holds) outer = { hold, held: hold, outer };
  return scopes.run(outer as Scope, work);
}

/** Runs `work` inside of a lock that a durable execution holds. */
export function insideExecution<T>(hold: Surrounding, work: () => T): T {
  const outer = scopes.getStore();
  return scopes.run({ hold, held: outer?.held, outer }, work);
}
