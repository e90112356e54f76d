import { Duration, Stack, type StackProps, TimeZone } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { ContextAttribute, Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

/** A function that EventBridge Scheduler starts each night at 3, and the table that keeps it from running twice. */
export class NightlyReportStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const failed = new Queue(this, 'Failed', { retentionPeriod: Duration.days(14), enforceSSL: true });
    const report = new NodejsFunction(this, 'Report', {
      entry: 'examples/nightly-report/handler.ts',
      runtime: Runtime.NODEJS_22_X,
      timeout: Duration.minutes(5),
      retryAttempts: 2, // Lambda's own: 1 minute after a failure, and 2 minutes after that
      onFailure: new SqsDestination(failed),
    });
    new LynkLockTable(this, 'Locks').connect(report, { names: ['nightly-report'] });
    new Schedule(this, 'EachNight', {
      schedule: ScheduleExpression.cron({ hour: '3', minute: '0', timeZone: TimeZone.EUROPE_BERLIN }),
      target: new LambdaInvoke(report, {
        input: ScheduleTargetInput.fromObject({ time: ContextAttribute.scheduledTime }),
      }),
    });

    // It failed three times, and nobody will try again.
    failed.metricApproximateNumberOfMessagesVisible().createAlarm(this, 'GivenUp', {
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    // It was not started for a day: the schedule is off, or may not call it.
    report.metricInvocations({ period: Duration.days(1) }).createAlarm(this, 'NotStarted', {
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}
