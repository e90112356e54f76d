import { RemovalPolicy, Tags } from 'aws-cdk-lib';
import { AttributeType, Billing, type CfnGlobalTable, MultiRegionConsistency, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { AddToResourcePolicyResult, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { ENTRY, TABLE_TAG } from '../runtime/protocol/wire.js';
import { clientDefaultsOf, type LynkClientDefaults } from './client-defaults.js';
import { ImportedLynkLockTable } from './imported-lynk-lock-table.js';
import { LynkLockGrants } from './lock-grants.js';
import { type ILynkLockTable, LynkLockTableBase } from './lynk-lock-table-base.js';
import type { LynkLockTableAttributes, LynkLockTableProps } from './lynk-lock-table-props.js';
import { isReplicated, replicationProblems, validateProps } from './table-rules.js';

/**
 * A DynamoDB table that keeps locks: on demand, with the partition key and the TTL that both the
 * `cdk-lynk/runtime` client and the Python package `lynk` expect.
 *
 * @resource AWS::DynamoDB::GlobalTable
 */
export class LynkLockTable extends LynkLockTableBase {
  /** A lock table of this account and Region, by its name. One that Python's `lynk` has created will do. */
  static fromLynkLockTableName(scope: Construct, id: string, tableName: string): ILynkLockTable {
    return LynkLockTable.fromLynkLockTableAttributes(scope, id, { tableName });
  }

  /** A lock table, by its ARN. */
  static fromLynkLockTableArn(scope: Construct, id: string, tableArn: string): ILynkLockTable {
    return LynkLockTable.fromLynkLockTableAttributes(scope, id, { tableArn });
  }

  /** A lock table, by what is known of it. */
  static fromLynkLockTableAttributes(scope: Construct, id: string, attrs: LynkLockTableAttributes): ILynkLockTable {
    return new ImportedLynkLockTable(scope, id, attrs);
  }

  /** The table underneath, for what this construct has no prop for. */
  readonly table: TableV2;
  readonly encryptionKey?: IKey;
  readonly grants: LynkLockGrants;
  protected readonly clientDefaults: LynkClientDefaults;

  constructor(scope: Construct, id: string, props: LynkLockTableProps = {}) {
    super(scope, id);
    validateProps(this, props);
    this.clientDefaults = clientDefaultsOf(props);
    const { leaseDuration, waitDuration, clockTolerance, timeToLive, tags, ...passedOn } = props;
    this.table = new TableV2(this, 'Table', {
      ...passedOn,
      partitionKey: { name: ENTRY.lockKey, type: AttributeType.STRING },
      billing: props.billing ?? Billing.onDemand(),
      removalPolicy: props.removalPolicy ?? RemovalPolicy.DESTROY,
      ...(isReplicated(props) && { multiRegionConsistency: MultiRegionConsistency.STRONG }),
      ...((timeToLive ?? !isReplicated(props)) && { timeToLiveAttribute: ENTRY.expiresAt }),
    });
    // For escape hatches, and for applyRemovalPolicy.
    this.node.defaultChild = this.table.node.defaultChild as CfnGlobalTable;
    this.node.addValidation({ validate: () => replicationProblems(this.table.node.defaultChild as CfnGlobalTable) });
    if (this.table.encryptionKey) this.encryptionKey = this.table.encryptionKey;
    this.grants = this.makeGrants(props);
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

  /** Adds a statement to the table's resource policy. */
  addToResourcePolicy(statement: PolicyStatement): AddToResourcePolicyResult {
    return this.table.addToResourcePolicy(statement);
  }

  private makeGrants({ replicas = [], encryption }: LynkLockTableProps): LynkLockGrants {
    const replicaTableArns = replicas.map(({ region }) =>
      this.stack.formatArn({ service: 'dynamodb', region, resource: 'table', resourceName: this.tableName }),
    );
    return new LynkLockGrants({
      table: this,
      policyResource: this.table,
      replicaTableArns,
      replicaKeyArns: Object.values(encryption?.replicaKeyArns ?? {}),
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
