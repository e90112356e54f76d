import { setTimeout as sleep } from 'node:timers/promises';
import { LocalDurableTestRunner, WaitingOperationStatus } from '@aws/durable-execution-sdk-js-testing';
import { DynamoDBClient, GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { tryWithLock } from 'cdk-lynk/runtime';
import { handler } from './approval-handler.mjs';

/** examples/approval: two payouts of one account, of which one is approved and one is not, and others meanwhile. */
const dynamodb = new DynamoDBClient({});
const { APPROVALS_TABLE_NAME, PAYOUTS_TABLE_NAME } = process.env;

await LocalDurableTestRunner.setupTestEnvironment({ skipTime: false });

/** Runs a payout; answers when somebody is asked, and after a look at the account. */
async function payout(amount, verdict) {
  const runner = new LocalDurableTestRunner({ handlerFunction: handler });
  const execution = runner.run({ payload: { account: '42', amount } });
  const asked = async () => {
    const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: APPROVALS_TABLE_NAME }));
    return Items.some((item) => item.amount.N === String(amount));
  };
  while (!(await asked())) await sleep(50);
  const { acquired, holder } = await tryWithLock('account/42', () => 'inside');
  // The runner overlooks an answer in the last milliseconds before the execution is suspended.
  await runner.getOperation('approval: beat').waitForData(WaitingOperationStatus.STARTED);
  await sleep(2000);
  await runner.getOperation('approval').sendCallbackSuccess(verdict);
  const result = (await execution).getResult();
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: PAYOUTS_TABLE_NAME, Key: { account: { S: '42' } }, ConsistentRead: true }),
  );
  const after = await tryWithLock('account/42', () => 'inside');
  return { result, meanwhile: acquired, note: holder?.data, paid: Number(Item?.paid.N ?? 0), isFree: after.acquired };
}

console.log(JSON.stringify([await payout(10, 'approved'), await payout(7, 'refused')]));
process.exit();
