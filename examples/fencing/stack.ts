import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

/** A function whose writes are fenced: tokens need nothing more of the table than locks do. */
export class FencingStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const fn = new NodejsFunction(this, 'Write', {
      entry: 'examples/fencing/handler.ts',
      runtime: Runtime.NODEJS_22_X,
      timeout: Duration.seconds(30),
    });
    new LynkLockTable(this, 'Locks').connect(fn, { names: ['report'] });
  }
}
