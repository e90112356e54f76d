/** An IAM action, and the client's calls that need it. */
export interface Permission {
  readonly action: string;
  /** A test runs each call, and compares the requests that it sends with the permissions. */
  readonly calls: readonly string[];
}

/** The action of transactions. Tables with multi-Region strong consistency do not support transactions. */
export const GUARD_ACTION = 'dynamodb:ConditionCheckItem';

/** What `grantLock` allows: requests for items by their keys, never for the whole table. */
export const LOCK_PERMISSIONS: readonly Permission[] = [
  // To find free permits of a semaphore.
  { action: 'dynamodb:BatchGetItem', calls: ['semaphore acquire', 'semaphore tryAcquire'] },
  // To poll, and to read the entry if a failed condition did not return it.
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
  // For the caller's own writes that depend on the lock.
  { action: GUARD_ACTION, calls: ['transactWrite'] },
  { action: 'dynamodb:DeleteItem', calls: ['release', 'semaphore release'] },
];

/** What `grantInspect` allows on one entry. */
export const INSPECT_PERMISSIONS: readonly Permission[] = [{ action: 'dynamodb:GetItem', calls: ['inspect'] }];

/** What `grantInspect` also allows without `names`. A scan cannot be limited to some keys. */
export const LIST_PERMISSIONS: readonly Permission[] = [{ action: 'dynamodb:Scan', calls: ['list'] }];

/** What `grantBreak` allows: to read an entry, to replace its version, and to delete it by force. */
export const BREAK_PERMISSIONS: readonly Permission[] = [
  { action: 'dynamodb:GetItem', calls: ['break', 'break by force'] },
  { action: 'dynamodb:UpdateItem', calls: ['break'] },
  { action: 'dynamodb:DeleteItem', calls: ['break by force'] },
];

/** The actions of the states of a `LynkLockStates`: to poll, to acquire and to release. */
export const STATES_ACTIONS: readonly string[] = ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];

/** The actions of the states for a semaphore. A poll reads all permits at once. */
export const PERMIT_STATES_ACTIONS: readonly string[] = [
  'dynamodb:BatchGetItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
];

/** The actions of the function that releases the locks of ended executions. It scans the table to find them. */
export const GIVE_BACK_ACTIONS: readonly string[] = ['dynamodb:Scan', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];

/** What DynamoDB does with a customer managed key on behalf of a reader. */
export const KEY_READ_ACTIONS: readonly string[] = ['kms:Decrypt', 'kms:DescribeKey'];

/**
 * What DynamoDB also does with the key on behalf of a writer. aws-cdk-lib grants more actions by wildcards, such as
 * those for key pairs, which are not needed.
 */
export const KEY_WRITE_ACTIONS: readonly string[] = [
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
];
