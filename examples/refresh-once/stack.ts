import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

/** A function that needs access tokens. Each that is in flight is a lock. */
export class RefreshOnceStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const fn = new NodejsFunction(this, 'Call', {
      entry: 'examples/refresh-once/handler.ts',
      runtime: Runtime.NODEJS_22_X,
      timeout: Duration.seconds(30),
    });
    new LynkLockTable(this, 'Locks').connect(fn, { names: ['access-token/*'] });
  }
}
