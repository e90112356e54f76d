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
   * @default - CloudFormation makes one up
   */
  readonly tableName?: string;

  /**
   * How reads and writes are paid for.
   *
   * @default Billing.onDemand()
   */
  readonly billing?: Billing;

  /**
   * The key that the table is encrypted with. Where it is a customer managed one, grants on the table
   * include what they need on the key.
   *
   * @default TableEncryptionV2.dynamoOwnedKey()
   */
  readonly encryption?: TableEncryptionV2;

  /**
   * Backups from which the table can be restored as it was. Locks are worth nothing by then: this is for
   * those whose rules demand it of every table.
   *
   * @default - no backups
   */
  readonly pointInTimeRecoverySpecification?: PointInTimeRecoverySpecification;

  /**
   * Whether the table refuses to be deleted, by a stack too.
   *
   * @default false
   */
  readonly deletionProtection?: boolean;

  /**
   * What becomes of the table when it leaves the stack. Locks are transient: once their leases are over,
   * the entries are worth nothing, and a table that stays behind only blocks its name.
   *
   * @default RemovalPolicy.DESTROY, unless `PropertyInjectors` have another for every `TableV2`
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether DynamoDB clears up the entries that nobody released, a day or more after the end of their lease.
   * No lock waits for that. Tables with `replicas` cannot have it.
   *
   * @default - true, and false with `replicas`
   */
  readonly timeToLive?: boolean;

  /**
   * The table's replicas in other Regions, strongly consistent: two of them, or one and a `witnessRegion`.
   * The stack has to have a Region of its own, of the same group.
   *
   * @default - none: the locks of one Region
   */
  readonly replicas?: ReplicaTableProps[];

  /**
   * The Region that takes part in each decision about a replicated table, but keeps no entries.
   *
   * @default - none
   */
  readonly witnessRegion?: string;

  /**
   * How consistent the `replicas` are. Nothing but `STRONG` is accepted: with `EVENTUAL`, two Regions would
   * both be told that a lock is theirs.
   *
   * @default - MultiRegionConsistency.STRONG if there are `replicas`
   */
  readonly multiRegionConsistency?: MultiRegionConsistency;

  /**
   * What the table can take at once, without growing first.
   *
   * @default - what DynamoDB gives every new table
   */
  readonly warmThroughput?: WarmThroughput;

  /**
   * Reports of the locks that are asked for, or throttled, the most.
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
   * Tags of the table and its replicas. The tag `lynk` is taken: by it, `LynkLockTables` and Python's
   * `lynk list-tables` find lock tables.
   *
   * @default - the tag `lynk` alone
   */
  readonly tags?: { [key: string]: string };
}

/** What is known of a lock table that is imported. */
export interface LynkLockTableAttributes extends LynkClientDefaults {
  /**
   * The table's name. This or `tableArn` has to be given.
   *
   * @default - that in `tableArn`
   */
  readonly tableName?: string;

  /**
   * The table's ARN. This or `tableName` has to be given.
   *
   * @default - that of `tableName` in the account and Region of the stack
   */
  readonly tableArn?: string;

  /**
   * The customer managed key that encrypts the table.
   *
   * @default - none that grantees need permissions on
   */
  readonly encryptionKey?: IKey;

  /**
   * The other Regions that the table is replicated to, with strong consistency. A function in one of them uses the
   * replica there.
   *
   * @default - none
   */
  readonly replicaRegions?: string[];
}
