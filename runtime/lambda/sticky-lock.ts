import { lockOfEnvironment } from '../client/default.js';
import type { StickyLock } from '../recipes/sticky-lock.js';
import { type StickyLockOptions, stickyLockBy } from './sticky-lock-by.js';

/**
 * Makes a lock that stays with this Lambda sandbox between invocations. It is for work that one sandbox of many does,
 * such as a leader's, or that of the owner of a shard. Call it at module scope; it sends no request.
 * @param name 1 to 2,048 UTF-8 bytes, such as `leader`
 * @param options its lease, how long it waits, and when an unused lock is released
 * @throws LockOptionError if the name or an option is not allowed
 * @example
 * import { type InvocationContext, stickyLock } from 'cdk-lynk/runtime';
 *
 * const leader = stickyLock('leader', { leaseSeconds: 60, waitSeconds: 0 });
 * export const handler = (_event: unknown, context: InvocationContext) =>
 *   leader.use(context, async (held) => {
 *     await fetch('https://example.com/jobs', { method: 'POST', signal: held.signal });
 *   });
 */
export function stickyLock(name: string, options: StickyLockOptions = {}): StickyLock {
  return stickyLockBy(lockOfEnvironment, name, options);
}
