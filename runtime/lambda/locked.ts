import { LockOptionError } from '../errors.js';
import { checkedLocked, type LockedOptions, runLocked } from './make-locked.js';

/** A method that can be decorated with `locked`: asynchronous, as waiting for a lock is. */
export type LockableMethod<A extends readonly unknown[]> = (...args: A) => Promise<unknown>;

/** What `locked` returns: a decorator by the standard, and as TypeScript's `experimentalDecorators` calls it. */
export interface LockedDecorator<A extends readonly unknown[]> {
  /**
   * By the standard.
   * @typeParam M - the method
   */
  <M extends (...args: never) => Promise<unknown>>(
    method: M & (Parameters<M> extends readonly [...A, ...unknown[]] ? unknown : never),
    context: ClassMethodDecoratorContext,
  ): M;
  /**
   * By `experimentalDecorators`.
   * @typeParam M - the method
   */
  <M extends (...args: never) => Promise<unknown>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & (Parameters<M> extends readonly [...A, ...unknown[]] ? unknown : never),
  ): void;
}

const FOR_METHODS = '@locked is for methods; makeLocked takes functions';

/**
 * A decorator that runs an asynchronous method under a lock at each call, as `makeLocked` does for a function:
 *
 *     class Billing {
 *       @locked({ name: (event: { accountId: string }) => `account/${event.accountId}` })
 *       async handler(event: { accountId: string }, context: InvocationContext) { … }
 *     }
 *
 * With `onNotGranted: 'skip'` the method resolves to `undefined` where it was skipped: say so in its type.
 * @throws LockOptionError
 */
export function locked<A extends readonly unknown[]>(options: LockedOptions<A>): LockedDecorator<A> {
  const checked = checkedLocked(options, 'locked');
  const wrapped = (method: unknown): LockableMethod<A> => {
    if (typeof method !== 'function') throw new LockOptionError(FOR_METHODS);
    return function (this: unknown, ...args: A): Promise<unknown> {
      return runLocked(checked, args, () => method.apply(this, args));
    };
  };
  return ((method: unknown, context: unknown, descriptor?: PropertyDescriptor): unknown => {
    // The standard passes the method and what it is; experimentalDecorators pass prototype, key and descriptor.
    if (isContext(context) && context.kind === 'method') return wrapped(method);
    if (isContext(context) || !descriptor) throw new LockOptionError(FOR_METHODS);
    descriptor.value = wrapped(descriptor.value);
    return undefined;
  }) as LockedDecorator<A>;
}

/** What a standard decorator is told of what it decorates. */
function isContext(context: unknown): context is DecoratorContext {
  return typeof context === 'object' && context !== null;
}
