import { App, Duration, RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LynkLockMonitoring, LynkLockTable, LynkLockTables } from '../../lib/index.js';

/** What the suite deploys: a table, a function that locks, and what watches them. Context values change it. */
const app = new App();
const given = (name: string): string | undefined => app.node.tryGetContext(name);

const stack = new Stack(app, 'LynkSuite');
Tags.of(app).add('project', 'suite');
const days = given('recoveryDays');
const locks = new LynkLockTable(stack, 'Locks', {
  tableName: 'suite-locks',
  deletionProtection: given('protected') === 'yes',
  removalPolicy: given('retain') === 'yes' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  timeToLive: given('timeToLive') !== 'no',
  leaseDuration: Duration.seconds(2),
  ...(days && {
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: Number(days) },
  }),
});
const code = Code.fromInline('exports.handler = async () => {}');
const fn = new LambdaFunction(stack, 'Fn', { runtime: Runtime.NODEJS_22_X, handler: 'index.handler', code });
locks.connect(fn, { names: ['account/*'] });
new LynkLockMonitoring(stack, 'Monitoring', { table: locks, dashboardName: 'suite-locks' });
new LynkLockTables(stack, 'Tables');
