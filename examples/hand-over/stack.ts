import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LambdaDestination, SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

/** What the first function answers, the lock on the order among it, is the second one's event. */
export class HandOverStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const common = { runtime: Runtime.NODEJS_22_X, timeout: Duration.seconds(60) };
    const ship = new NodejsFunction(this, 'Ship', {
      ...common,
      entry: 'examples/hand-over/ship.ts',
      // A ticket is good once, so trying again is in vain: what failed is picked, and is for a person to look at.
      retryAttempts: 0,
      onFailure: new SqsDestination(new Queue(this, 'NotShipped')),
    });
    const onSuccess = new LambdaDestination(ship, { responseOnly: true });
    const pick = new NodejsFunction(this, 'Pick', { ...common, entry: 'examples/hand-over/pick.ts', onSuccess });
    const pickInPython = new LambdaFunction(this, 'PickInPython', {
      ...common,
      runtime: Runtime.PYTHON_3_13,
      handler: 'pick.handler',
      // After: pip install -r requirements.txt --target .
      code: Code.fromAsset('examples/hand-over/python'),
      onSuccess,
    });
    const locks = new LynkLockTable(this, 'Locks');
    for (const fn of [pick, pickInPython, ship]) locks.connect(fn, { names: ['order/*'] });
    // Python's lynk writes with PutItem, which no other client needs.
    pickInPython.addToRolePolicy(
      new PolicyStatement({
        actions: ['dynamodb:PutItem'],
        resources: [locks.tableArn],
        conditions: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['order/*'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      }),
    );
  }
}
