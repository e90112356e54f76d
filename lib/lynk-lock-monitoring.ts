import { Duration, Token } from 'aws-cdk-lib';
import {
  type Alarm,
  type AlarmProps,
  AlarmStatusWidget,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IAlarmAction,
  type IMetric,
  Alarm as MetricAlarm,
  type MetricOptions,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { ILynkLockTable } from './i-lynk-lock-table.js';
import { type Known, refuseUnknown } from './known-props.js';
import { OPERATIONS } from './lock-metrics.js';
import { injected } from './property-injection.js';
import { refusal, shown } from './refusal.js';

/** Properties of a `LynkLockMonitoring`. */
export interface LynkLockMonitoringProps {
  /** The table to monitor. */
  readonly table: ILynkLockTable;

  /**
   * The actions of every alarm, such as a message to an SNS topic. To call a function, let an SNS topic call it. Do not
   * use `LambdaAction`s for the same function in two `LynkLockMonitoring`s: their alarms have the same ids, which
   * aws-cdk-lib rejects.
   *
   * @default - none: alarms are only visible in CloudWatch
   */
  readonly alarmActions?: IAlarmAction[];

  /**
   * The number of lost locks within 5 minutes that triggers an alarm. A lost lock means that work went on without its
   * lock. The client reports this metric, not DynamoDB.
   *
   * @default 1
   */
  readonly lockLostThreshold?: number;

  /**
   * The number of throttled requests within a minute that triggers an alarm. Two of three minutes have to reach it.
   *
   * @default 1
   */
  readonly throttledThreshold?: number;

  /**
   * The number of DynamoDB's system errors within a minute that triggers an alarm. Three of five minutes have to reach
   * it.
   *
   * @default 1
   */
  readonly systemErrorsThreshold?: number;

  /**
   * The average latency that triggers an alarm if it is exceeded for five minutes. It is that of the requests that
   * acquire and refresh locks. In a table with replicas, each of these requests waits for another Region.
   *
   * @default Duration.millis(100)
   */
  readonly latencyThreshold?: Duration;

  /**
   * The number of failed conditions within 5 minutes that triggers an alarm. It has to be reached three times in a row.
   * A condition fails if a process wants a lock that another process holds.
   *
   * @default - no alarm, because only the users of the locks know how much contention is too much
   */
  readonly contentionThreshold?: number;

  /**
   * Whether to create a dashboard.
   *
   * @default true
   */
  readonly dashboard?: boolean;

  /**
   * The dashboard's name.
   *
   * @default - CloudFormation generates one
   */
  readonly dashboardName?: string;
}

const KNOWN: Known<LynkLockMonitoringProps> = {
  table: true,
  alarmActions: true,
  lockLostThreshold: true,
  throttledThreshold: true,
  systemErrorsThreshold: true,
  latencyThreshold: true,
  contentionThreshold: true,
  dashboard: true,
  dashboardName: true,
};

const MINUTE: MetricOptions = { period: Duration.minutes(1) };

/**
 * CloudWatch alarms and a dashboard for a lock table. There are alarms for lost locks, throttled requests, failed
 * requests and latency. `contentionThreshold` adds an alarm for contention.
 *
 * @example
 * import { Duration, type Stack } from 'aws-cdk-lib';
 * import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
 * import { Topic } from 'aws-cdk-lib/aws-sns';
 * import { LynkLockMonitoring, LynkLockTable } from 'cdk-lynk';
 *
 * declare const stack: Stack;
 *
 * new LynkLockMonitoring(stack, 'Monitoring', {
 *   table: new LynkLockTable(stack, 'Locks'),
 *   alarmActions: [new SnsAction(new Topic(stack, 'Alarms'))],
 *   latencyThreshold: Duration.millis(50),
 * });
 */
export class LynkLockMonitoring extends Construct {
  /** Identifies this class to `PropertyInjectors`. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-lynk.LynkLockMonitoring';

  /** All alarms. More actions can be added to them. */
  readonly alarms: Alarm[] = [];
  /**
   * The dashboard.
   *
   * @default - none, if `dashboard` is false
   */
  readonly dashboard?: Dashboard;

  /**
   * @param scope The parent construct.
   * @param id The construct's id, unique within its scope.
   * @param props The table to monitor, and the thresholds of the alarms.
   * @throws ValidationError if a threshold that counts events is not more than 0; if there is a `dashboardName` but
   * `dashboard` is false
   */
  constructor(scope: Construct, id: string, props: LynkLockMonitoringProps) {
    super(scope, id);
    const given = injected(scope, id, LynkLockMonitoring.PROPERTY_INJECTION_ID, props);
    this.refuseWrong(given);
    this.addAlarms(given);
    for (const alarm of this.alarms) alarm.addAlarmAction(...(given.alarmActions ?? []));
    if (given.dashboard !== false) this.dashboard = this.makeDashboard(given);
  }

  private addAlarms(props: LynkLockMonitoringProps): void {
    const { table } = props;
    this.alarm('LockLost', table.metricLockLost(), {
      threshold: props.lockLostThreshold ?? 1,
      evaluationPeriods: 1,
      alarmDescription: 'A lock was lost while the work under it went on. The client’s log says which, and why.',
    });
    this.alarm('Throttled', table.metricThrottled(MINUTE), {
      threshold: props.throttledThreshold ?? 1,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      alarmDescription: 'DynamoDB throttles requests for locks; where it goes on for a lease, locks are lost.',
    });
    this.alarm('SystemErrors', table.metricSystemErrors(MINUTE), {
      threshold: props.systemErrorsThreshold ?? 1,
      evaluationPeriods: 5,
      datapointsToAlarm: 3,
      alarmDescription: 'Requests for locks fail within DynamoDB; where it goes on for a lease, locks are lost.',
    });
    this.alarm('Latency', table.metricLatency(MINUTE), {
      threshold: (props.latencyThreshold ?? Duration.millis(100)).toMilliseconds(),
      evaluationPeriods: 5,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      alarmDescription: 'DynamoDB takes long to answer; it delays whoever takes a lock.',
    });
    if (props.contentionThreshold === undefined) return;
    this.alarm('Contention', table.metricContention(), {
      threshold: props.contentionThreshold,
      evaluationPeriods: 3,
      alarmDescription: 'Locks are wanted while they are held, more often than expected.',
    });
  }

  private alarm(id: string, metric: IMetric, props: Omit<AlarmProps, 'metric'>): void {
    this.alarms.push(
      new MetricAlarm(this, id, {
        metric,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        // Most of these metrics have no data points while there is nothing to report.
        treatMissingData: TreatMissingData.NOT_BREACHING,
        ...props,
      }),
    );
  }

  private makeDashboard({ table, dashboardName }: LynkLockMonitoringProps): Dashboard {
    const graph = (title: string, left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 8 });
    const latencies = OPERATIONS.map((operation) => table.metricLatency({ operation, label: operation }));
    return new Dashboard(this, 'Dashboard', {
      ...(dashboardName !== undefined && { dashboardName }),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: this.alarms, width: 24 })],
        [
          graph('Lost, taken over, unavailable', [
            table.metricLockLost(),
            table.metricLockTakenOver(),
            table.metricLockUnavailable(),
          ]),
          graph('Contention', [table.metricContention()]),
          graph('Seconds waited and held', [table.metricLockWaitTime(), table.metricLockHeldTime()]),
        ],
        [
          graph('DynamoDB: latency in ms', latencies),
          graph('DynamoDB: throttled', [table.metricThrottled()]),
          graph('DynamoDB: system errors', [table.metricSystemErrors()]),
        ],
      ],
    });
  }

  private refuseWrong(props: LynkLockMonitoringProps): void {
    refuseUnknown(this, props, KNOWN, 'LynkLockMonitoring');
    const { lockLostThreshold, throttledThreshold, systemErrorsThreshold, contentionThreshold } = props;
    const thresholds = { lockLostThreshold, throttledThreshold, systemErrorsThreshold, contentionThreshold };
    for (const [name, threshold] of Object.entries(thresholds)) {
      if (threshold === undefined || Token.isUnresolved(threshold) || threshold > 0) continue;
      throw refusal(this, `\`${name}\` is a number of events, more than 0, got ${shown(threshold)}`);
    }
    if (props.dashboard === false && props.dashboardName !== undefined) {
      throw refusal(this, `\`dashboardName\` is ${shown(props.dashboardName)}, but \`dashboard\` is false`);
    }
  }
}
