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

/** What own and imported tables have in common. */
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
   * @default - none that grantees need permissions on
   */
  abstract readonly encryptionKey?: IKey;

  /**
   * The other Regions that the table is replicated to. Functions and state machines there lock in their own
   * Region's replica.
   */
  abstract readonly replicaRegions: string[];

  /** Permissions on this table. */
  abstract readonly grants: LynkLockGrants;

  /** The client defaults of functions that are connected with this table, if `connect` gives no others. */
  protected abstract readonly clientDefaults: LynkClientDefaults;

  /** How constructs of `aws-cdk-lib` refer to the table. */
  get tableRef(): dynamodb.TableReference {
    return { tableName: this.tableName, tableArn: this.tableArn };
  }

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
  grantLock(grantee: IGrantable, options: LynkGrantOptions = {}): Grant {
    return this.grants.holdLocks(grantee, options);
  }

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
  grantInspect(grantee: IGrantable, options: LynkGrantOptions = {}): Grant {
    return this.grants.inspectLocks(grantee, options);
  }

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
  grantBreak(grantee: IGrantable, options: LynkGrantOptions = {}): Grant {
    return this.grants.breakLocks(grantee, options);
  }

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
  grant(grantee: IGrantable, ...actions: string[]): Grant {
    return this.grants.actions(grantee, ...actions);
  }

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
  protect(steps: IChainable, options: LynkProtectOptions): StateMachineFragment {
    const scope = steps.startState.node.scope ?? this;
    refuseUnknown(this, options, KNOWN_PROTECT, 'protect');
    const { id = lockIdIn(scope, steps.startState), ...rest } = options;
    return new LynkLockStates(scope, id, { ...rest, table: this }).protect(steps);
  }

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
  releaseEndedExecutions(target: IResource, options: LynkEndedExecutionsOptions = {}): ILynkEndedExecutions {
    const ends = endsOf(this, target);
    return EndedExecutions.of(Stack.of(target), this).watch(ends, options);
  }
}

/** By the step's name; where that is too long, or another state machine's lock is called so already, by its id. */
function lockIdIn({ node }: IConstruct, { id, stateId }: State): string {
  const named = `${stateId} lock`;
  const isUnfit = Token.isUnresolved(named) || isTooLongForStates(named) || node.tryFindChild(named);
  return isUnfit ? `${id} lock` : named;
}
