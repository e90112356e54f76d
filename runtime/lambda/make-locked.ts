import { withLock } from '../client/default.js';
import type { LockFactory } from '../client/lock-factory.js';
import { type LockHolder, LockNotGrantedError, LockOptionError } from '../errors.js';
import { type InvocationContext, LOCK_OPTIONS, type LockOptions, type TryOptions } from '../options/options.js';
import { isAble, isDurable, refuseUnknown, shown } from '../options/validate.js';

/** What becomes of a call whose lock another holds. */
export type OnNotGranted<A extends readonly unknown[], S> = 'throw' | 'skip' | ((holder: LockHolder, ...args: A) => S);

/** What `makeLocked` and `locked` take. */
export interface LockedOptions<A extends readonly unknown[], S = unknown>
  extends LockOptions,
    Pick<TryOptions, 'releaseReserveSeconds'> {
  /** The lock's name, or how it is made of the call's arguments. */
  readonly name: string | ((...args: A) => string);
  /**
   * What becomes of a call while another holds the lock: `throw` gives a `LockNotGrantedError`; `skip`
   * resolves to `undefined`; a function is told who holds it, and its result is the call's. Where DynamoDB
   * did not answer, the call throws a `LockUnavailableError` in any case.
   * @default 'throw'
   */
  readonly onNotGranted?: OnNotGranted<A, S> | undefined;
  /** @default one for the table that `LYNK_TABLE_NAME` names */
  readonly factory?: LockFactory | undefined;
}

/** Options whose `onNotGranted` is this. */
export type LockedOptionsWith<A extends readonly unknown[], N> = Omit<LockedOptions<A>, 'onNotGranted'> & N;

const LOCKED_OPTIONS = ['name', 'onNotGranted', 'factory', 'releaseReserveSeconds', ...LOCK_OPTIONS] as const;

/**
 * The function, run under a lock at each call:
 *
 *     export const handler = makeLocked(
 *       async (event: { accountId: string }, context: InvocationContext) => charge(event.accountId),
 *       { name: (event) => `account/${event.accountId}`, onNotGranted: 'skip' },
 *     );
 *
 * An argument after the first that is a Lambda context bounds the wait and the hold, as the option `context`
 * of `withLock`. Inside, `currentHold()` gives the hold.
 * @returns a function that rejects as `withLock` does
 * @throws LockOptionError
 */
export function makeLocked<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: LockedOptionsWith<A, { readonly onNotGranted?: 'throw' | undefined }>,
): (...args: A) => Promise<Awaited<R>>;
export function makeLocked<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: LockedOptionsWith<A, { readonly onNotGranted: 'skip' }>,
): (...args: A) => Promise<Awaited<R> | undefined>;
export function makeLocked<A extends readonly unknown[], R, S>(
  fn: (...args: A) => R,
  options: LockedOptionsWith<A, { readonly onNotGranted: (holder: LockHolder, ...args: A) => S }>,
): (...args: A) => Promise<Awaited<R> | Awaited<S>>;
export function makeLocked<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  options: LockedOptions<A>,
): (...args: A) => Promise<unknown> {
  if (typeof fn !== 'function') throw new LockOptionError(`makeLocked takes a function first, got ${shown(fn)}`);
  const checked = checkedLocked(options, 'makeLocked');
  return function (this: unknown, ...args: A): Promise<unknown> {
    return runLocked(checked, args, () => fn.apply(this, args as unknown as [...A]));
  };
}

/** @throws LockOptionError; the lock's other options are looked at when it is made */
export function checkedLocked<O extends LockedOptions<never>>(options: O, where: string): O {
  if (options === undefined) throw new LockOptionError(`${where} takes options: { name, … }`);
  refuseUnknown(options, LOCKED_OPTIONS, where);
  const { name, onNotGranted, factory } = options;
  if (typeof name !== 'string' && typeof name !== 'function') {
    throw new LockOptionError(`name is a text, or a function that makes one of the arguments, got ${shown(name)}`);
  }
  checkedOnNotGranted(onNotGranted);
  if (factory !== undefined && typeof factory?.createLock !== 'function') {
    throw new LockOptionError(`factory is what getLockFactory returns, got ${shown(factory)}`);
  }
  return options;
}

function checkedOnNotGranted(value: unknown): void {
  if (value === undefined || value === 'throw' || value === 'skip' || typeof value === 'function') return;
  throw new LockOptionError(`onNotGranted is "throw", "skip" or a function, got ${shown(value)}`);
}

/** One call under its lock. */
export async function runLocked<A extends readonly unknown[]>(
  { name, onNotGranted = 'throw', factory, ...lock }: LockedOptions<A>,
  args: A,
  work: () => unknown,
): Promise<unknown> {
  const lockName = typeof name === 'function' ? name(...args) : name;
  let hasBegun = false;
  try {
    return await (factory ?? { withLock }).withLock(lockName, { ...lock, context: contextIn(args) }, () => {
      hasBegun = true;
      return work();
    });
  } catch (error) {
    // Of the work's own locks, the work decides.
    const holder = hasBegun ? undefined : holderIn(error);
    if (!holder || onNotGranted === 'throw') throw error;
    return onNotGranted === 'skip' ? undefined : await onNotGranted(holder, ...args);
  }
}

/** Who holds the lock that was not granted; undefined for any other error, an outage's among them. */
export function holderIn(error: unknown): LockHolder | undefined {
  return error instanceof LockNotGrantedError ? error.holder : undefined;
}

/** A durable execution's, in whatever place, is found too: it is refused as the option `context` is. */
function contextIn(args: readonly unknown[]): InvocationContext | undefined {
  const isContext = (arg: unknown): boolean => isAble(arg, 'getRemainingTimeInMillis');
  return (args.find(isDurable) ?? args.slice(1).find(isContext)) as InvocationContext | undefined;
}
