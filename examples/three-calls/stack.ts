import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

/** A function that calls an API with limits. The entries of its permits are called partner-api#0 to partner-api#2. */
export class ThreeCallsStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const fn = new NodejsFunction(this, 'Report', {
      entry: 'examples/three-calls/handler.ts',
      runtime: Runtime.NODEJS_22_X,
      timeout: Duration.seconds(90),
    });
    new LynkLockTable(this, 'Locks').connect(fn, { names: ['partner-api#*'] });
  }
}
