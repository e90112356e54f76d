import { RemovalPolicy, Stack, Tags, Token } from 'aws-cdk-lib';
import {
  AttributeType,
  type CfnGlobalTable,
  MultiRegionConsistency,
  type TablePropsV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import type { AddToResourcePolicyResult, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { ENTRY, TABLE_TAG } from '../runtime/protocol/wire.js';
import { clientDefaultsOf, type LynkClientDefaults } from './client-defaults.js';
import type { ILynkLockTable } from './i-lynk-lock-table.js';
import { ImportedLynkLockTable } from './imported-lynk-lock-table.js';
import { LynkLockGrants } from './lock-grants.js';
import { LynkLockTableBase } from './lynk-lock-table-base.js';
import type { LynkLockTableAttributes, LynkLockTableProps } from './lynk-lock-table-props.js';
import { injected } from './property-injection.js';
import { refusal, shown, spelled } from './refusal.js';
import { isReplicated, replicationProblems, validateProps } from './table-rules.js';

/**
 * A DynamoDB table that keeps locks: on demand, with the partition key and the TTL that both the
 * `cdk-lynk/runtime` client and the Python package `lynk` expect. It is destroyed with its stack, unless
 * `removalPolicy` says otherwise.
 *
 * @resource AWS::DynamoDB::GlobalTable
 *
 * @example
 * import { Duration, type Stack } from 'aws-cdk-lib';
 * import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
 * import { LynkLockTable } from 'cdk-lynk';
 *
 * declare const stack: Stack;
 * declare const billing: LambdaFunction;
 *
 * const locks = new LynkLockTable(stack, 'Locks', { leaseDuration: Duration.seconds(20) });
 * locks.connect(billing, { names: ['account/*'] });
 */
export class LynkLockTable extends LynkLockTableBase {
  /** Identifies this class to `PropertyInjectors`. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-lynk.LynkLockTable';

  /**
   * A lock table of this account and Region, by its name. One that Python's `lynk` has created will do.
   *
   * @param scope Where in the tree it is put.
   * @param id The id of the construct.
   * @param tableName The name of the table.
   * @throws ValidationError if that is no name of a table
   * @example
   * import type { Stack } from 'aws-cdk-lib';
   * import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
   * import { LynkLockTable } from 'cdk-lynk';
   *
   * declare const stack: Stack;
   * declare const billing: LambdaFunction;
   *
   * const locks = LynkLockTable.fromLynkLockTableName(stack, 'Locks', 'made-by-lynk');
   * locks.connect(billing);
   */
  static fromLynkLockTableName(scope: Construct, id: string, tableName: string): ILynkLockTable {
    return LynkLockTable.fromLynkLockTableAttributes(scope, id, { tableName });
  }

  /**
   * A lock table, by its ARN. It may be of another account. From another Region it is not reached: `connect` and
   * `protect` refuse that.
   *
   * @param scope Where in the tree it is put.
   * @param id The id of the construct.
   * @param tableArn The ARN of the table.
   * @throws ValidationError if that is no ARN of a table
   * @example
   * import type { Stack } from 'aws-cdk-lib';
   * import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
   * import { LynkLockTable } from 'cdk-lynk';
   *
   * declare const stack: Stack;
   * declare const billing: LambdaFunction;
   *
   * const tableArn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/locks';
   * const locks = LynkLockTable.fromLynkLockTableArn(stack, 'Locks', tableArn);
   * locks.connect(billing);
   */
  static fromLynkLockTableArn(scope: Construct, id: string, tableArn: string): ILynkLockTable {
    return LynkLockTable.fromLynkLockTableAttributes(scope, id, { tableArn });
  }

  /**
   * A lock table, by what is known of it: its name or its ARN, and whatever else matters to grants and functions.
   *
   * @param scope Where in the tree it is put.
   * @param id The id of the construct.
   * @param attrs What is known of the table.
   * @throws ValidationError if `tableName` and `tableArn` are both given, or neither is; if one of them is
   * malformed; if a duration is out of its range
   * @example
   * import { Duration, type Stack } from 'aws-cdk-lib';
   * import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
   * import { LynkLockTable } from 'cdk-lynk';
   *
   * declare const stack: Stack;
   * declare const billing: LambdaFunction;
   *
   * const locks = LynkLockTable.fromLynkLockTableAttributes(stack, 'Locks', {
   *   tableName: 'locks',
   *   replicaRegions: ['eu-west-2'],
   *   leaseDuration: Duration.seconds(20),
   * });
   * locks.connect(billing);
   */
  static fromLynkLockTableAttributes(scope: Construct, id: string, attrs: LynkLockTableAttributes): ILynkLockTable {
    return new ImportedLynkLockTable(scope, id, attrs);
  }

  /** The table underneath, for what this construct has no prop for. */
  readonly table: TableV2;

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

  /** The client defaults of functions that are connected with this table, if `connect` gives no others. */
  protected readonly clientDefaults: LynkClientDefaults;

  /** By Region. */
  private readonly replicaKeyArns: { readonly [region: string]: string };

  /**
   * @param scope Where in the tree it is put.
   * @param id The id of the construct.
   * @param props How the table is made, and the defaults of its clients.
   * @throws ValidationError if DynamoDB or the client would refuse a prop later, or two Regions could hold one
   * lock: `tableName`, a duration or `warmThroughput` is out of its range; `replicas` are not strongly consistent,
   * are not three Regions together with the stack's and the `witnessRegion`, or come with `timeToLive`;
   * `removalPolicy` is `SNAPSHOT`; `tags` take the tag `lynk`. Replicas that are added to `table` later are checked
   * at synth.
   */
  constructor(scope: Construct, id: string, props: LynkLockTableProps = {}) {
    super(scope, id);
    const given = injected(scope, id, LynkLockTable.PROPERTY_INJECTION_ID, props);
    validateProps(this, given);
    this.clientDefaults = clientDefaultsOf(given);
    const { leaseDuration, waitDuration, clockTolerance, timeToLive, tags, ...passedOn } = given;
    const own: TablePropsV2 = {
      ...passedOn,
      partitionKey: { name: ENTRY.lockKey, type: AttributeType.STRING },
      ...(isReplicated(given) && { multiRegionConsistency: MultiRegionConsistency.STRONG }),
      ...((timeToLive ?? !isReplicated(given)) && { timeToLiveAttribute: ENTRY.expiresAt }),
    };
    // Our default is no more than a default: what is injected into every TableV2 goes before it.
    const { removalPolicy = RemovalPolicy.DESTROY, encryption } = injected(
      this,
      'Table',
      TableV2.PROPERTY_INJECTION_ID,
      own,
    );
    this.table = new TableV2(this, 'Table', { ...own, removalPolicy });
    // For escape hatches, and for applyRemovalPolicy.
    this.node.defaultChild = this.table.node.defaultChild as CfnGlobalTable;
    this.node.addValidation({ validate: () => replicationProblems(this.table).map(spelled) });
    if (this.table.encryptionKey) this.encryptionKey = this.table.encryptionKey;
    this.replicaRegions = (given.replicas ?? []).map(({ region }) => region);
    this.replicaKeyArns = encryption?.replicaKeyArns ?? {};
    this.grants = this.makeGrants();
    this.tag({ ...tags, [TABLE_TAG.key]: TABLE_TAG.value });
  }

  /**
   * The table's name.
   *
   * @attribute
   */
  get tableName(): string {
    return this.table.tableName;
  }

  /**
   * The table's ARN.
   *
   * @attribute
   */
  get tableArn(): string {
    return this.table.tableArn;
  }

  /**
   * The replica in another Region, for a stack there: it is imported into that stack, with the same client defaults.
   *
   * @param scope Where in the stack of that Region it is put.
   * @param id The id of the construct.
   * @param region The Region; by default that of `scope`.
   * @throws ValidationError if the table has no replica in that Region
   * @example
   * import type { Stack } from 'aws-cdk-lib';
   * import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
   * import type { LynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: LynkLockTable; // with `tableName` and `replicas`
   * declare const inLondon: Stack;
   * declare const billing: LambdaFunction; // in that stack
   *
   * locks.replica(inLondon, 'Locks').connect(billing);
   */
  replica(scope: Construct, id: string, region?: string): ILynkLockTable {
    const { stack } = this;
    const wanted = region ?? Stack.of(scope).region;
    if (!this.replicaRegions.includes(wanted)) {
      const regions = shown(this.replicaRegions);
      throw refusal(this, `\`region\` is ${shown(wanted)}, but the table's \`replicas\` are in ${regions}`);
    }
    const tableArn = stack.formatArn({
      service: 'dynamodb',
      region: wanted,
      resource: 'table',
      resourceName: this.tableName,
    });
    const home = Token.isUnresolved(stack.region) ? [] : [stack.region];
    const replicaRegions = [...home, ...this.replicaRegions.filter((one) => one !== wanted)];
    const encryptionKey = this.replicaKeyIn(scope, id, wanted);
    return new ImportedLynkLockTable(scope, id, {
      tableArn,
      replicaRegions,
      ...this.clientDefaults,
      ...(encryptionKey && { encryptionKey }),
    });
  }

  /**
   * Adds a statement to the table's resource policy, such as one for a principal of another account.
   *
   * @param statement The statement to add.
   * @example
   * import { AccountPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
   * import type { LynkLockTable } from 'cdk-lynk';
   *
   * declare const locks: LynkLockTable;
   *
   * locks.addToResourcePolicy(
   *   new PolicyStatement({
   *     actions: ['dynamodb:DescribeTable'],
   *     principals: [new AccountPrincipal('210987654321')],
   *     resources: ['*'],
   *   }),
   * );
   */
  addToResourcePolicy(statement: PolicyStatement): AddToResourcePolicyResult {
    return this.table.addToResourcePolicy(statement);
  }

  /** The key that a replica is encrypted with, for grants on it. */
  private replicaKeyIn(scope: Construct, id: string, region: string): IKey | undefined {
    const keyArn = this.replicaKeyArns[region];
    return keyArn === undefined ? undefined : Key.fromKeyArn(scope, `${id}Key`, keyArn);
  }

  private makeGrants(): LynkLockGrants {
    const replicaTableArns = this.replicaRegions.map((region) =>
      this.stack.formatArn({ service: 'dynamodb', region, resource: 'table', resourceName: this.tableName }),
    );
    return new LynkLockGrants({
      table: this,
      policyResource: this.table,
      replicaTableArns,
      replicaKeyArns: Object.values(this.replicaKeyArns),
      ...(this.encryptionKey && { encryptionKey: this.encryptionKey }),
    });
  }

  /** On the table alone: `lynk list-tables` takes whatever carries its tag for a lock table. */
  private tag(tags: { readonly [key: string]: string }): void {
    for (const [key, value] of Object.entries(tags)) {
      Tags.of(this.table).add(key, value, { includeResourceTypes: ['AWS::DynamoDB::GlobalTable'] });
    }
  }
}
