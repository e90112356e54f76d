import { withLock } from '../client/default.js';
import type { LockHolder } from '../errors.js';
import { type LockedOptions, type LockedOptionsWith, lockedFunction } from './locked-function.js';

/**
 * Wraps a function, such as a Lambda handler: each call waits for a lock, and holds it while `fn` runs. If an argument
 * after the first is a Lambda context, it limits the wait and the hold, as the option `context` of `withLock`.
 * `currentHold()` returns the hold inside of `fn`.
 * @param fn what runs under the lock, with the arguments of the call
 * @param options the lock's name, or how to make it from the arguments; what to do while another holds it
 * @returns a function that rejects with the errors of `withLock`
 * @throws LockOptionError if `fn` is no function, or an option is not allowed
 * @example
 * import { currentHold, type InvocationContext, makeLocked } from 'cdk-lynk/runtime';
 *
 * export const handler = makeLocked(
 *   async (event: { accountId: string }, _context: InvocationContext) => {
 *     const signal = currentHold()?.signal ?? null;
 *     const response = await fetch(`https://example.com/accounts/${event.accountId}`, { method: 'POST', signal });
 *     return response.status;
 *   },
 *   { name: (event) => `account/${event.accountId}` },
 * );
 */
export function makeLocked<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: LockedOptionsWith<A, { readonly onNotGranted?: 'throw' | undefined }>,
): (...args: A) => Promise<Awaited<R>>;
/** Wraps a function whose calls resolve to `undefined` if another holds the lock. */
export function makeLocked<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: LockedOptionsWith<A, { readonly onNotGranted: 'skip' }>,
): (...args: A) => Promise<Awaited<R> | undefined>;
/** Wraps a function whose calls resolve to the result of `onNotGranted` if another holds the lock. */
export function makeLocked<A extends readonly unknown[], R, S>(
  fn: (...args: A) => R,
  options: LockedOptionsWith<A, { readonly onNotGranted: (holder: LockHolder, ...args: A) => S }>,
): (...args: A) => Promise<Awaited<R> | Awaited<S>>;
export function makeLocked<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: LockedOptions<A>,
): (...args: A) => Promise<unknown> {
  return lockedFunction({ withLock }, fn, options);
}
