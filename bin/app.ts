import { createHash } from 'node:crypto';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { LynkLockTable } from '../lib/index.js';

/** A CDK app for one lock table. `cdk deploy -c tableName=…` provisions it under that name. */
const app = new App();
const tableName = String(app.node.tryGetContext('tableName') ?? 'lynk-quickstart');
const stack = new Stack(app, stackNameOf(tableName), { description: 'A table of distributed locks (cdk-lynk)' });
const locks = new LynkLockTable(stack, 'Locks', { tableName });
new CfnOutput(stack, 'TableName', { value: locks.tableName, description: 'For LYNK_TABLE_NAME' });

/** Each table has a stack of its own. In a shared stack, the next table would replace the one before. */
function stackNameOf(tableName: string): string {
  const fit = tableName.replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, 100);
  const digest = createHash('sha256').update(tableName).digest('hex').slice(0, 8);
  return fit === tableName ? `LynkLocks-${fit}` : `LynkLocks-${fit}-${digest}`;
}
