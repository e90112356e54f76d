// Uses everything that the package has for stacks; app.py says the same in Python, and Everything.java in Java.
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Alarm, Dashboard, GraphWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import {
  Billing,
  ContributorInsightsMode,
  MultiRegionConsistency,
  Operation,
  TableEncryptionV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { AccountPrincipal, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { DefinitionBody, Pass, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { LynkLockGrants, LynkLockMonitoring, LynkLockStates, LynkLockTable, LynkLockTables } from 'cdk-lynk';

const app = new App();
const stack = new Stack(app, 'Everything', { env: { account: '123456789012', region: 'eu-west-1' } });
const key = new Key(stack, 'Key');

function newFunction(id) {
  const code = Code.fromInline('def handler(event, context): pass');
  const timeout = Duration.seconds(30);
  return new LambdaFunction(stack, id, { runtime: Runtime.PYTHON_3_12, handler: 'index.handler', code, timeout });
}

const statement = (sid) =>
  new PolicyStatement({
    sid,
    actions: ['dynamodb:DescribeTable'],
    principals: [new AccountPrincipal('210987654321')],
    resources: ['*'],
  });

const locks = new LynkLockTable(stack, 'Locks', {
  tableName: 'locks',
  billing: Billing.onDemand({ maxReadRequestUnits: 100 }),
  encryption: TableEncryptionV2.customerManagedKey(key),
  pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: 3 },
  deletionProtection: true,
  removalPolicy: RemovalPolicy.RETAIN,
  timeToLive: true,
  warmThroughput: { readUnitsPerSecond: 13000, writeUnitsPerSecond: 5000 },
  contributorInsightsSpecification: {
    enabled: true,
    mode: ContributorInsightsMode.ACCESSED_AND_THROTTLED_KEYS,
  },
  resourcePolicy: new PolicyDocument({ statements: [statement('Described')] }),
  tags: { team: 'billing' },
  leaseDuration: Duration.seconds(20),
  waitDuration: Duration.seconds(5),
  clockTolerance: Duration.seconds(4),
});
locks.addToResourcePolicy(statement('Added'));

const replicated = new LynkLockTable(stack, 'Replicated', {
  tableName: 'replicated',
  replicas: [{ region: 'eu-west-2' }],
  witnessRegion: 'eu-central-1',
  multiRegionConsistency: MultiRegionConsistency.STRONG,
});
const elsewhere = new Stack(app, 'Elsewhere', { env: { account: '123456789012', region: 'eu-west-2' } });
const replica = replicated.replica(elsewhere, 'Replica');
new CfnOutput(elsewhere, 'Name', { value: replica.tableName });
const byDefault = new LynkLockTable(stack, 'ByDefault');

const byName = LynkLockTable.fromLynkLockTableName(stack, 'ByName', 'from-python');
const byArn = LynkLockTable.fromLynkLockTableArn(
  stack,
  'ByArn',
  'arn:aws:dynamodb:eu-west-1:210987654321:table/of-others',
);
const byNameOfAttributes = LynkLockTable.fromLynkLockTableAttributes(stack, 'ByAttributes', { tableName: 'known' });
const byAttributes = LynkLockTable.fromLynkLockTableAttributes(stack, 'ByAllAttributes', {
  tableArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/global',
  encryptionKey: key,
  replicaRegions: ['eu-west-2'],
  leaseDuration: Duration.seconds(30),
  waitDuration: Duration.seconds(6),
  clockTolerance: Duration.seconds(5),
});

const worker = newFunction('Worker');
locks.connect(worker, { names: ['account/*'] });
replicated.connect(worker, {
  variablePrefix: 'GLOBAL',
  leaseDuration: Duration.seconds(15),
  waitDuration: Duration.seconds(2),
  clockTolerance: Duration.seconds(3),
});
byDefault.connect(newFunction('ByDefaultWorker'));
byName.connect(newFunction('ByNameWorker'));
byNameOfAttributes.connect(newFunction('ByAttributesWorker'));
byAttributes.connect(newFunction('ByAllAttributesWorker'));

const grantee = newFunction('Grantee');
locks.grantLock(grantee, { names: ['order/*'] });
locks.grantInspect(grantee);
locks.grantBreak(grantee, { names: ['stuck'] });
byArn.grantLock(grantee);
byName.grant(grantee, 'dynamodb:DescribeTable', 'dynamodb:Scan');
byAttributes.grants.actions(grantee, 'dynamodb:Query');
byAttributes.grants.holdLocks(grantee, { names: ['nightly'] });
byAttributes.grants.inspectLocks(grantee);
byAttributes.grants.breakLocks(grantee);

const grants = new LynkLockGrants({
  table: byDefault,
  encryptionKey: key,
  policyResource: byDefault.table,
  replicaTableArns: ['arn:aws:dynamodb:eu-west-2:123456789012:table/elsewhere'],
  replicaKeyArns: ['arn:aws:kms:eu-west-2:123456789012:key/two'],
});
grants.holdLocks(newFunction('Granted'));

const action = new SnsAction(new Topic(stack, 'Alarms'));
const monitoring = new LynkLockMonitoring(stack, 'Monitoring', {
  table: locks,
  alarmActions: [action],
  lockLostThreshold: 2,
  throttledThreshold: 3,
  systemErrorsThreshold: 4,
  latencyThreshold: Duration.millis(50),
  contentionThreshold: 100,
  dashboard: true,
  dashboardName: 'locks',
});
for (const alarm of monitoring.alarms) alarm.addOkAction(action);
if (monitoring.dashboard) new CfnOutput(stack, 'Board', { value: monitoring.dashboard.dashboardName });
new LynkLockMonitoring(stack, 'Unseen', { table: byName, dashboard: false });

new Dashboard(stack, 'Metrics', {
  widgets: [
    [
      new GraphWidget({
        left: [
          locks.metricContention(),
          locks.metricLatency({ operation: Operation.PUT_ITEM }),
          locks.metricLockAcquired({ period: Duration.minutes(1) }),
          locks.metricLockHeldTime(),
          locks.metricLockLost(),
          locks.metricLockNotGranted(),
          locks.metricLockTakenOver(),
          locks.metricLockUnavailable(),
          locks.metricLockWaitTime(),
          locks.metricSystemErrors(),
          locks.metricThrottled(),
          locks.metric('LockAcquired'),
          locks.metricConsumedReadCapacityUnits(),
          locks.metricConsumedWriteCapacityUnits(),
        ],
      }),
    ],
  ],
});
new Alarm(stack, 'Lost', { metric: byName.metricLockLost(), threshold: 1, evaluationPeriods: 1 });

new StateMachine(stack, 'Protected', {
  definitionBody: DefinitionBody.fromChainable(
    locks.protect(new Pass(stack, 'Work'), {
      id: 'Short',
      name: 'ledger',
      names: ['ledger'],
      leaseDuration: Duration.seconds(60),
      waitDuration: Duration.minutes(10),
    }),
  ),
});
const wrapping = new LynkLockStates(stack, 'Wrapping', {
  table: locks,
  name: 'nightly',
  permits: 3,
  otherwise: new Pass(stack, 'Later'),
});
const nightly = new Pass(stack, 'Nightly');
const definitionBody = DefinitionBody.fromChainable(wrapping.protect(nightly));
const wrapped = new StateMachine(stack, 'Wrapped', { definitionBody });
const ended = locks.releaseEndedExecutions(wrapped, { after: Duration.minutes(5) });
byName.releaseEndedExecutions(wrapped);
new CfnOutput(stack, 'Ended', { value: `${ended.handler.functionName} ${ended.deadLetterQueue.queueName}` });
const states = new LynkLockStates(stack, 'States', {
  table: replicated,
  name: '{% $states.input.account %}',
  names: ['account/*'],
  leaseDuration: Duration.seconds(45),
  waitDuration: Duration.seconds(0),
});
const work = Pass.jsonata(stack, 'Charge');
new StateMachine(stack, 'ByHand', {
  definitionBody: DefinitionBody.fromChainable(states.acquire.next(work).next(states.release)),
});
new CfnOutput(stack, 'Failing', { value: states.releaseAndFail.id });

const group = new LynkLockTables(stack, 'Tables', { groupName: 'all-locks' });
new CfnOutput(stack, 'Group', { value: `${group.groupName} ${group.groupArn}` });
new CfnOutput(stack, 'Names', { value: `${locks.tableName} ${byArn.tableName} ${replicated.tableArn}` });
new CfnOutput(stack, 'Injected', { value: LynkLockTable.PROPERTY_INJECTION_ID });
if (locks.encryptionKey) new CfnOutput(stack, 'EncryptedWith', { value: locks.encryptionKey.keyArn });

app.synth();
