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

/** Which locks a grant is for. */
export interface LynkGrantOptions {
  /**
   * The names of the locks, or patterns in which `*` stands for any text and `?` for any character, such as
   * `account/*`. A semaphore's entries are called `name#0`, `name#1` and so on: for the semaphore `api`, grant
   * `api#*`.
   *
   * @default - every lock of the table
   */
  readonly names?: string[];
}

const KNOWN: Known<LynkGrantOptions> = { names: true };

/** Properties of a `LynkLockGrants`: the table that it is about. */
export interface LynkLockGrantsProps {
  /** The lock table. */
  readonly table: dynamodb.ITableRef;

  /**
   * The customer managed key that encrypts the table.
   *
   * @default - none that grantees need permissions on
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
   * The resource whose policy takes what cannot be added to the grantee, such as a principal of another account.
   *
   * @default - such a grant has no effect
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

/** Permissions on a lock table, for as little as a client needs. */
export class LynkLockGrants {
  private readonly tableArns: string[];

  /**
   * Every lock table has one: `table.grants`.
   *
   * @param props The table, and what belongs to it.
   */
  constructor(private readonly props: LynkLockGrantsProps) {
    refuseUnknown(props.table, props, KNOWN_PROPS, 'LynkLockGrants');
    this.tableArns = [props.table.tableRef.tableArn, ...(props.replicaTableArns ?? [])];
  }

  /**
   * Lets the grantee take, refresh and release locks, and permits of semaphores: `BatchGetItem`, `GetItem`,
   * `UpdateItem` and `DeleteItem`. Also `ConditionCheckItem`, for the grantee's own transactions that depend on a lock,
   * unless the table is replicated: multi-Region strong consistency has no transactions.
   *
   * @param grantee Who is granted to.
   * @param options What is limited, or differs from the defaults.
   * @throws ValidationError if `names` is empty, or one of them is no lock's name
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
   * Lets the grantee see who holds a lock, and list all locks. With `names` it cannot list: a scan of a
   * table cannot be limited to some keys.
   *
   * @param grantee Who is granted to.
   * @param options What is limited, or differs from the defaults.
   * @throws ValidationError if `names` is empty, or one of them is no lock's name
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
   * Lets the grantee break a lock that another holds. To find it, it may need `inspectLocks` as well.
   *
   * @param grantee Who is granted to.
   * @param options What is limited, or differs from the defaults.
   * @throws ValidationError if `names` is empty, or one of them is no lock's name
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
   * Lets the grantee do these actions on the table and its replicas, and use their keys.
   *
   * @param grantee Who is granted to.
   * @param actions Actions of IAM, such as `dynamodb:PutItem`.
   * @throws ValidationError if an action is none of DynamoDB's
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
   * What the role of a state machine needs for the states of a lock: they take their statements along.
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
