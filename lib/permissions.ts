/** An IAM action, and the client's calls whose requests it allows. */
export interface Permission {
  readonly action: string;
  /** A test runs each of them, and compares what they really send with what is granted. */
  readonly calls: readonly string[];
}

/** There are no transactions on a table with multi-Region strong consistency. */
export const GUARD_ACTION = 'dynamodb:ConditionCheckItem';

/** What `grantLock` allows: items that a request names, never the whole table. */
export const LOCK_PERMISSIONS: readonly Permission[] = [
  // Which permits of a semaphore are free.
  { action: 'dynamodb:BatchGetItem', calls: ['semaphore acquire', 'semaphore tryAcquire'] },
  // While it waits, and if a failed condition brought no entry back.
  { action: 'dynamodb:GetItem', calls: ['acquire', 'refresh', 'serialize', 'deserializeLock'] },
  {
    action: 'dynamodb:UpdateItem',
    calls: [
      'acquire',
      'tryAcquire',
      'refresh',
      'serialize',
      'deserializeLock',
      'semaphore acquire',
      'semaphore tryAcquire',
    ],
  },
  // For the writes of the caller's own that depend on the lock.
  { action: GUARD_ACTION, calls: ['transactWrite'] },
  { action: 'dynamodb:DeleteItem', calls: ['release', 'semaphore release'] },
];

/** What `grantInspect` allows on one entry. */
export const INSPECT_PERMISSIONS: readonly Permission[] = [{ action: 'dynamodb:GetItem', calls: ['inspect'] }];

/** What `grantInspect` also allows if it is not limited to names: a scan has no key to limit. */
export const LIST_PERMISSIONS: readonly Permission[] = [{ action: 'dynamodb:Scan', calls: ['list'] }];

/** What `grantBreak` allows: to read an entry, to replace its version, and, by force, to delete it. */
export const BREAK_PERMISSIONS: readonly Permission[] = [
  { action: 'dynamodb:GetItem', calls: ['break', 'break by force'] },
  { action: 'dynamodb:UpdateItem', calls: ['break'] },
  { action: 'dynamodb:DeleteItem', calls: ['break by force'] },
];

/** What the states of a `LynkLockStates` send: they look, acquire and release. */
export const STATES_ACTIONS: readonly string[] = ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];

/** The same for a permit of a semaphore: they look at all permits at once. */
export const PERMIT_STATES_ACTIONS: readonly string[] = [
  'dynamodb:BatchGetItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
];

/** What the function sends that gives back the locks of ended executions: which ones, only a scan finds out. */
export const GIVE_BACK_ACTIONS: readonly string[] = ['dynamodb:Scan', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];

/** What DynamoDB does with a customer managed key in the name of who reads. */
export const KEY_READ_ACTIONS: readonly string[] = ['kms:Decrypt', 'kms:DescribeKey'];

/** And of who writes. What aws-cdk-lib grants with wildcards, spelled out: key pairs, for one, are not needed. */
export const KEY_WRITE_ACTIONS: readonly string[] = [
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
];
