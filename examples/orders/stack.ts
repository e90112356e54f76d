import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

/** Orders in a queue, and consumers of which no two work on one account at a time. */
export class OrdersStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const timeout = Duration.seconds(60);
    const entry = 'examples/orders/handler.ts';
    const charge = new NodejsFunction(this, 'Charge', { entry, runtime: Runtime.NODEJS_22_X, timeout });
    const deadLetterQueue = { queue: new Queue(this, 'Uncharged'), maxReceiveCount: 20 };
    const orders = new Queue(this, 'Orders', { visibilityTimeout: Duration.seconds(360), deadLetterQueue });
    charge.addEventSource(new SqsEventSource(orders, { reportBatchItemFailures: true }));
    new LynkLockTable(this, 'Locks').connect(charge, { names: ['account/*'] });
  }
}
