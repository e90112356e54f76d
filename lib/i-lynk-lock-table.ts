import type { IResource } from 'aws-cdk-lib';
import type { IMetric, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IChainable, StateMachineFragment } from 'aws-cdk-lib/aws-stepfunctions';
import type { aws_dynamodb as dynamodb } from 'aws-cdk-lib/interfaces';
import type { ILynkEndedExecutions, LynkEndedExecutionsOptions } from './i-lynk-ended-executions.js';
import type { LynkGrantOptions, LynkLockGrants } from './lock-grants.js';
import type { LynkLatencyMetricOptions } from './lock-metrics.js';
import type { LynkConnectOptions } from './lynk-connect-options.js';
import type { LynkProtectOptions } from './lynk-lock-states-options.js';

/** A table of locks: one of this app, or an imported one. */
export interface ILynkLockTable extends IResource, dynamodb.ITableRef {
  /**
   * The table's name.
   *
   * @attribute
   */
  readonly tableName: string;

  /**
   * The table's ARN.
   *
   * @attribute
   */
  readonly tableArn: string;

  /**
   * The customer managed key that encrypts the table.
   *
   * @default - none that grantees need permissions on
   */
  readonly encryptionKey?: IKey;

  /**
   * The other Regions that the table is replicated to. Functions and state machines there lock in their own
   * Region's replica.
   */
  readonly replicaRegions: string[];

  /** Permissions on this table. */
  readonly grants: LynkLockGrants;

  /**
   * Lets the grantee take, refresh and release locks, no more. It changes no environment: `connect` does.
   *
   * @param grantee Who is granted to.
   * @param options What is limited, or differs from the defaults.
   * @throws ValidationError if `names` is empty, or one of them is no lock's name
   * @example
   * import type { IGrantable } from 'aws-cdk-lib/aws-iam';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const worker: IGrantable;
   *
   * locks.grantLock(worker, { names: ['account/*'] });
   */
  grantLock(grantee: IGrantable, options?: LynkGrantOptions): Grant;

  /**
   * Lets the grantee see who holds a lock and, unless limited to `names`, list all locks.
   *
   * @param grantee Who is granted to.
   * @param options What is limited, or differs from the defaults.
   * @throws ValidationError if `names` is empty, or one of them is no lock's name
   * @example
   * import type { IGrantable } from 'aws-cdk-lib/aws-iam';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const dashboard: IGrantable;
   *
   * locks.grantInspect(dashboard);
   */
  grantInspect(grantee: IGrantable, options?: LynkGrantOptions): Grant;

  /**
   * Lets the grantee break a lock that another holds.
   *
   * @param grantee Who is granted to.
   * @param options What is limited, or differs from the defaults.
   * @throws ValidationError if `names` is empty, or one of them is no lock's name
   * @example
   * import type { IGrantable } from 'aws-cdk-lib/aws-iam';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const onCall: IGrantable;
   *
   * locks.grantInspect(onCall);
   * locks.grantBreak(onCall);
   */
  grantBreak(grantee: IGrantable, options?: LynkGrantOptions): Grant;

  /**
   * Gives a function everything that it needs to lock: the permission, and in its environment the table's name and the
   * client's defaults, which `withLock` reads. If the table belongs to another account, its ARN takes the place of its
   * name. In another Region, the function uses the replica there. Client defaults that are given here win over those
   * of the table. Takes a `Function`, a `SingletonFunction` and anything else with an `addEnvironment`. Versions,
   * aliases and imported functions get the permission and a warning, as their environment cannot be changed. Warns
   * also if the lease outlives the function.
   *
   * @param fn A `Function`, a `SingletonFunction`, or anything else with an `addEnvironment`.
   * @param options What is limited, or differs from the defaults.
   * @throws ValidationError if `names` is empty, or one of them is no lock's name; if a duration is out of its range;
   * if `variablePrefix` cannot begin a variable's name; if the function was connected before with another table, or
   * with other defaults, under the same prefix; if one of the variables was set by hand to another value; if the
   * function is in a Region without the table; and if `fn` is no function
   * @example
   * import { Duration } from 'aws-cdk-lib';
   * import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const reports: ILynkLockTable;
   * declare const billing: LambdaFunction;
   *
   * locks.connect(billing, { names: ['account/*'], leaseDuration: Duration.seconds(20) });
   * // A second table, which the function finds in REPORTS_TABLE_NAME.
   * reports.connect(billing, { variablePrefix: 'REPORTS' });
   */
  connect(fn: IGrantable, options?: LynkConnectOptions): Grant;

  /**
   * Wraps steps of a state machine. They run while the execution holds a lock. The lock is released when they are done
   * or have failed; their error stays their own. Every task among them needs a `taskTimeout`, as the lease has to
   * outlast them. No Lambda function is involved.
   *
   * @param steps A state, or a chain of them.
   * @param options What is limited, or differs from the defaults.
   * @throws ValidationError if `name` or one of `names` is no lock's name; if a duration is out of its range; if the
   * table is not in the Region of the steps; and, when the state machine is made, if it is unknown how long the steps
   * take at worst
   * @example
   * import type { Stack } from 'aws-cdk-lib';
   * import { DefinitionBody, StateMachine, type TaskStateBase } from 'aws-cdk-lib/aws-stepfunctions';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const stack: Stack;
   * declare const locks: ILynkLockTable;
   * declare const charge: TaskStateBase; // with a `taskTimeout`
   *
   * const steps = locks.protect(charge, { name: 'ledger' });
   * new StateMachine(stack, 'Billing', { definitionBody: DefinitionBody.fromChainable(steps) });
   */
  protect(steps: IChainable, options: LynkProtectOptions): StateMachineFragment;

  /**
   * Gives back what executions held that have ended without a clean-up, within seconds and not only when the lease is
   * over: executions of a state machine that failed, timed out or were stopped, or executions of a durable function. An
   * EventBridge rule tells a small function, one for each table and stack, which deletes the entries of exactly these
   * executions. It scans the table for them.
   *
   * Stopping an execution does not stop the Lambda function that its current step is in: others may get the lock while
   * that one still runs. Give it `after`, or guard what it writes.
   *
   * @param target A standard state machine whose steps hold locks of this table, or a function with a `durableConfig`.
   * @param options What differs from the defaults.
   * @throws ValidationError if `target` is neither, is an express state machine, or is imported from another account or
   * Region; if `after` is out of its range, or another one for the same `target`; and, at synth, if the function has no
   * `durableConfig`
   * @example
   * import { Duration } from 'aws-cdk-lib';
   * import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const billing: IStateMachine; // with steps that `protect` wraps
   *
   * locks.releaseEndedExecutions(billing, { after: Duration.seconds(30) });
   */
  releaseEndedExecutions(target: IResource, options?: LynkEndedExecutionsOptions): ILynkEndedExecutions;

  /**
   * Lets the grantee do these actions on the table and its replicas, and use their key: for what no other grant
   * gives, such as `dynamodb:DescribeTable` or, for Python's lynk, `dynamodb:PutItem`.
   *
   * @param grantee Who is granted to.
   * @param actions Actions of IAM, with their prefix.
   * @throws ValidationError if an action is none of DynamoDB's
   * @example
   * import type { IGrantable } from 'aws-cdk-lib/aws-iam';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const python: IGrantable;
   *
   * locks.grantLock(python);
   * locks.grant(python, 'dynamodb:PutItem');
   */
  grant(grantee: IGrantable, ...actions: string[]): Grant;

  /**
   * A metric of DynamoDB's for this table, by its name.
   *
   * @param metricName Its name in the namespace `AWS/DynamoDB`, such as `SuccessfulRequestLatency`.
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - average over 5 minutes
   */
  metric(metricName: string, props?: MetricOptions): Metric;

  /**
   * Read units that requests for locks took: mostly polls of waiters.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - sum over 5 minutes
   */
  metricConsumedReadCapacityUnits(props?: MetricOptions): Metric;

  /**
   * Write units that requests for locks took: to take, refresh and release them, and writes whose condition failed.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   * @default - sum over 5 minutes
   */
  metricConsumedWriteCapacityUnits(props?: MetricOptions): Metric;

  /**
   * Conditions that were not met: somebody wanted a lock that was held.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   */
  metricContention(props?: MetricOptions): Metric;

  /**
   * Requests that DynamoDB throttled, of the operations in use.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   */
  metricThrottled(props?: MetricOptions): IMetric;

  /**
   * Requests that failed within DynamoDB, of the operations in use.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   */
  metricSystemErrors(props?: MetricOptions): IMetric;

  /**
   * How long DynamoDB takes to answer, in milliseconds.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   */
  metricLatency(props?: LynkLatencyMetricOptions): Metric;

  /**
   * Locks that were taken, as the client reports.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   */
  metricLockAcquired(props?: MetricOptions): Metric;

  /**
   * Locks that were asked for and not granted in time, since another held them, as the client reports.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   */
  metricLockNotGranted(props?: MetricOptions): Metric;

  /**
   * Locks that were asked for while DynamoDB could not be reached, or refused the request, as the client reports.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   */
  metricLockUnavailable(props?: MetricOptions): Metric;

  /**
   * Locks that were lost while the work under them went on, as the client reports.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   */
  metricLockLost(props?: MetricOptions): Metric;

  /**
   * Locks that were taken over from holders that died, as the client reports.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   */
  metricLockTakenOver(props?: MetricOptions): Metric;

  /**
   * How long locks were waited for, in seconds, as the client reports.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   */
  metricLockWaitTime(props?: MetricOptions): Metric;

  /**
   * How long locks were held, in seconds, as the client reports.
   *
   * @param props Statistic, period and whatever else belongs to a metric.
   */
  metricLockHeldTime(props?: MetricOptions): Metric;
}
