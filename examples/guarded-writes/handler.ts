import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { type InvocationContext, withLock } from '../../runtime/index.js';

interface Booking {
  readonly accountId: string;
  readonly amount: number;
}
const client = new DynamoDBClient({});

/**
 * Reads, computes and writes under a lock, and DynamoDB itself checks that the lock is held when it commits. A
 * write that left in time and comes late, when another has the lock, changes nothing: it throws a `LockLostError`.
 */
export async function handler({ accountId, amount }: Booking, context: InvocationContext): Promise<number> {
  const TableName = process.env['ACCOUNTS_TABLE_NAME'];
  return withLock(`account/${accountId}`, { context }, async (held) => {
    const Key = { id: { S: accountId } };
    const read = new GetItemCommand({ TableName, Key, ConsistentRead: true });
    const { Item } = await client.send(read, { abortSignal: held.signal });
    const balance = Number(Item?.['balance']?.N ?? 0) + amount;
    if (balance < 0) throw new Error(`account ${accountId} has not got ${-amount}`);
    await held.transactWrite([{ Put: { TableName, Item: { ...Key, balance: { N: String(balance) } } } }]);
    return balance;
  });
}
