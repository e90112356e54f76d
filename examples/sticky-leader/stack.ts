import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

/** Two functions, started each minute: one leads for as long as it lives, the other stands by. */
export class StickyLeaderStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const locks = new LynkLockTable(this, 'Locks');
    const targets = ['One', 'Other'].map((name) => {
      const entry = 'examples/sticky-leader/handler.ts';
      const fn = new NodejsFunction(this, name, { entry, runtime: Runtime.NODEJS_22_X, timeout: Duration.seconds(50) });
      locks.connect(fn, { names: ['feed-leader'] });
      return new LambdaFunction(fn);
    });
    new Rule(this, 'EachMinute', { schedule: Schedule.rate(Duration.minutes(1)), targets });
  }
}
