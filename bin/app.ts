import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { LynkLockTable } from '../lib/index.js';

/** `cdk deploy` provisions one lock table; `-c tableName=…` names it. */
const app = new App();
const tableName = String(app.node.tryGetContext('tableName') ?? 'lynk-quickstart');
const stack = new Stack(app, 'LynkLocks', { description: 'A table of distributed locks (cdk-lynk)' });
const locks = new LynkLockTable(stack, 'Locks', { tableName });
new CfnOutput(stack, 'TableName', { value: locks.tableName, description: 'For LYNK_TABLE_NAME' });
