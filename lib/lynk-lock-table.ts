import { RemovalPolicy, Tags } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { ENTRY, TABLE_NAME_VARIABLE, TABLE_TAG } from '../runtime/protocol/wire.js';
import { LOCK_ACTIONS } from './perms.js';

/** Properties of a `LynkLockTable`. */
export interface LynkLockTableProps {
  /**
   * The table's name.
   *
   * @default - CloudFormation makes one up
   */
  readonly tableName?: string;

  /**
   * What becomes of the table when it leaves the stack. Its entries are worth nothing once their leases are
   * over.
   *
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A DynamoDB table that keeps locks: on demand, with the partition key and the TTL that both the
 * `cdk-lynk/runtime` client and the Python package `lynk` expect.
 */
export class LynkLockTable extends Construct {
  /** The table. */
  readonly table: TableV2;

  constructor(scope: Construct, id: string, props: LynkLockTableProps = {}) {
    super(scope, id);
    this.table = new TableV2(this, 'Table', {
      ...(props.tableName !== undefined && { tableName: props.tableName }),
      partitionKey: { name: ENTRY.lockKey, type: AttributeType.STRING },
      billing: Billing.onDemand(),
      timeToLiveAttribute: ENTRY.expiresAt,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.DESTROY,
    });
    // On the table alone: `lynk list-tables` takes whatever carries it for a lock table.
    Tags.of(this.table).add(TABLE_TAG.key, TABLE_TAG.value, {
      includeResourceTypes: ['AWS::DynamoDB::GlobalTable', 'AWS::DynamoDB::Table'],
    });
  }

  /** The table's name. */
  get tableName(): string {
    return this.table.tableName;
  }

  /** The table's ARN. */
  get tableArn(): string {
    return this.table.tableArn;
  }

  /**
   * Lets the grantee lock: read, write and delete entries, no more. A Lambda function is also told the
   * table's name, in the environment variable `LYNK_TABLE_NAME`, where `withLock` looks for it.
   */
  grantLock(grantee: IGrantable): Grant {
    if (grantee instanceof LambdaFunction) grantee.addEnvironment(TABLE_NAME_VARIABLE, this.tableName);
    return this.table.grant(grantee, ...LOCK_ACTIONS);
  }
}
