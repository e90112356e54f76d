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
  /** The table whose locks are watched. */
  readonly table: ILynkLockTable;

  /**
   * What an alarm does, such as telling an SNS topic. Let a topic call a function: of `LambdaAction`s for one function
   * aws-cdk-lib takes no two whose alarms are called alike, and those of each monitoring are.
   *
   * @default - nothing: an alarm is only seen in CloudWatch
   */
  readonly alarmActions?: IAlarmAction[];

  /**
   * Locks lost within 5 minutes from which there is an alarm: work went on without its lock. It is the client's own
   * metric, not DynamoDB's.
   *
   * @default 1
   */
  readonly lockLostThreshold?: number;

  /**
   * Requests throttled within a minute, in two minutes of three, from which there is an alarm.
   *
   * @default 1
   */
  readonly throttledThreshold?: number;

  /**
   * Requests failed within DynamoDB in a minute, in three minutes of five, from which there is an alarm.
   *
   * @default 1
   */
  readonly systemErrorsThreshold?: number;

  /**
   * The average latency of the requests that take and refresh locks above which, for five minutes, there is an
   * alarm. In a table with replicas each of them waits for another Region.
   *
   * @default Duration.millis(100)
   */
  readonly latencyThreshold?: Duration;

  /**
   * Conditions not met within 5 minutes, three times in a row, from which there is an alarm.
   *
   * @default - no alarm: what is too much contention, only the locks' users know
   */
  readonly contentionThreshold?: number;

  /**
   * Whether there is a dashboard.
   *
   * @default true
   */
  readonly dashboard?: boolean;

  /**
   * The dashboard's name.
   *
   * @default - CloudFormation makes one up
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
 * What people watch of their locks: alarms, and a dashboard. There are alarms of lost locks, of throttled and failed
 * requests and of their latency; `contentionThreshold` adds one of contention.
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

  /** Every alarm, to add further actions to. */
  readonly alarms: Alarm[] = [];
  /**
   * The dashboard.
   *
   * @default - none, if `dashboard` is false
   */
  readonly dashboard?: Dashboard;

  /**
   * @param scope Where in the tree it is put.
   * @param id The id of the construct.
   * @param props Whose locks are watched, and from where on there is an alarm.
   * @throws ValidationError if a threshold of events is not more than 0, and if there is a `dashboardName` but
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
        // Most of these metrics are reported only when there is something to report.
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
