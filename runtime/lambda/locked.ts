import { withLock } from '../client/default.js';
import type { LockedOptions } from './locked-function.js';
import { type LockedDecorator, lockedMethod } from './locked-method.js';

/**
 * Decorates an asynchronous method: each call waits for a lock, and holds it while the method runs, as `makeLocked`
 * does for a function. With `onNotGranted: 'skip'`, a call that does not get the lock resolves to `undefined`: declare
 * that in the method's return type. A call rejects with the errors of `withLock`.
 * @param options the lock's name, or how to make it from the arguments; what to do while another holds it
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
  return lockedMethod({ withLock }, options);
}
