import { lockOfEnvironment } from '../client/default.js';
import type { LockFactory } from '../client/lock-factory.js';
import { checkedName, refuseUnknown } from '../options/validate.js';
import { StickyLock, type StickyOptions } from '../recipes/sticky-lock.js';

/** What `stickyLock` takes. */
export interface StickyLockOptions extends StickyOptions {
  /**
   * Makes the lock.
   * @default a factory for the table that `LYNK_TABLE_NAME` names, made at the first use
   */
  readonly factory?: LockFactory | undefined;
}

/**
 * Makes a lock that stays with this Lambda sandbox between invocations. It is for work that one sandbox of many does,
 * such as a leader's, or that of the owner of a shard. Call it at module scope; it sends no request.
 * @param name 1 to 2,048 UTF-8 bytes, such as `leader`
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
  refuseUnknown(
    options,
    ['factory', 'leaseSeconds', 'waitSeconds', 'idleSeconds', 'releaseReserveSeconds'],
    'stickyLock',
  );
  const { factory, ...sticky } = options;
  const { leaseSeconds, waitSeconds } = sticky;
  const settings = { leaseSeconds, waitSeconds };
  const lock = () => (factory ? factory.createLock(name, settings) : lockOfEnvironment(name, settings));
  checkedName(name);
  return new StickyLock(lock, sticky);
}
