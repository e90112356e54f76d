import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

/** A function that EventBridge starts each night at 3, and the table that keeps it from running twice. */
export class NightlyReportStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const report = new NodejsFunction(this, 'Report', {
      entry: 'examples/nightly-report/handler.ts',
      runtime: Runtime.NODEJS_22_X,
      timeout: Duration.minutes(5),
    });
    new LynkLockTable(this, 'Locks').connect(report, { names: ['nightly-report'] });
    const target = new LambdaFunction(report, { retryAttempts: 2 });
    new Rule(this, 'EachNight', { schedule: Schedule.cron({ hour: '3', minute: '0' }), targets: [target] });
  }
}
