import { createHash } from 'node:crypto';
import { Duration, Resource, Token } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Operation } from 'aws-cdk-lib/aws-dynamodb';
import { METRICS } from '../runtime/protocol/wire.js';
import { type Known, refuseUnknown } from './known-props.js';
import { isOther } from './places.js';

/** Which requests' latency a metric shows, and how. */
export interface LynkLatencyMetricOptions extends MetricOptions {
  /**
   * The operation: `UPDATE_ITEM` takes and refreshes locks, `GET_ITEM` waits for them, `DELETE_ITEM` releases them.
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

/** The requests of the client. CloudWatch takes at most ten metrics in the expression of an alarm. */
export const OPERATIONS: readonly Operation[] = [Operation.UPDATE_ITEM, Operation.GET_ITEM, Operation.DELETE_ITEM];

/** The metrics of a lock table, own or imported. */
export abstract class LynkLockMetrics extends Resource {
  /** The table's name. */
  abstract readonly tableName: string;

  /**
   * A metric of DynamoDB's for this table, by its name.
   *
   * @param metricName Its name in the namespace `AWS/DynamoDB`, such as `SuccessfulRequestLatency`.
   * @param props Statistic, period and whatever else belongs to a metric.
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
   * Read units that requests for locks took: mostly polls of waiters.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - sum over 5 minutes
   */
  metricConsumedReadCapacityUnits(props: MetricOptions = {}): Metric {
    return this.metric('ConsumedReadCapacityUnits', { statistic: Stats.SUM, ...props });
  }

  /**
   * Write units that requests for locks took: to take, refresh and release them, and writes whose condition failed.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - sum over 5 minutes
   */
  metricConsumedWriteCapacityUnits(props: MetricOptions = {}): Metric {
    return this.metric('ConsumedWriteCapacityUnits', { statistic: Stats.SUM, ...props });
  }

  /**
   * Conditions that were not met: somebody wanted a lock that was held. Some of that is what locks are for.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - sum over 5 minutes
   */
  metricContention(props: MetricOptions = {}): Metric {
    return this.tableMetric('ConditionalCheckFailedRequests', { statistic: Stats.SUM, ...props });
  }

  /**
   * Requests that DynamoDB throttled, of the operations in use. The client tries again, as long as leases last.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - sum over 5 minutes
   */
  metricThrottled(props: MetricOptions = {}): IMetric {
    return this.sumOfOperations('ThrottledRequests', 'Throttled requests', props);
  }

  /**
   * Requests that failed within DynamoDB, of the operations in use.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - sum over 5 minutes
   */
  metricSystemErrors(props: MetricOptions = {}): IMetric {
    return this.sumOfOperations('SystemErrors', 'System errors', props);
  }

  /**
   * How long DynamoDB takes to answer, in milliseconds.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
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
   * Locks that were taken. The client's own metric, not DynamoDB's.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - sum over 5 minutes
   */
  metricLockAcquired(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockAcquired, { statistic: Stats.SUM, ...props });
  }

  /**
   * Locks that were asked for and not granted in time, since another held them. The client's own metric, not DynamoDB's.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - sum over 5 minutes
   */
  metricLockNotGranted(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockNotGranted, { statistic: Stats.SUM, ...props });
  }

  /**
   * Locks that were asked for while DynamoDB could not be reached, or refused the request: an outage, or a missing
   * permission. The client's own metric, not DynamoDB's.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - sum over 5 minutes
   */
  metricLockUnavailable(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockUnavailable, { statistic: Stats.SUM, ...props });
  }

  /**
   * Locks that were lost while the work under them went on. The client's own metric, not DynamoDB's.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
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
   * Locks that were taken over from holders that died. The client's own metric, not DynamoDB's.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - sum over 5 minutes
   */
  metricLockTakenOver(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockTakenOver, { statistic: Stats.SUM, ...props });
  }

  /**
   * How long locks were waited for, in seconds. The client's own metric, not DynamoDB's.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - average over 5 minutes
   */
  metricLockWaitTime(props: MetricOptions = {}): Metric {
    return this.clientMetric(METRICS.lockWaitTime, props);
  }

  /**
   * How long locks were held, in seconds. The client's own metric, not DynamoDB's.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
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
   * Most of the time there is nothing to report of an operation, and a sum with one part missing would be
   * missing as a whole: FILL makes that part 0.
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

  /** Of a table that is imported from elsewhere, DynamoDB's metrics are there, and those of its clients are not. */
  private whereElse(): Pick<MetricOptions, 'account' | 'region'> {
    const { account, region } = this.env;
    return {
      ...(isOther(account, this.stack.account) && { account }),
      ...(isOther(region, this.stack.region) && { region }),
    };
  }

  /** In one graph or expression, an id stands for one metric. Tokens are left out: they differ in each synth. */
  private suffixOf(metricName: string, { period, statistic, account, region }: MetricOptions): string {
    const known = [account, region].map((part) => (Token.isUnresolved(part) ? undefined : part));
    const parts = JSON.stringify([this.node.addr, metricName, period?.toSeconds(), statistic, ...known]);
    return createHash('sha256').update(parts).digest('hex').slice(0, 8);
  }
}
