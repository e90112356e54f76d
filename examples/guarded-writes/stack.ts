import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

/** Accounts, and the locks that guard them: a transaction needs both tables in one account and Region. */
export class GuardedWritesStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const accounts = new TableV2(this, 'Accounts', { partitionKey: { name: 'id', type: AttributeType.STRING } });
    const book = new NodejsFunction(this, 'Book', {
      entry: 'examples/guarded-writes/handler.ts',
      runtime: Runtime.NODEJS_22_X,
      timeout: Duration.seconds(30),
      environment: { ACCOUNTS_TABLE_NAME: accounts.tableName },
    });
    accounts.grantReadWriteData(book);
    new LynkLockTable(this, 'Locks').connect(book, { names: ['account/*'] });
  }
}
