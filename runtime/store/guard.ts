import { type GuardedWrite, ItemsRefused, type LockConditionCheck, type LockGuard } from '../core/store.js';
import { ENTRY } from '../protocol/wire.js';
import type { Unmet } from './connection.js';
import type { Item } from './item.js';

/** Codes of a cancelled transaction that another attempt may not meet. */
const PASSING = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded', 'None']);

/** The element of a transaction that holds only while the hold's entry stands. */
export function conditionCheck(tableName: string, { lockKey, holdId, fencingToken }: LockGuard): LockConditionCheck {
  const isFenced = fencingToken !== undefined;
  return {
    ConditionCheck: {
      TableName: tableName,
      Key: { [ENTRY.lockKey]: { S: lockKey } },
      ConditionExpression:
        `contains(${ENTRY.versionNumber}, :lynkHold) AND ${ENTRY.leaseDuration} > :lynkZero` +
        (isFenced ? ` AND ${ENTRY.fencingToken} = :lynkToken` : ''),
      ExpressionAttributeValues: {
        ':lynkHold': { S: holdId },
        ':lynkZero': { N: '0' },
        ...(isFenced && { ':lynkToken': { N: String(fencingToken) } }),
      },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  };
}

/** The check comes last, so that the reasons of a cancellation are in the order of the caller's items. */
export function guardedInput(tableName: string, { guard, items, token }: GuardedWrite): object {
  return { TransactItems: [...items, conditionCheck(tableName, guard)], ClientRequestToken: token };
}

/**
 * Assesses a cancelled transaction. Returns only if the hold's entry did not stand any more.
 * @throws ItemsRefused if the items were refused
 * @throws the error itself if another attempt may succeed
 */
export function assessCancellation(error: Unmet): {
  readonly written: false;
  readonly item: Item | undefined;
} {
  const { CancellationReasons: reasons = [] } = error;
  const ours = reasons.at(-1);
  if (ours?.Code === 'ConditionalCheckFailed') return { written: false, item: ours.Item };
  if (reasons.length > 0 && reasons.every(({ Code = 'None' }) => PASSING.has(Code))) throw error;
  throw new ItemsRefused(error);
}
