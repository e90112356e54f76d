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
 * A DynamoDB table that stores locks. It is billed on demand by default. It has the partition key and the TTL attribute
 * that the `cdk-lynk/runtime` client and the Python package `lynk` expect. It is deleted with its stack, unless
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
   * Imports a lock table of this account and Region by its name. It may be a table that Python's `lynk` has created.
   *
   * @param scope The parent construct.
   * @param id The construct's id, unique within its scope.
   * @param tableName The name of the table.
   * @throws ValidationError if `tableName` is not a valid table name
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
   * Imports a lock table by its ARN. The table may belong to another account. Functions and state machines that use it
   * have to be in its Region: otherwise, `connect` and `protect` throw.
   *
   * @param scope The parent construct.
   * @param id The construct's id, unique within its scope.
   * @param tableArn The ARN of the table.
   * @throws ValidationError if `tableArn` is not the ARN of a table
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
   * Imports a lock table by its attributes: its name or its ARN, and everything else that grants and functions need.
   *
   * @param scope The parent construct.
   * @param id The construct's id, unique within its scope.
   * @param attrs The attributes of the table.
   * @throws ValidationError if both or neither of `tableName` and `tableArn` are given; if one of them is malformed; if
   * a duration is out of range
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

  /** The underlying `TableV2`. Use it for settings that this construct has no prop for. */
  readonly table: TableV2;

  /**
   * The customer managed key that encrypts the table.
   *
   * @default - none: grantees need no permissions on a key
   */
  readonly encryptionKey?: IKey;

  /**
   * The other Regions that have a replica of the table. Functions and state machines in these Regions use the replica
   * in their own Region.
   */
  readonly replicaRegions: string[];

  /** Grants permissions on this table. */
  readonly grants: LynkLockGrants;

  /** The client defaults of connected functions. `connect` can override them. */
  protected readonly clientDefaults: LynkClientDefaults;

  /** The ARNs of the replicas' keys, by Region. */
  private readonly replicaKeyArns: { readonly [region: string]: string };

  /**
   * @param scope The parent construct.
   * @param id The construct's id, unique within its scope.
   * @param props The settings of the table, and the defaults of its clients.
   * @throws ValidationError if DynamoDB or the client would reject a prop later, or if two Regions could hold the same
   * lock. The cases are: `tableName` is not valid; a duration or `warmThroughput` is out of range; `replicas` are not
   * strongly consistent, do not make three Regions together with the stack's Region and the `witnessRegion`, or are
   * combined with `timeToLive`; `removalPolicy` is `SNAPSHOT`; `tags` give the tag `lynk` another value, or use a key
   * that is reserved for AWS; `contributorInsightsSpecification` has a mode but is not enabled. Replicas that are added
   * to `table` later are checked at synth.
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
    // A removal policy that is injected into every TableV2 overrides our default.
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
   * Imports this table's replica in another Region into a stack of that Region. It has the same client defaults.
   *
   * @param scope The parent construct, in a stack of that Region.
   * @param id The construct's id, unique within its scope.
   * @param region The Region of the replica. By default, it is the Region of `scope`.
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

  /** The key that encrypts a replica. Grants on the replica need it. */
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

  /** Tags the table alone. Python's `lynk list-tables` treats every resource that has the tag as a lock table. */
  private tag(tags: { readonly [key: string]: string }): void {
    for (const [key, value] of Object.entries(tags)) {
      Tags.of(this.table).add(key, value, { includeResourceTypes: ['AWS::DynamoDB::GlobalTable'] });
    }
  }
}
