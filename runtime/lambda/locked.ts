import { LockOptionError } from '../errors.js';
import { checkedLocked, type LockedOptions, runLocked } from './make-locked.js';

/** A method that `locked` can decorate. It is asynchronous, because waiting for a lock is. */
export type LockableMethod<A extends readonly unknown[]> = (...args: A) => Promise<unknown>;

/** A decorator for methods. It works as a standard decorator, and with TypeScript's `experimentalDecorators`. */
export interface LockedDecorator<A extends readonly unknown[]> {
  /**
   * Decorates a method as a standard decorator.
   * @typeParam M - the method
   */
  <M extends (...args: never) => Promise<unknown>>(
    method: M & (Parameters<M> extends readonly [...A, ...unknown[]] ? unknown : never),
    context: ClassMethodDecoratorContext,
  ): M;
  /**
   * Decorates a method with `experimentalDecorators`.
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
 * Decorates an asynchronous method: each call waits for a lock, and holds it while the method runs, as `makeLocked`
 * does for a function. With `onNotGranted: 'skip'`, a call that does not get the lock resolves to `undefined`: declare
 * that in the method's return type. A call rejects with the errors of `withLock`.
 * @throws LockOptionError if an option is not allowed, or something else than a method is decorated
 * @example
 * import { type InvocationContext, locked } from 'cdk-lynk/runtime';
 *
 * export class Billing {
 *   @locked({ name: (event: { accountId: string }) => `account/${event.accountId}` })
 *   async handler(event: { accountId: string }, _context: InvocationContext): Promise<number> {
 *     const response = await fetch(`https://example.com/accounts/${event.accountId}`, { method: 'POST' });
 *     return response.status;
 *   }
 * }
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
    // A standard decorator gets a method and a context; an experimental one gets a prototype, a key and a descriptor.
    if (isContext(context) && context.kind === 'method') return wrapped(method);
    if (isContext(context) || !descriptor) throw new LockOptionError(FOR_METHODS);
    descriptor.value = wrapped(descriptor.value);
    return undefined;
  }) as LockedDecorator<A>;
}

function isContext(context: unknown): context is DecoratorContext {
  return typeof context === 'object' && context !== null;
}
