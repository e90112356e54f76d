import { type IResource, Stack, Token } from 'aws-cdk-lib';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IChainable, State, StateMachineFragment } from 'aws-cdk-lib/aws-stepfunctions';
import type { aws_dynamodb as dynamodb } from 'aws-cdk-lib/interfaces';
import type { IConstruct } from 'constructs';
import { clientDefaultsOf, KNOWN_DEFAULTS, type LynkClientDefaults } from './client-defaults.js';
import { tellFunction, warnOfLongLease } from './connection.js';
import { EndedExecutions } from './ended-executions.js';
import { environmentOf } from './environment.js';
import { endsOf } from './execution-ends.js';
import type { ILynkEndedExecutions, LynkEndedExecutionsOptions } from './i-lynk-ended-executions.js';
import type { ILynkLockTable } from './i-lynk-lock-table.js';
import { type Known, refuseUnknown } from './known-props.js';
import type { LynkGrantOptions, LynkLockGrants } from './lock-grants.js';
import { LynkLockMetrics } from './lock-metrics.js';
import type { LynkConnectOptions } from './lynk-connect-options.js';
import { LynkLockStates } from './lynk-lock-states.js';
import { KNOWN_STATES_OPTIONS, type LynkProtectOptions } from './lynk-lock-states-options.js';
import { isTooLongForStates } from './state-names.js';

const KNOWN_CONNECT: Known<LynkConnectOptions> = { names: true, variablePrefix: true, ...KNOWN_DEFAULTS };
const KNOWN_PROTECT: Known<LynkProtectOptions> = { id: true, ...KNOWN_STATES_OPTIONS };

/** The base class of all lock tables, created by this app or imported. */
export abstract class LynkLockTableBase extends LynkLockMetrics implements ILynkLockTable {
  /**
   * The table's name.
   *
   * @attribute
   */
  abstract override readonly tableName: string;

  /**
   * The table's ARN.
   *
   * @attribute
   */
  abstract readonly tableArn: string;

  /**
   * The customer managed key that encrypts the table.
   *
   * @default - none: grantees need no permissions on a key
   */
  abstract readonly encryptionKey?: IKey;

  /**
   * The other Regions that have a replica of the table. Functions and state machines in these Regions use the replica
   * in their own Region.
   */
  abstract readonly replicaRegions: string[];

  /** Grants permissions on this table. */
  abstract readonly grants: LynkLockGrants;

  /** The client defaults of connected functions. `connect` can override them. */
  protected abstract readonly clientDefaults: LynkClientDefaults;

  /** The reference by which constructs of `aws-cdk-lib` use the table. */
  get tableRef(): dynamodb.TableReference {
    return { tableName: this.tableName, tableArn: this.tableArn };
  }

  /**
   * Lets the grantee acquire, refresh and release locks. It does not change a function's environment; `connect` does.
   *
   * @param grantee The principal that gets the permissions, such as a Lambda function.
   * @param options Limits the permissions to some locks.
   * @throws ValidationError if `names` is empty or contains an invalid lock name
   * @example
   * import type { IGrantable } from 'aws-cdk-lib/aws-iam';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const worker: IGrantable;
   *
   * locks.grantLock(worker, { names: ['account/*'] });
   */
  grantLock(grantee: IGrantable, options: LynkGrantOptions = {}): Grant {
    return this.grants.holdLocks(grantee, options);
  }

  /**
   * Lets the grantee see who holds a lock. Without `names`, the grantee can also list all locks.
   *
   * @param grantee The principal that gets the permissions, such as a Lambda function.
   * @param options Limits the permissions to some locks.
   * @throws ValidationError if `names` is empty or contains an invalid lock name
   * @example
   * import type { IGrantable } from 'aws-cdk-lib/aws-iam';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const dashboard: IGrantable;
   *
   * locks.grantInspect(dashboard);
   */
  grantInspect(grantee: IGrantable, options: LynkGrantOptions = {}): Grant {
    return this.grants.inspectLocks(grantee, options);
  }

  /**
   * Lets the grantee break a lock that another process holds.
   *
   * @param grantee The principal that gets the permissions, such as a Lambda function.
   * @param options Limits the permissions to some locks.
   * @throws ValidationError if `names` is empty or contains an invalid lock name
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
  grantBreak(grantee: IGrantable, options: LynkGrantOptions = {}): Grant {
    return this.grants.breakLocks(grantee, options);
  }

  /**
   * Lets the grantee do these actions on the table and its replicas, and use their encryption keys. Use it for actions
   * that no other grant covers, such as `dynamodb:DescribeTable`, or `dynamodb:PutItem` for Python's `lynk`.
   *
   * @param grantee The principal that gets the permissions, such as a Lambda function.
   * @param actions IAM actions of DynamoDB, with their prefix. At least one is required.
   * @throws ValidationError if an action is not one of DynamoDB's, or if none is given
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
  grant(grantee: IGrantable, ...actions: string[]): Grant {
    return this.grants.actions(grantee, ...actions);
  }

  /**
   * Gives a function everything that it needs to use locks. The function gets the permissions. Its environment gets the
   * table's name and the client's defaults, which `withLock` reads. If the table belongs to another account, the
   * environment gets the table's ARN instead of its name. A function in another Region uses the replica there. Client
   * defaults that are given here override those of the table.
   *
   * Versions, aliases and imported functions get only the permissions and a warning, because their environment cannot
   * be changed. There is also a warning if the lease is longer than the function's timeout.
   *
   * @param fn A `Function`, a `SingletonFunction`, or any other grantable with an `addEnvironment` method.
   * @param options Limits the permissions to some locks, and overrides the table's client defaults.
   * @throws ValidationError if `names` is empty or contains an invalid lock name; if a duration is out of range; if
   * `variablePrefix` is not a valid prefix of a variable's name; if the function is already connected with another
   * table or other defaults under the same prefix; if one of the variables already has another value in the function's
   * environment; if the table is neither in the function's Region nor replicated to it; if `fn` is not a function
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
  connect(fn: IGrantable, options: LynkConnectOptions = {}): Grant {
    refuseUnknown(this, options, KNOWN_CONNECT, 'connect');
    const connected = { ...options, ...this.clientDefaults, ...clientDefaultsOf(options) };
    const environment = environmentOf(this, fn);
    if (environment) {
      tellFunction(environment, this, connected);
      warnOfLongLease(environment, connected);
    }
    return this.grants.holdLocks(fn, options.names === undefined ? {} : { names: options.names });
  }

  /**
   * Wraps steps of a state machine, so that they run while the execution holds a lock. The lock is released when the
   * steps succeed or fail. Their error is passed on unchanged. Every task needs a `taskTimeout`, because the lease has
   * to be longer than the steps can take. No Lambda function is involved.
   *
   * @param steps A state, or a chain of states.
   * @param options The lock, and how long to hold it and to wait for it.
   * @throws ValidationError if `name` or an item of `names` is not a valid lock name; if a duration is out of range; if
   * the table is neither in the Region of the steps nor replicated to it; when the state machine is created, if it is
   * unknown how long the steps can take
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
  protect(steps: IChainable, options: LynkProtectOptions): StateMachineFragment {
    const scope = steps.startState.node.scope ?? this;
    refuseUnknown(this, options, KNOWN_PROTECT, 'protect');
    const { id = lockIdIn(scope, steps.startState), ...rest } = options;
    return new LynkLockStates(scope, id, { ...rest, table: this }).protect(steps);
  }

  /**
   * Releases the locks of executions that ended without releasing them. This takes seconds; otherwise, the locks stay
   * held until their leases end. It applies to executions of a state machine or a durable function that failed, timed
   * out or were stopped. An EventBridge rule notifies a small function through a queue. There is one such function for
   * each table and stack. It scans the table and deletes the entries of exactly these executions.
   *
   * Stopping an execution does not stop the Lambda function that runs its current step. Another process may get the
   * lock while that function still runs. Set `after`, or protect the function's writes with fencing tokens or
   * conditional writes.
   *
   * @param target A standard state machine whose steps hold locks of this table, or a function with a `durableConfig`.
   * @param options When the locks are released.
   * @throws ValidationError if `target` is neither of these, is an express state machine, or is imported from another
   * account or Region; if `after` is out of range, or differs from an earlier call for the same `target`; at synth, if
   * the function has no `durableConfig`
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
  releaseEndedExecutions(target: IResource, options: LynkEndedExecutionsOptions = {}): ILynkEndedExecutions {
    const ends = endsOf(this, target);
    return EndedExecutions.of(Stack.of(target), this).watch(ends, options);
  }
}

/**
 * The lock's id. It comes from the step's name, or from the step's construct id if the name is too long or already
 * used.
 */
function lockIdIn({ node }: IConstruct, { id, stateId }: State): string {
  const named = `${stateId} lock`;
  const isUnfit = Token.isUnresolved(named) || isTooLongForStates(named) || node.tryFindChild(named);
  return isUnfit ? `${id} lock` : named;
}
