import type { LockHolder } from '../errors.js';
import { type LockedOptions, type LockedOptionsWith, lockedFunction } from '../lambda/locked-function.js';
import { type LockedDecorator, lockedMethod } from '../lambda/locked-method.js';
import { type StickyLockOptions, stickyLockBy } from '../lambda/sticky-lock-by.js';
import type { StickyLock } from '../recipes/sticky-lock.js';
import { lockOfEnvironment, withLock } from './default.js';

/**
 * Wraps a function, such as a Lambda handler, so that it runs under a lock, as `makeLocked` of `cdk-lynk/runtime`.
 * @param fn what runs under the lock, with the arguments of the call
 * @param options the lock's name, or how to make it from the arguments; what to do while another holds it
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

/**
 * Decorates an asynchronous method, so that it runs under a lock, as `locked` of `cdk-lynk/runtime`.
 * @param options the lock's name, or how to make it from the arguments; what to do while another holds it
 */
export function locked<A extends readonly unknown[]>(options: LockedOptions<A>): LockedDecorator<A> {
  return lockedMethod({ withLock }, options);
}

/**
 * Makes a lock that stays with this Lambda sandbox between invocations, as `stickyLock` of `cdk-lynk/runtime`.
 * @param name 1 to 2,048 UTF-8 bytes, such as `leader`
 * @param options its lease, how long it waits, and when an unused lock is released
 */
export function stickyLock(name: string, options: StickyLockOptions = {}): StickyLock {
  return stickyLockBy(lockOfEnvironment, name, options);
}
