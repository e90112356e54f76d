import type {
  Consistency,
  ListAnswer,
  ListedPage,
  LockStore,
  NewEntry,
  ReadManyAnswer,
  WriteAnswer,
} from '../core/store.js';
import type { LockEntry } from '../protocol/entry.js';
import { ENTRY } from '../protocol/wire.js';
import { noLockTable } from './failure.js';
import { DynamoDBHoldStore } from './hold-store.js';
import { entriesFromItems, textIn } from './item.js';

/** Small pages, one after the other, leave the table's throughput to its locks. */
const ENTRIES_A_PAGE = 500;

/** Keeps entries in a DynamoDB table, with all operations that a factory needs. */
export class DynamoDBStore extends DynamoDBHoldStore implements LockStore {
  adopt(entry: NewEntry, givenVersion: string, signal: AbortSignal): Promise<WriteAnswer> {
    return this.overwrite(entry, `${ENTRY.versionNumber} = :given`, { ':given': { S: givenVersion } }, signal);
  }

  async readMany(lockKeys: readonly string[], consistency: Consistency, signal: AbortSignal): Promise<ReadManyAnswer> {
    const Keys = lockKeys.map((lockKey) => ({ [ENTRY.lockKey]: { S: lockKey } }));
    const input = { RequestItems: { [this.tableName]: { Keys, ConsistentRead: consistency === 'strong' } } };
    const { dateMs, output } = await this.send(lockKeys[0] ?? '', 'BatchGetItem', input, signal);
    const { Responses, UnprocessedKeys } = output;
    const entries = new Map<string, LockEntry | undefined>(lockKeys.map((lockKey) => [lockKey, undefined]));
    for (const item of Object.values(Responses ?? {}).flat()) {
      const lockKey = textIn(item[ENTRY.lockKey]) ?? '';
      entries.set(lockKey, this.entry(item, lockKey));
    }
    // DynamoDB leaves keys out when it throttles. It has not said that those locks have no entry.
    for (const { Keys: left = [] } of Object.values(UnprocessedKeys ?? {})) {
      for (const key of left) entries.delete(textIn(key[ENTRY.lockKey]) ?? '');
    }
    return { dateMs, entries };
  }

  async list({ prefix, after }: ListedPage, signal: AbortSignal): Promise<ListAnswer> {
    const input = {
      TableName: this.tableName,
      Limit: ENTRIES_A_PAGE,
      ...(after !== undefined && { ExclusiveStartKey: { [ENTRY.lockKey]: { S: after } } }),
      ...(prefix !== '' && {
        FilterExpression: `begins_with(${ENTRY.lockKey}, :prefix)`,
        ExpressionAttributeValues: { ':prefix': { S: prefix } },
      }),
    };
    const { dateMs, output } = await this.send(undefined, 'Scan', input, signal);
    const { Items = [], LastEvaluatedKey } = output;
    const next = textIn(LastEvaluatedKey?.[ENTRY.lockKey]);
    if (LastEvaluatedKey && next === undefined) throw noLockTable({ lockName: undefined, tableName: this.tableName });
    return { dateMs, ...entriesFromItems(Items, this.tableName), next };
  }
}
