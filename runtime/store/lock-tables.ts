import { DescribeTableCommand, ListTablesCommand, ListTagsOfResourceCommand } from '@aws-sdk/client-dynamodb';
import { LockUnavailableError, LynkError } from '../errors.js';
import { TABLE_TAG } from '../protocol/wire.js';
import { connectionOf } from './client.js';
import { classifyFailure } from './failure.js';

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
