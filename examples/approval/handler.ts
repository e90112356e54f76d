import { type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { withDurableLock } from '../../runtime/durable/index.js';

const PAYOUTS = process.env['PAYOUTS_TABLE_NAME'] ?? '';
const APPROVALS = process.env['APPROVALS_TABLE_NAME'] ?? '';
const dynamodb = new DynamoDBClient({});

interface Payout {
  readonly account: string;
  readonly amount: number;
}

/** A payout that somebody has to approve, within days. Meanwhile nobody else touches the account. */
export const handler = withDurableExecution(({ account, amount }: Payout, context: DurableContext) =>
  withDurableLock(context, `account/${account}`, { waitSeconds: 86_400, data: { amount } }, async (held) => {
    const verdict = await held.waitForCallback('approval', (callbackId) => ask(callbackId, account, amount), {
      timeout: { days: 7 },
    });
    if (verdict !== 'approved') return `account ${account}: not paid out`;
    await held.step('pay out', (hold) =>
      // DynamoDB refuses it, however late it arrives, unless this execution still has the account.
      hold.transactWrite([
        {
          Update: {
            TableName: PAYOUTS,
            Key: { account: { S: account } },
            UpdateExpression: 'ADD paid :amount',
            ExpressionAttributeValues: { ':amount': { N: String(amount) } },
          },
        },
      ]),
    );
    return `account ${account}: ${amount} paid out`;
  }),
);

/** Whoever approves completes the callback with this id: SendDurableExecutionCallbackSuccess. */
async function ask(callbackId: string, account: string, amount: number): Promise<void> {
  const Item = { callbackId: { S: callbackId }, account: { S: account }, amount: { N: String(amount) } };
  await dynamodb.send(new PutItemCommand({ TableName: APPROVALS, Item }));
}
