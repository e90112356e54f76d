import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

/** A durable function that holds an account until a payout is approved. */
export class ApprovalStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const payouts = new TableV2(this, 'Payouts', { partitionKey: { name: 'account', type: AttributeType.STRING } });
    const approvals = new TableV2(this, 'Approvals', {
      partitionKey: { name: 'callbackId', type: AttributeType.STRING },
    });
    const fn = new NodejsFunction(this, 'Payout', {
      entry: 'examples/approval/handler.ts',
      runtime: Runtime.NODEJS_22_X,
      timeout: Duration.minutes(1),
      durableConfig: { executionTimeout: Duration.days(14), retentionPeriod: Duration.days(7) },
      environment: { PAYOUTS_TABLE_NAME: payouts.tableName, APPROVALS_TABLE_NAME: approvals.tableName },
    });
    payouts.grantReadWriteData(fn);
    approvals.grantWriteData(fn);
    new LynkLockTable(this, 'Locks').connect(fn, { names: ['account/*'] });
  }
}
