/**
 * The names on which constructs and clients agree: the attributes of an entry, the tag of a table and the environment
 * variables of a function. `lockKey`, `leaseDuration`, `versionNumber` and `hostIdentifier` are those of the Python
 * package `lynk`; only this library writes the others.
 */
export const ENTRY = {
  lockKey: 'lockKey',
  leaseDuration: 'leaseDuration',
  versionNumber: 'versionNumber',
  hostIdentifier: 'hostIdentifier',
  expiresAt: 'expiresAt',
  fencingToken: 'fencingToken',
  data: 'data',
  holderTrace: 'holderTrace',
} as const;

/** How `hostIdentifier` begins in the entry of a broken hold; who broke it, and why, follow. */
export const BROKEN_BY = 'broken by ';

/** `lynk list-tables` finds lock tables by this tag; it takes every tagged resource for a table. */
export const TABLE_TAG = { key: 'lynk', value: 'lock-table' } as const;

/** Where the default factory finds its table. */
export const TABLE_NAME_VARIABLE = 'LYNK_TABLE_NAME';

/** Where it finds its defaults: `leaseSeconds`, `waitSeconds` and `clockToleranceSeconds`. */
export const LEASE_SECONDS_VARIABLE = 'LYNK_LEASE_SECONDS';
export const WAIT_SECONDS_VARIABLE = 'LYNK_WAIT_SECONDS';
export const CLOCK_TOLERANCE_SECONDS_VARIABLE = 'LYNK_CLOCK_TOLERANCE_SECONDS';

/** The metrics that a client writes to CloudWatch if asked to: by table, times in seconds. */
export const METRICS = {
  namespace: 'cdk-lynk',
  dimension: 'TableName',
  lockAcquired: 'LockAcquired',
  lockNotGranted: 'LockNotGranted',
  lockUnavailable: 'LockUnavailable',
  lockLost: 'LockLost',
  lockTakenOver: 'LockTakenOver',
  lockWaitTime: 'LockWaitTime',
  lockHeldTime: 'LockHeldTime',
} as const;
