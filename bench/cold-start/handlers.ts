/** Handlers that hold one lock, or none. The paths are those of this repository. */
export const HANDLERS = {
  'a bare handler': `export const handler = async () => {};`,
  'a put and a delete by the SDK': `
    import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
    const client = new DynamoDBClient({});
    const [TableName, lockKey] = [process.env.LYNK_TABLE_NAME, { S: 'by hand' }];
    export const handler = async () => {
      const ConditionExpression = 'attribute_not_exists(lockKey)';
      const Item = { lockKey, versionNumber: { S: 'v' } };
      await client.send(new PutItemCommand({ TableName, Item, ConditionExpression }));
      await client.send(new DeleteItemCommand({ TableName, Key: { lockKey } }));
    };`,
  withLock: `
    import { withLock } from './runtime/index.js';
    export const handler = () => withLock('ours', async () => {});`,
  'withLock of the light entry': `
    import { withLock } from './runtime/light/index.js';
    export const handler = () => withLock('light', async () => {});`,
} as const;
export type HandlerName = keyof typeof HANDLERS;
