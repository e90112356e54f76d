import { Token } from 'aws-cdk-lib';
import { Grant, type IGrantable, type IResourceWithPolicyV2, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { aws_dynamodb as dynamodb } from 'aws-cdk-lib/interfaces';
import { type Known, refuseUnknown } from './known-props.js';
import { type Conditions, onlyNames } from './lock-names.js';
import {
  BREAK_PERMISSIONS,
  GUARD_ACTION,
  INSPECT_PERMISSIONS,
  KEY_READ_ACTIONS,
  KEY_WRITE_ACTIONS,
  LIST_PERMISSIONS,
  LOCK_PERMISSIONS,
  type Permission,
} from './permissions.js';
import { refusal, shown } from './refusal.js';

/** Options for granting permissions on locks. */
export interface LynkGrantOptions {
  /**
   * The names of the locks, or patterns such as `account/*`. In a pattern, `*` stands for any text and `?` for any
   * character. The entries of a semaphore are named `name#0`, `name#1` and so on. For the semaphore `api`, grant
   * `api#*`.
   *
   * @default - every lock of the table
   */
  readonly names?: string[];
}

const KNOWN: Known<LynkGrantOptions> = { names: true };

/** Properties of a `LynkLockGrants`. */
export interface LynkLockGrantsProps {
  /** The lock table. */
  readonly table: dynamodb.ITableRef;

  /**
   * The customer managed key that encrypts the table.
   *
   * @default - none: grantees need no permissions on a key
   */
  readonly encryptionKey?: IKey;

  /**
   * The ARNs of the table's replicas in other Regions.
   *
   * @default - none
   */
  readonly replicaTableArns?: string[];

  /**
   * The ARNs of the customer managed keys that encrypt the replicas.
   *
   * @default - none
   */
  readonly replicaKeyArns?: string[];

  /**
   * The resource whose policy gets the permissions if they cannot be added to the grantee. An example of such a grantee
   * is a principal of another account.
   *
   * @default - none: such a grant has no effect
   */
  readonly policyResource?: IResourceWithPolicyV2;
}

const KNOWN_PROPS: Known<LynkLockGrantsProps> = {
  table: true,
  encryptionKey: true,
  replicaTableArns: true,
  replicaKeyArns: true,
  policyResource: true,
};

/** Grants permissions on a lock table, only as many as clients need. */
export class LynkLockGrants {
  private readonly tableArns: string[];

  /**
   * Every lock table has one: `table.grants`.
   *
   * @param props The table, its replicas and their keys.
   */
  constructor(private readonly props: LynkLockGrantsProps) {
    refuseUnknown(props.table, props, KNOWN_PROPS, 'LynkLockGrants');
    this.tableArns = [props.table.tableRef.tableArn, ...(props.replicaTableArns ?? [])];
  }

  /**
   * Lets the grantee acquire, refresh and release locks and permits of semaphores. It grants `BatchGetItem`, `GetItem`,
   * `UpdateItem` and `DeleteItem`. Unless the table is replicated, it also grants `ConditionCheckItem`, for the
   * grantee's own transactions that depend on a lock. Multi-Region strong consistency does not support transactions.
   *
   * @param grantee The principal that gets the permissions, such as a Lambda function.
   * @param options Limits the permissions to some locks.
   * @throws ValidationError if `names` is empty or contains an invalid lock name
   * @example
   * import type { IGrantable } from 'aws-cdk-lib/aws-iam';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const grantee: IGrantable;
   *
   * locks.grants.holdLocks(grantee, { names: ['account/*'] });
   */
  holdLocks(grantee: IGrantable, options: LynkGrantOptions = {}): Grant {
    const isReplicated = this.tableArns.length > 1;
    const permissions = LOCK_PERMISSIONS.filter(({ action }) => !(isReplicated && action === GUARD_ACTION));
    return this.allow(grantee, permissions, options, [...KEY_READ_ACTIONS, ...KEY_WRITE_ACTIONS]);
  }

  /**
   * Lets the grantee see who holds a lock, and list all locks. With `names`, the grantee cannot list locks, because a
   * scan cannot be limited to some keys.
   *
   * @param grantee The principal that gets the permissions, such as a Lambda function.
   * @param options Limits the permissions to some locks.
   * @throws ValidationError if `names` is empty or contains an invalid lock name
   * @example
   * import type { IGrantable } from 'aws-cdk-lib/aws-iam';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const grantee: IGrantable;
   *
   * locks.grants.inspectLocks(grantee);
   */
  inspectLocks(grantee: IGrantable, options: LynkGrantOptions = {}): Grant {
    const list = options.names === undefined ? LIST_PERMISSIONS : [];
    return this.allow(grantee, [...INSPECT_PERMISSIONS, ...list], options, KEY_READ_ACTIONS);
  }

  /**
   * Lets the grantee break a lock that another process holds. To find the lock, the grantee may also need
   * `inspectLocks`.
   *
   * @param grantee The principal that gets the permissions, such as a Lambda function.
   * @param options Limits the permissions to some locks.
   * @throws ValidationError if `names` is empty or contains an invalid lock name
   * @example
   * import type { IGrantable } from 'aws-cdk-lib/aws-iam';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const grantee: IGrantable;
   *
   * locks.grants.breakLocks(grantee);
   */
  breakLocks(grantee: IGrantable, options: LynkGrantOptions = {}): Grant {
    return this.allow(grantee, BREAK_PERMISSIONS, options, [...KEY_READ_ACTIONS, ...KEY_WRITE_ACTIONS]);
  }

  /**
   * Lets the grantee do these actions on the table and its replicas, and use their encryption keys.
   *
   * @param grantee The principal that gets the permissions, such as a Lambda function.
   * @param actions IAM actions of DynamoDB, such as `dynamodb:PutItem`. At least one is required.
   * @throws ValidationError if an action is not one of DynamoDB's, or if none is given
   * @example
   * import type { IGrantable } from 'aws-cdk-lib/aws-iam';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: ILynkLockTable;
   * declare const grantee: IGrantable;
   *
   * locks.grants.actions(grantee, 'dynamodb:DescribeTable');
   */
  actions(grantee: IGrantable, ...actions: string[]): Grant {
    const strange = actions.find((action) => !Token.isUnresolved(action) && !/^dynamodb:[A-Za-z*]+$/.test(action));
    if (strange !== undefined || actions.length === 0) {
      const form = 'an action of DynamoDB, such as "dynamodb:PutItem"';
      throw refusal(this.props.table, `\`actions\` are each ${form}, got ${shown(strange ?? actions)}`);
    }
    const permissions = actions.map((action) => ({ action, calls: [] }));
    return this.allow(grantee, permissions, {}, [...KEY_READ_ACTIONS, ...KEY_WRITE_ACTIONS]);
  }

  /**
   * The policy statements that a state machine's role needs for the states of a lock.
   *
   * @internal
   */
  _statementsForStates(actions: readonly string[], conditions: Conditions | undefined): PolicyStatement[] {
    const { encryptionKey, replicaKeyArns = [] } = this.props;
    const onTables = { actions: [...actions], resources: this.tableArns, ...(conditions && { conditions }) };
    const keyArns = [...(encryptionKey ? [encryptionKey.keyArn] : []), ...replicaKeyArns];
    const onKeys = { actions: [...KEY_READ_ACTIONS, ...KEY_WRITE_ACTIONS], resources: keyArns };
    const statements = keyArns.length > 0 ? [onTables, onKeys] : [onTables];
    return statements.map((statement) => new PolicyStatement(statement));
  }

  private allow(
    grantee: IGrantable,
    permissions: readonly Permission[],
    options: LynkGrantOptions,
    keyActions: readonly string[],
  ): Grant {
    const { table, policyResource } = this.props;
    refuseUnknown(table, options, KNOWN, 'a grant');
    const conditions = onlyNames(table, options.names);
    const statement = {
      grantee,
      actions: permissions.map(({ action }) => action),
      resourceArns: this.tableArns,
      ...(conditions && { conditions }),
    };
    const grant = policyResource
      ? Grant.addToPrincipalOrResource({ ...statement, resource: policyResource, resourceSelfArns: ['*'] })
      : Grant.addToPrincipal(statement);
    return this.allowKeys(grantee, keyActions).reduce((all, one) => all.combine(one), grant);
  }

  private allowKeys(grantee: IGrantable, keyActions: readonly string[]): Grant[] {
    const { encryptionKey, replicaKeyArns = [] } = this.props;
    const grants = encryptionKey ? [encryptionKey.grant(grantee, ...keyActions)] : [];
    if (replicaKeyArns.length > 0) {
      grants.push(Grant.addToPrincipal({ grantee, actions: [...keyActions], resourceArns: replicaKeyArns }));
    }
    return grants;
  }
}
