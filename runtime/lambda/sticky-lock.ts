import { lockOfEnvironment } from '../client/default.js';
import type { LockFactory } from '../client/lock-factory.js';
import { checkedName, refuseUnknown } from '../options/validate.js';
import { StickyLock, type StickyOptions } from '../recipes/sticky-lock.js';

/** What `stickyLock` takes. */
export interface StickyLockOptions extends StickyOptions {
  /** @default one for the table that `LYNK_TABLE_NAME` names, asked for at the first use */
  readonly factory?: LockFactory | undefined;
}

/**
 * A lock that stays with this sandbox between invocations, for work that one of many is to do: a leader's,
 * the owner of a shard's, the only one that may fill a cache. Made at module scope; sends nothing.
 *
 *     const leader = stickyLock('leader', { leaseSeconds: 60 });
 *     export const handler = (event: unknown, context: InvocationContext) =>
 *       leader.use(context, (held) => lead(event, held.signal));
 *
 * @throws LockOptionError
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
