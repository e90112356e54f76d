import type { Lock } from '../acquire/lock.js';
import type { LockFactory } from '../client/lock-factory.js';
import type { LockOptions } from '../options/options.js';
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

/** What `stickyLock` returns. `lockOf` makes its lock where the options name no factory. */
export function stickyLockBy(
  lockOf: (name: string, options: LockOptions) => Lock,
  name: string,
  options: StickyLockOptions,
): StickyLock {
  refuseUnknown(
    options,
    ['factory', 'leaseSeconds', 'waitSeconds', 'idleSeconds', 'releaseReserveSeconds'],
    'stickyLock',
  );
  const { factory, ...sticky } = options;
  const { leaseSeconds, waitSeconds } = sticky;
  const settings = { leaseSeconds, waitSeconds };
  const lock = () => (factory ? factory.createLock(name, settings) : lockOf(name, settings));
  checkedName(name);
  return new StickyLock(lock, sticky);
}
