import type { LockFactory } from '../client/lock-factory.js';
import { type LockHolder, LockNotGrantedError, LockOptionError } from '../errors.js';
import { type InvocationContext, LOCK_OPTIONS, type LockOptions, type TryOptions } from '../options/options.js';
import { isAble, isDurable, refuseUnknown, shown } from '../options/validate.js';

/** What a call does if another holds the lock: throw, resolve to `undefined`, or resolve to the function's result. */
export type OnNotGranted<A extends readonly unknown[], S> = 'throw' | 'skip' | ((holder: LockHolder, ...args: A) => S);

/** What `makeLocked` and `locked` take. */
export interface LockedOptions<A extends readonly unknown[], S = unknown>
  extends LockOptions,
    Pick<TryOptions, 'releaseReserveSeconds'> {
  /** The lock's name, or a function that makes it from the call's arguments. */
  readonly name: string | ((...args: A) => string);
  /**
   * What a call does if another holds the lock for all of `waitSeconds`. `'throw'` rejects with a
   * `LockNotGrantedError`. `'skip'` resolves to `undefined`. A function gets the holder and the call's arguments, and
   * its result becomes the call's. If DynamoDB does not answer, the call always rejects with a `LockUnavailableError`.
   * @default 'throw'
   */
  readonly onNotGranted?: OnNotGranted<A, S> | undefined;
  /**
   * Makes the lock.
   * @default a factory for the table that `LYNK_TABLE_NAME` names
   */
  readonly factory?: LockFactory | undefined;
}

/** `LockedOptions` with this type of `onNotGranted`. */
export type LockedOptionsWith<A extends readonly unknown[], N> = Omit<LockedOptions<A>, 'onNotGranted'> & N;

const LOCKED_OPTIONS = ['name', 'onNotGranted', 'factory', 'releaseReserveSeconds', ...LOCK_OPTIONS] as const;

/** What takes the lock where a call's options name no factory. */
export type Locks = Pick<LockFactory, 'withLock'>;

/** What `makeLocked` returns, with locks of one entry point. */
export function lockedFunction<A extends readonly unknown[], R>(
  locks: Locks,
  fn: (...args: A) => R,
  options: LockedOptions<A>,
): (...args: A) => Promise<unknown> {
  if (typeof fn !== 'function') throw new LockOptionError(`makeLocked takes a function first, got ${shown(fn)}`);
  const checked = checkedLocked(options, 'makeLocked');
  return function (this: unknown, ...args: A): Promise<unknown> {
    return runLocked(locks, checked, args, () => fn.apply(this, args as unknown as [...A]));
  };
}

/**
 * The lock's own options are checked when the lock is made.
 * @throws LockOptionError if another option is not allowed
 */
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

/** Runs one call under its lock. */
export async function runLocked<A extends readonly unknown[]>(
  locks: Locks,
  { name, onNotGranted = 'throw', factory, ...lock }: LockedOptions<A>,
  args: A,
  work: () => unknown,
): Promise<unknown> {
  const lockName = typeof name === 'function' ? name(...args) : name;
  let hasBegun = false;
  try {
    return await (factory ?? locks).withLock(lockName, { ...lock, context: contextIn(args) }, () => {
      hasBegun = true;
      return work();
    });
  } catch (error) {
    // An error of the work's own is passed on, also if it is about another lock.
    const holder = hasBegun ? undefined : holderIn(error);
    if (!holder || onNotGranted === 'throw') throw error;
    return onNotGranted === 'skip' ? undefined : await onNotGranted(holder, ...args);
  }
}

/** Who holds the lock that was not granted; undefined for any other error, such as that of an outage. */
export function holderIn(error: unknown): LockHolder | undefined {
  return error instanceof LockNotGrantedError ? error.holder : undefined;
}

/** Finds also the context of a durable execution, in any place, so that it is refused like the option `context`. */
function contextIn(args: readonly unknown[]): InvocationContext | undefined {
  const isContext = (arg: unknown): boolean => isAble(arg, 'getRemainingTimeInMillis');
  return (args.find(isDurable) ?? args.slice(1).find(isContext)) as InvocationContext | undefined;
}
