import { createHash } from 'node:crypto';
import { Duration, Resource, Token } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Operation } from 'aws-cdk-lib/aws-dynamodb';
import { METRICS } from '../runtime/protocol/wire.js';
import { type Known, refuseUnknown } from './known-props.js';
import { isOther } from './places.js';

/** Options of a latency metric. */
export interface LynkLatencyMetricOptions extends MetricOptions {
  /**
   * The operation to measure. `UPDATE_ITEM` acquires and refreshes locks, `GET_ITEM` polls them, and `DELETE_ITEM`
   * releases them.
   *
   * @default Operation.UPDATE_ITEM
   */
  readonly operation?: Operation;
}

const KNOWN: Known<MetricOptions> = {
  period: true,
  statistic: true,
  dimensionsMap: true,
  unit: true,
  label: true,
  color: true,
  id: true,
  visible: true,
  account: true,
  region: true,
  stackAccount: true,
  stackRegion: true,
};
const KNOWN_LATENCY: Known<LynkLatencyMetricOptions> = { operation: true, ...KNOWN };

/** The operations that the client uses. CloudWatch allows at most ten metrics in the expression of an alarm. */
export const OPERATIONS: readonly Operation[] = [Operation.UPDATE_ITEM, Operation.GET_ITEM, Operation.DELETE_ITEM];

/** The metrics of a lock table, created by this app or imported. */
export abstract class LynkLockMetrics extends Resource {
  /** The table's name. */
  abstract readonly tableName: string;

  /**
   * A DynamoDB metric of this table, by its name.
   *
   * @param metricName The metric's name in the namespace `AWS/DynamoDB`, such as `SuccessfulRequestLatency`.
   * @param props The statistic, the period and other options of the metric.
   * @default - average over 5 minutes
   * @example
   * import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   *
   * locks.metric('ReturnedItemCount', { statistic: Stats.SUM });
   */
  metric(metricName: string, props: MetricOptions = {}): Metric {
    return this.tableMetric(metricName, props);
  }

  /**
   * The read units that requests for locks consumed. Most of them are polls of waiting processes.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - sum over 5 minutes
   */
  metricConsumedReadCapacityUnits(props: MetricOptions = {}): Metric {
    return this.metric('ConsumedReadCapacityUnits', { statistic: Stats.SUM, ...props });
  }

  /**
   * The write units that requests for locks consumed: to acquire, refresh and release them, and for writes whose
   * condition failed.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - sum over 5 minutes
   */
  metricConsumedWriteCapacityUnits(props: MetricOptions = {}): Metric {
    return this.metric('ConsumedWriteCapacityUnits', { statistic: Stats.SUM, ...props });
  }

  /**
   * The number of conditions that failed because a process wanted a lock that another process held. Some contention is
   * normal.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - sum over 5 minutes
   */
  metricContention(props: MetricOptions = {}): Metric {
    return this.tableMetric('ConditionalCheckFailedRequests', { statistic: Stats.SUM, ...props });
  }

  /**
   * The number of requests that DynamoDB throttled, for the operations that the client uses. The client retries them
   * while leases last.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - sum over 5 minutes
   */
  metricThrottled(props: MetricOptions = {}): IMetric {
    return this.sumOfOperations('ThrottledRequests', 'Throttled requests', props);
  }

  /**
   * The number of requests that failed inside DynamoDB, for the operations that the client uses.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - sum over 5 minutes
   */
  metricSystemErrors(props: MetricOptions = {}): IMetric {
    return this.sumOfOperations('SystemErrors', 'System errors', props);
  }

  /**
   * How long DynamoDB takes to answer, in milliseconds.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - average over 5 minutes
   * @example
   * import { Operation } from 'aws-cdk-lib/aws-dynamodb';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   *
   * locks.metricLatency({ operation: Operation.GET_ITEM, statistic: 'p99' });
   */
  metricLatency(props: LynkLatencyMetricOptions = {}): Metric {
    refuseUnknown(this, props, KNOWN_LATENCY, 'metricLatency');
    const { operation = Operation.UPDATE_ITEM, ...options } = props;
    return this.operationMetric('SuccessfulRequestLatency', operation, options);
  }

  /**
   * The number of locks that were acquired. The client reports this metric, not DynamoDB.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - sum over 5 minutes
   */
  metricLockAcquired(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockAcquired, { statistic: Stats.SUM, ...props });
  }

  /**
   * The number of locks that were not granted in time, because another process held them. The client reports this
   * metric, not DynamoDB.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - sum over 5 minutes
   */
  metricLockNotGranted(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockNotGranted, { statistic: Stats.SUM, ...props });
  }

  /**
   * The number of lock requests that failed because DynamoDB could not be reached or rejected them. The causes are an
   * outage or a missing permission. The client reports this metric, not DynamoDB.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - sum over 5 minutes
   */
  metricLockUnavailable(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockUnavailable, { statistic: Stats.SUM, ...props });
  }

  /**
   * The number of locks that were lost while the work under them went on. The client reports this metric, not DynamoDB.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - sum over 5 minutes
   * @example
   * import type { Stack } from 'aws-cdk-lib';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const stack: Stack;
   * declare const locks: ILynkLockTable;
   *
   * locks.metricLockLost().createAlarm(stack, 'Lost', { threshold: 1, evaluationPeriods: 1 });
   */
  metricLockLost(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockLost, { statistic: Stats.SUM, ...props });
  }

  /**
   * The number of locks that were taken over from dead holders. The client reports this metric, not DynamoDB.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - sum over 5 minutes
   */
  metricLockTakenOver(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockTakenOver, { statistic: Stats.SUM, ...props });
  }

  /**
   * How long processes waited for locks, in seconds. The client reports this metric, not DynamoDB.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - average over 5 minutes
   */
  metricLockWaitTime(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockWaitTime, props);
  }

  /**
   * How long locks were held, in seconds. The client reports this metric, not DynamoDB.
   *
   * @param props The statistic, the period and other options of the metric.
   * @default - average over 5 minutes
   */
  metricLockHeldTime(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockHeldTime, props);
  }

  private clientMetric(metricName: string, options: MetricOptions): Metric {
    refuseUnknown(this, options, KNOWN, 'a metric');
    const dimensionsMap = { [METRICS.dimension]: this.tableName };
    return new Metric({ namespace: METRICS.namespace, metricName, dimensionsMap, ...options }).attachTo(this);
  }

  private tableMetric(metricName: string, options: MetricOptions): Metric {
    refuseUnknown(this, options, KNOWN, 'a metric');
    const dimensionsMap = { TableName: this.tableName };
    const where = this.whereElse();
    return new Metric({ namespace: 'AWS/DynamoDB', metricName, dimensionsMap, ...where, ...options }).attachTo(this);
  }

  private operationMetric(metricName: string, operation: Operation, options: MetricOptions): Metric {
    const dimensionsMap = { TableName: this.tableName, Operation: operation };
    return this.tableMetric(metricName, { dimensionsMap, ...options });
  }

  /**
   * Sums a metric over the client's operations. Most of the time, an operation has no data points, and a sum with a
   * missing part is missing as a whole. FILL sets the missing part to 0.
   */
  private sumOfOperations(metricName: string, label: string, props: MetricOptions): IMetric {
    const usingMetrics: Record<string, IMetric> = {};
    const suffix = this.suffixOf(metricName, props);
    for (const operation of OPERATIONS) {
      const id = `${operation.charAt(0).toLowerCase()}${operation.slice(1)}_${suffix}`;
      usingMetrics[id] = this.operationMetric(metricName, operation, { statistic: Stats.SUM, ...props });
    }
    const expression = Object.keys(usingMetrics).map((id) => `FILL(${id}, 0)`);
    return new MathExpression({
      expression: expression.join(' + '),
      usingMetrics,
      label: props.label ?? label,
      period: props.period ?? Duration.minutes(5),
      ...(props.color !== undefined && { color: props.color }),
    });
  }

  /**
   * The account and Region of a table that is imported from elsewhere. DynamoDB's metrics are there; those of its
   * clients are not.
   */
  private whereElse(): Pick<MetricOptions, 'account' | 'region'> {
    const { account, region } = this.env;
    return {
      ...(isOther(account, this.stack.account) && { account }),
      ...(isOther(region, this.stack.region) && { region }),
    };
  }

  /**
   * A suffix for the id of a metric, which has to be unique in a graph or an expression. Tokens are left out, because
   * they differ in each synth.
   */
  private suffixOf(metricName: string, { period, statistic, account, region }: MetricOptions): string {
    const known = [account, region].map((part) => (Token.isUnresolved(part) ? undefined : part));
    const parts = JSON.stringify([this.node.addr, metricName, period?.toSeconds(), statistic, ...known]);
    return createHash('sha256').update(parts).digest('hex').slice(0, 8);
  }
}
