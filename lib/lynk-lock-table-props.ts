import type { RemovalPolicy } from 'aws-cdk-lib';
import type {
  Billing,
  ContributorInsightsSpecification,
  MultiRegionConsistency,
  PointInTimeRecoverySpecification,
  ReplicaTableProps,
  TableEncryptionV2,
  WarmThroughput,
} from 'aws-cdk-lib/aws-dynamodb';
import type { PolicyDocument } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { LynkClientDefaults } from './client-defaults.js';

/** Properties of a `LynkLockTable`. */
export interface LynkLockTableProps extends LynkClientDefaults {
  /**
   * The table's name.
   *
   * @default - CloudFormation generates one
   */
  readonly tableName?: string;

  /**
   * The billing mode for reads and writes.
   *
   * @default Billing.onDemand()
   */
  readonly billing?: Billing;

  /**
   * The encryption of the table. With a customer managed key, grants on the table include the permissions on the key.
   *
   * @default TableEncryptionV2.dynamoOwnedKey()
   */
  readonly encryption?: TableEncryptionV2;

  /**
   * Backups for restoring the table to a point in time. Restored locks are worthless. Use this only if your rules
   * require backups of every table.
   *
   * @default - no backups
   */
  readonly pointInTimeRecoverySpecification?: PointInTimeRecoverySpecification;

  /**
   * Whether DynamoDB rejects the deletion of the table, also by its stack.
   *
   * @default false
   */
  readonly deletionProtection?: boolean;

  /**
   * What happens to the table when it is removed from the stack. Locks are transient: after their leases, the entries
   * are worthless. A table that is retained only blocks its name.
   *
   * @default RemovalPolicy.DESTROY, unless `PropertyInjectors` set another one for every `TableV2`
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether DynamoDB deletes entries that were not released, a day or more after the end of their lease. No lock waits
   * for the deletion. Tables with `replicas` cannot have it.
   *
   * @default - true, and false with `replicas`
   */
  readonly timeToLive?: boolean;

  /**
   * The table's replicas in other Regions. They are strongly consistent. Give two replicas, or one and a
   * `witnessRegion`. The stack needs an explicit Region, in the same group of Regions.
   *
   * @default - none: the locks are in one Region
   */
  readonly replicas?: ReplicaTableProps[];

  /**
   * The Region that takes part in each write to a replicated table, but stores no entries.
   *
   * @default - none
   */
  readonly witnessRegion?: string;

  /**
   * The consistency of the `replicas`. Only `STRONG` is accepted. With `EVENTUAL`, two Regions could both acquire the
   * same lock.
   *
   * @default - MultiRegionConsistency.STRONG if there are `replicas`
   */
  readonly multiRegionConsistency?: MultiRegionConsistency;

  /**
   * The throughput that the table can handle at once, without scaling first.
   *
   * @default - DynamoDB's default for new tables
   */
  readonly warmThroughput?: WarmThroughput;

  /**
   * CloudWatch reports of the locks that are accessed or throttled most often.
   *
   * @default - none
   */
  readonly contributorInsightsSpecification?: ContributorInsightsSpecification;

  /**
   * The table's resource policy.
   *
   * @default - none
   */
  readonly resourcePolicy?: PolicyDocument;

  /**
   * Tags of the table and its replicas. The tag `lynk` is reserved. `LynkLockTables` and Python's `lynk list-tables`
   * find lock tables by it.
   *
   * @default - only the tag `lynk`
   */
  readonly tags?: { [key: string]: string };
}

/** The attributes of an imported lock table. */
export interface LynkLockTableAttributes extends LynkClientDefaults {
  /**
   * The table's name. Either this or `tableArn` is required.
   *
   * @default - the name in `tableArn`
   */
  readonly tableName?: string;

  /**
   * The table's ARN. Either this or `tableName` is required.
   *
   * @default - the ARN of `tableName` in the stack's account and Region
   */
  readonly tableArn?: string;

  /**
   * The customer managed key that encrypts the table.
   *
   * @default - none: grantees need no permissions on a key
   */
  readonly encryptionKey?: IKey;

  /**
   * The other Regions that have a strongly consistent replica of the table. A function in one of these Regions uses the
   * replica there.
   *
   * @default - none
   */
  readonly replicaRegions?: string[];
}
