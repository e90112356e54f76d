import { CfnParameter, Duration, Lazy } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Alarm, Dashboard, GraphWidget, type IMetric, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Operation } from 'aws-cdk-lib/aws-dynamodb';
import { Topic } from 'aws-cdk-lib/aws-sns';
import {
  type ILynkLockTable,
  LynkLockMonitoring,
  type LynkLockMonitoringProps,
  LynkLockTable,
} from '../../lib/index.js';
import { LockLostError, LockUnavailableError } from '../../runtime/errors.js';
import { emfMetrics } from '../../runtime/lambda/emf.js';
import { EventMetrics } from '../../runtime/observe/event-metrics.js';
import { ENV, newStack } from './stack.js';

function prepare(stack = newStack({ env: ENV })) {
  return { stack, table: new LynkLockTable(stack, 'Locks', { tableName: 'locks' }) };
}

/** An alarm on the metric, as deployed. */
function alarmOn(metric: (table: ILynkLockTable) => IMetric, imported = false) {
  const { stack, table } = prepare();
  const watched = imported ? LynkLockTable.fromLynkLockTableName(stack, 'Imported', 'locks') : table;
  new Alarm(stack, 'Alarm', { metric: metric(watched), threshold: 1, evaluationPeriods: 1 });
  const [alarm] = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'));
  return alarm?.['Properties'];
}
const NAME = { Name: 'TableName', Value: expect.anything() };

describe.each([
  ['one’s own table', false],
  ['an imported table', true],
])('metrics of %s can be alarmed', (_, imported) => {
  test.each([
    ['AWS/DynamoDB', 'ConditionalCheckFailedRequests', 'Sum', (table: ILynkLockTable) => table.metricContention()],
    ['cdk-lynk', 'LockAcquired', 'Sum', (table: ILynkLockTable) => table.metricLockAcquired()],
    ['cdk-lynk', 'LockNotGranted', 'Sum', (table: ILynkLockTable) => table.metricLockNotGranted()],
    ['cdk-lynk', 'LockUnavailable', 'Sum', (table: ILynkLockTable) => table.metricLockUnavailable()],
    ['cdk-lynk', 'LockLost', 'Sum', (table: ILynkLockTable) => table.metricLockLost()],
    ['cdk-lynk', 'LockTakenOver', 'Sum', (table: ILynkLockTable) => table.metricLockTakenOver()],
    ['cdk-lynk', 'LockWaitTime', 'Average', (table: ILynkLockTable) => table.metricLockWaitTime()],
    ['cdk-lynk', 'LockHeldTime', 'Average', (table: ILynkLockTable) => table.metricLockHeldTime()],
  ])('%s %s', (Namespace, MetricName, Statistic, metric) => {
    expect(alarmOn(metric, imported)).toMatchObject({
      ...{ Namespace, MetricName, Statistic, Period: 300 },
      Dimensions: [NAME],
    });
  });

  test.each([
    ['ThrottledRequests', (table: ILynkLockTable) => table.metricThrottled()],
    ['SystemErrors', (table: ILynkLockTable) => table.metricSystemErrors()],
  ])('%s: those of the operations in use, each 0 where nothing is reported', (MetricName, metric) => {
    const { Metrics } = alarmOn(metric, imported);
    const form = /^FILL\((updateItem_\w{8}), 0\) \+ FILL\((getItem_\w{8}), 0\) \+ FILL\((deleteItem_\w{8}), 0\)$/;
    const [, ...ids] = form.exec(Metrics[0].Expression) ?? [];
    expect(Metrics.slice(1).map(({ Id }: { Id: string }) => Id)).toEqual(ids);
    const operations = ['UpdateItem', 'GetItem', 'DeleteItem'];
    for (const [index, Value] of operations.entries()) {
      expect(Metrics[index + 1].MetricStat).toMatchObject({
        Metric: { MetricName, Dimensions: [{ Name: 'Operation', Value }, NAME] },
        ...{ Stat: 'Sum', Period: 300 },
      });
    }
    expect(Metrics).toHaveLength(4);
  });

  test('latency, of one operation', () => {
    const Dimensions = [{ Name: 'Operation', Value: 'UpdateItem' }, NAME];
    const expected = { MetricName: 'SuccessfulRequestLatency', Statistic: 'Average', Dimensions };
    expect(alarmOn((table) => table.metricLatency(), imported)).toMatchObject(expected);
    expect(alarmOn((table) => table.metricLatency({ operation: Operation.GET_ITEM }), imported)).toMatchObject({
      Dimensions: [{ Name: 'Operation', Value: 'GetItem' }, NAME],
    });
  });
});

test('a metric’s options are the caller’s', () => {
  const period = Duration.minutes(1);
  expect(alarmOn((table) => table.metricContention({ period, statistic: 'Maximum' }))).toMatchObject({
    ...{ Period: 60, Statistic: 'Maximum' },
  });
  expect(alarmOn((table) => table.metricThrottled({ period })).Metrics[1].MetricStat).toMatchObject({ Period: 60 });
});

/** Several sums of one table, and one of another. */
function sums({ stack, table }: ReturnType<typeof prepare>): IMetric[] {
  const other = new LynkLockTable(stack, 'Other');
  const often = { period: Duration.minutes(1) };
  return [table.metricThrottled(), table.metricThrottled(often), table.metricSystemErrors(), other.metricThrottled()];
}

test('sums of operations stand beside each other in one graph, and in one expression', () => {
  const prepared = prepare();
  const [one, often, errors, others] = sums(prepared) as [IMetric, IMetric, IMetric, IMetric];
  const { stack } = prepared;
  const left = [one, often, errors, others, one];
  new Dashboard(stack, 'Dashboard', { widgets: [[new GraphWidget({ left })]] });
  const metric = new MathExpression({ expression: 'a + b + c', usingMetrics: { a: one, b: errors, c: others } });
  new Alarm(stack, 'Alarm', { metric, threshold: 1, evaluationPeriods: 1 });
  expect(() => Template.fromStack(stack)).not.toThrow();
});

test('and their ids are the same in each synth', () => {
  const idsOf = (metrics: IMetric[]) =>
    metrics.map((metric) => Object.keys(metric.toMetricConfig().mathExpression?.usingMetrics ?? {}));
  const ids = idsOf(sums(prepare(newStack())));
  expect(ids).toEqual(idsOf(sums(prepare(newStack()))));
  expect(new Set(ids.flat())).toHaveProperty('size', 12);
});

function templateWith(props: Partial<LynkLockMonitoringProps>): Template {
  const { stack, table } = prepare();
  new LynkLockMonitoring(stack, 'Monitoring', { table, ...props });
  return Template.fromStack(stack);
}

describe('LynkLockMonitoring', () => {
  test('by default: four alarms, none of which goes off by silence, and a dashboard', () => {
    const template = templateWith({});
    const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'));
    expect(alarms).toHaveLength(4);
    for (const { Properties } of alarms) {
      expect(Properties).toMatchObject({ TreatMissingData: 'notBreaching', AlarmDescription: expect.any(String) });
      expect(Properties).not.toHaveProperty('AlarmActions');
    }
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'LockLost', Threshold: 1 });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'SuccessfulRequestLatency',
      Threshold: 100,
    });
    const throttled = { EvaluationPeriods: 3, DatapointsToAlarm: 2, Threshold: 1 };
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { ...throttled, Metrics: Match.anyValue() });
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  });

  test('the dashboard shows every metric and every alarm', () => {
    const [dashboard] = Object.values(templateWith({}).findResources('AWS::CloudWatch::Dashboard'));
    const body = JSON.stringify(dashboard);
    const shown = ['LockLost', 'LockTakenOver', 'LockWaitTime', 'LockHeldTime', 'ConditionalCheckFailedRequests'];
    for (const metric of [...shown, 'SuccessfulRequestLatency', 'ThrottledRequests', 'SystemErrors']) {
      expect(body).toContain(metric);
    }
    expect(body.match(/"Fn::GetAtt":\["Monitoring/g)).toHaveLength(4);
  });

  test('every threshold, and what the alarms do', () => {
    const { stack, table } = prepare();
    const { alarms, dashboard } = new LynkLockMonitoring(stack, 'Monitoring', {
      table,
      alarmActions: [new SnsAction(new Topic(stack, 'Topic'))],
      ...{ lockLostThreshold: 2, throttledThreshold: 3, systemErrorsThreshold: 4, contentionThreshold: 500 },
      latencyThreshold: Duration.seconds(1),
      dashboardName: 'locks',
    });
    const found = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'));
    expect(new Set(found.map(({ Properties }) => Properties.Threshold))).toEqual(new Set([2, 3, 4, 500, 1000]));
    for (const { Properties } of found) expect(Properties.AlarmActions).toHaveLength(1);
    expect(alarms).toHaveLength(5);
    expect(dashboard).toBeDefined();
    Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'locks' });
  });

  test('thresholds that only deploy knows', () => {
    const { stack, table } = prepare();
    const lockLostThreshold = new CfnParameter(stack, 'Lost', { type: 'Number' }).valueAsNumber;
    const contentionThreshold = Lazy.number({ produce: () => 500 });
    new LynkLockMonitoring(stack, 'Monitoring', { table, lockLostThreshold, contentionThreshold });
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'LockLost', Threshold: { Ref: 'Lost' } });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { Threshold: 500 });
  });

  test('without a dashboard', () => {
    templateWith({ dashboard: false }).resourceCountIs('AWS::CloudWatch::Dashboard', 0);
  });

  test.each([
    [{ lockLostThreshold: 0 }, '`lockLostThreshold` is a number of events, more than 0, got 0'],
    [{ contentionThreshold: -1 }, '`contentionThreshold`'],
    [{ dashboard: false, dashboardName: 'locks' }, '`dashboardName` is "locks", but `dashboard` is false'],
  ])('%p is refused', (props, message) => {
    expect(() => templateWith(props)).toThrow(message);
  });
});

test('what the client reports is what the construct watches: namespace, name and dimension', () => {
  const lines: EmfLine[] = [];
  const metrics = new EventMetrics(emfMetrics({ write: (line) => void lines.push(JSON.parse(line)) }));
  const attempt = { lockName: 'a', tableName: 'locks', hostIdentifier: 'h', leaseSeconds: 10, requestId: undefined };
  const waited = { waitSeconds: 1, attempts: 1 };
  const error = new LockLostError('lost', { reason: 'gone' });
  metrics.onLockEvent({ type: 'acquired', attempt, ...waited, takenOverFrom: 'them' });
  metrics.onLockEvent({ type: 'not-granted', attempt, ...waited, holder: undefined, error: undefined });
  const unavailable = new LockUnavailableError('no answer', { tableName: 'locks' });
  metrics.onLockEvent({ type: 'not-granted', attempt, ...waited, holder: undefined, error: unavailable });
  metrics.onLockEvent({ type: 'lost', attempt, heldSeconds: 1, error });
  const reported = lines.map((line) => {
    const [{ Namespace, Dimensions, Metrics }] = line._aws.CloudWatchMetrics;
    return [Namespace, Metrics[0].Name, Dimensions.map((names) => names.map((name) => [name, line[name]]))];
  });

  const watched = [
    (table: ILynkLockTable) => table.metricLockAcquired(),
    (table: ILynkLockTable) => table.metricLockNotGranted(),
    (table: ILynkLockTable) => table.metricLockUnavailable(),
    (table: ILynkLockTable) => table.metricLockTakenOver(),
    (table: ILynkLockTable) => table.metricLockLost(),
    (table: ILynkLockTable) => table.metricLockWaitTime(),
    (table: ILynkLockTable) => table.metricLockHeldTime(),
  ].map((metric) => {
    const { Namespace, MetricName, Dimensions } = alarmOn(metric, true);
    return [Namespace, MetricName, [Dimensions.map(({ Name, Value }: NamedValue) => [Name, Value])]];
  });
  const texts = (rows: unknown[]): Set<string> => new Set(rows.map((row) => JSON.stringify(row)));
  expect(texts(reported)).toEqual(texts(watched));
});

interface NamedValue {
  readonly Name: string;
  readonly Value: string;
}

interface EmfLine {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly [
      {
        readonly Namespace: string;
        readonly Dimensions: readonly (readonly string[])[];
        readonly Metrics: readonly [{ readonly Name: string }];
      },
    ];
  };
  readonly [member: string]: unknown;
}

test('DynamoDB’s metrics of a table that is imported from elsewhere are looked for there, the client’s here', () => {
  const stack = newStack({ env: ENV });
  const arn = 'arn:aws:dynamodb:us-east-1:999999999999:table/locks';
  const table = LynkLockTable.fromLynkLockTableArn(stack, 'Elsewhere', arn);
  const statOf = (metric: IMetric) => metric.toMetricConfig().metricStat;

  expect(statOf(table.metricContention())).toMatchObject({ account: '999999999999', region: 'us-east-1' });
  expect(statOf(table.metricLatency())).toMatchObject({ account: '999999999999', region: 'us-east-1' });
  expect(statOf(table.metricLockLost())).not.toMatchObject({ region: 'us-east-1' });
  const near = LynkLockTable.fromLynkLockTableName(stack, 'Near', 'locks');
  expect(statOf(near.metricContention())).not.toMatchObject({ region: 'us-east-1' });
});
