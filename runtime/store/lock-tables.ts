import { DescribeTableCommand, ListTablesCommand, ListTagsOfResourceCommand } from '@aws-sdk/client-dynamodb';
import { LockUnavailableError, LynkError } from '../errors.js';
import { TABLE_TAG } from '../protocol/wire.js';
import { connectionOf } from './client.js';
import { classifyFailure } from './failure.js';

/**
 * The names of the lock tables in the default client's account and region: those that carry the tag. By
 * DynamoDB's own requests, so that no further SDK client is needed.
 * @throws LockTableError where a permission is missing, say; LockUnavailableError where DynamoDB does not answer
 */
export async function* lockTables(): AsyncGenerator<string, undefined, undefined> {
  const client = connectionOf(undefined).client();
  let after: string | undefined;
  do {
    const ExclusiveStartTableName = after;
    const { TableNames = [], LastEvaluatedTableName } = await asked('ListTables', '*', () =>
      client.send(new ListTablesCommand({ ExclusiveStartTableName })),
    );
    for (const name of TableNames) {
      const { Table } = await asked('DescribeTable', name, () =>
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
  const { Tags = [] } = await asked('ListTagsOfResource', tableName, () =>
    client.send(new ListTagsOfResourceCommand({ ResourceArn })),
  );
  return Tags;
}

async function asked<T>(action: string, tableName: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    const failure = classifyFailure(error, { lockName: undefined, tableName, action: `dynamodb:${action}` });
    if (failure instanceof LynkError) throw failure;
    throw new LockUnavailableError(`no answer from DynamoDB to ${action}`, { tableName, cause: error });
  }
}
