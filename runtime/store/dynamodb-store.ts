import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  DescribeTableCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  ScanCommand,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb';
import type {
  Consistency,
  ListAnswer,
  ListedPage,
  LockStore,
  NewEntry,
  ReadManyAnswer,
  WriteAnswer,
} from '../core/store.js';
import { LockUnavailableError, LynkError } from '../errors.js';
import type { LockEntry } from '../protocol/entry.js';
import { ENTRY, TABLE_TAG } from '../protocol/wire.js';
import { connectionOf } from './client.js';
import { classifyFailure, noLockTable } from './failure.js';
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
    const command = new BatchGetItemCommand({
      RequestItems: { [this.tableName]: { Keys, ConsistentRead: consistency === 'strong' } },
    });
    const { dateMs, output } = await this.send(lockKeys[0] ?? '', 'BatchGetItem', command, signal);
    const { Responses, UnprocessedKeys } = output as BatchGetItemCommandOutput;
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
    const command = new ScanCommand({
      TableName: this.tableName,
      Limit: ENTRIES_A_PAGE,
      ...(after !== undefined && { ExclusiveStartKey: { [ENTRY.lockKey]: { S: after } } }),
      ...(prefix !== '' && {
        FilterExpression: `begins_with(${ENTRY.lockKey}, :prefix)`,
        ExpressionAttributeValues: { ':prefix': { S: prefix } },
      }),
    });
    const { dateMs, output } = await this.send(undefined, 'Scan', command, signal);
    const { Items = [], LastEvaluatedKey } = output as ScanCommandOutput;
    const next = LastEvaluatedKey?.[ENTRY.lockKey]?.S;
    if (LastEvaluatedKey && next === undefined) throw noLockTable({ lockName: undefined, tableName: this.tableName });
    return { dateMs, ...entriesFromItems(Items, this.tableName), next };
  }
}

/**
 * The names of the lock tables in the default client's account and region: those that have the tag. Uses only
 * requests of DynamoDB, so that no other SDK client is needed.
 * @throws LockTableError if a permission is missing, for example
 * @throws LockUnavailableError if DynamoDB does not answer
 */
export async function* lockTables(): AsyncGenerator<string, undefined, undefined> {
  const client = connectionOf(undefined).client();
  let after: string | undefined;
  do {
    const ExclusiveStartTableName = after;
    const { TableNames = [], LastEvaluatedTableName } = await answered('ListTables', '*', () =>
      client.send(new ListTablesCommand({ ExclusiveStartTableName })),
    );
    for (const name of TableNames) {
      const { Table } = await answered('DescribeTable', name, () =>
        client.send(new DescribeTableCommand({ TableName: name })),
      );
      const tags = Table?.TableArn === undefined ? [] : await tagsOf(name, Table.TableArn);
      if (tags.some(({ Key, Value }) => Key === TABLE_TAG.key && Value === TABLE_TAG.value)) yield name;
    }
    after = LastEvaluatedTableName;
  } while (after !== undefined);
  return undefined;
}

async function tagsOf(tableName: string, ResourceArn: string) {
  const client = connectionOf(undefined).client();
  const { Tags = [] } = await answered('ListTagsOfResource', tableName, () =>
    client.send(new ListTagsOfResourceCommand({ ResourceArn })),
  );
  return Tags;
}

async function answered<T>(action: string, tableName: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const failure = classifyFailure(error, { lockName: undefined, tableName, action: `dynamodb:${action}` });
    if (failure instanceof LynkError) throw failure;
    throw new LockUnavailableError(`no answer from DynamoDB to ${action}`, { tableName, cause: error });
  }
}
