import { LockOptionError } from '../errors.js';
import { checkedLocked, type LockedOptions, type Locks, runLocked } from './locked-function.js';

/** A method that `locked` can decorate. It is asynchronous, because waiting for a lock is. */
export type LockableMethod<A extends readonly unknown[]> = (...args: A) => Promise<unknown>;

/** A decorator for methods. It works as a standard decorator, and with TypeScript's `experimentalDecorators`. */
export interface LockedDecorator<A extends readonly unknown[]> {
  /**
   * Decorates a method as a standard decorator.
   * @param method what is decorated
   * @param context what TypeScript tells of it
   * @typeParam M - the method
   */
  <M extends (...args: never) => Promise<unknown>>(
    method: M & (Parameters<M> extends readonly [...A, ...unknown[]] ? unknown : never),
    context: ClassMethodDecoratorContext,
  ): M;
  /**
   * Decorates a method with `experimentalDecorators`.
   * @param target the class, or its prototype
   * @param key the method's name
   * @param descriptor of the method, which is replaced in it
   * @typeParam M - the method
   */
  <M extends (...args: never) => Promise<unknown>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & (Parameters<M> extends readonly [...A, ...unknown[]] ? unknown : never),
  ): void;
}

const FOR_METHODS = '@locked is for methods; makeLocked takes functions';

/** What `locked` returns, with locks of one entry point. */
export function lockedMethod<A extends readonly unknown[]>(
  locks: Locks,
  options: LockedOptions<A>,
): LockedDecorator<A> {
  const checked = checkedLocked(options, 'locked');
  const wrapped = (method: unknown): LockableMethod<A> => {
    if (typeof method !== 'function') throw new LockOptionError(FOR_METHODS);
    return function (this: unknown, ...args: A): Promise<unknown> {
      return runLocked(locks, checked, args, () => method.apply(this, args));
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
