import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { type CfnGlobalTable, MultiRegionConsistency, type TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IConstruct } from 'constructs';
import { TABLE_TAG } from '../runtime/protocol/wire.js';
import { KNOWN_DEFAULTS, validateClientDefaults } from './client-defaults.js';
import { type Known, refuseUnknown } from './known-props.js';
import type { LynkLockTableProps } from './lynk-lock-table-props.js';
import { refusal, shown } from './refusal.js';
import { renderedProperties } from './rendered.js';

const BOTH_WOULD_HOLD =
  'with eventual consistency two Regions would both acquire the same lock, each unaware of the other; a lock table ' +
  'is replicated with multi-Region strong consistency (MultiRegionConsistency.STRONG), over three Regions or two ' +
  'and a `witnessRegion`';

const KNOWN: Known<LynkLockTableProps> = {
  tableName: true,
  billing: true,
  encryption: true,
  pointInTimeRecoverySpecification: true,
  deletionProtection: true,
  removalPolicy: true,
  timeToLive: true,
  replicas: true,
  witnessRegion: true,
  multiRegionConsistency: true,
  warmThroughput: true,
  contributorInsightsSpecification: true,
  resourcePolicy: true,
  tags: true,
  ...KNOWN_DEFAULTS,
};

/** Throws for props that DynamoDB or the client would reject later, or that make no sense. TableV2 checks the rest. */
export function validateProps(scope: IConstruct, props: LynkLockTableProps): void {
  refuseUnknown(scope, props, KNOWN, 'LynkLockTable');
  validateTableName(scope, props.tableName);
  validateClientDefaults(scope, props);
  validateReplication(scope, props);
  validateRemoval(scope, props);
  validateThroughput(scope, props);
  validateTags(scope, props);
}

/** Whether these props describe a replicated table. */
export function isReplicated({ replicas = [] }: LynkLockTableProps): boolean {
  return replicas.length > 0;
}

export function validateTableName(scope: IConstruct, tableName: string | undefined): void {
  if (tableName === undefined || Token.isUnresolved(tableName)) return;
  if (typeof tableName === 'string' && /^[a-zA-Z0-9_.-]{3,255}$/.test(tableName)) return;
  const rule = 'has 3 to 255 letters, digits, "_", "-" and "."';
  throw refusal(scope, `\`tableName\` ${rule}, got ${shown(tableName)}`);
}

function validateReplication(scope: IConstruct, props: LynkLockTableProps): void {
  const { multiRegionConsistency, replicas = [], timeToLive, witnessRegion } = props;
  if (!isReplicated(props)) {
    if (witnessRegion !== undefined) {
      throw refusal(scope, `\`witnessRegion\` is ${shown(witnessRegion)}, but there are no \`replicas\` to witness`);
    }
    if (multiRegionConsistency !== undefined) {
      const given = shown(multiRegionConsistency);
      throw refusal(
        scope,
        `\`multiRegionConsistency\` is ${given}, but there are no \`replicas\` to be consistent with`,
      );
    }
    return;
  }
  if (multiRegionConsistency !== undefined && multiRegionConsistency !== MultiRegionConsistency.STRONG) {
    throw refusal(scope, `\`multiRegionConsistency\` is ${shown(multiRegionConsistency)}: ${BOTH_WOULD_HOLD}`);
  }
  const needed = witnessRegion === undefined ? 2 : 1;
  if (replicas.length !== needed) {
    const regions = replicas.map(({ region }) => region);
    throw refusal(
      scope,
      `\`replicas\` are in ${shown(regions)}${witnessRegion === undefined ? '' : `, \`witnessRegion\` is ${shown(witnessRegion)}`}: ` +
        'multi-Region strong consistency takes two replicas beside the Region of the stack, or one and a `witnessRegion`',
    );
  }
  const own = Stack.of(scope).region;
  if (witnessRegion !== undefined && [own, ...replicas.map(({ region }) => region)].includes(witnessRegion)) {
    const whose = witnessRegion === own ? 'the Region of the stack' : 'that of a replica';
    throw refusal(scope, `\`witnessRegion\` is ${shown(witnessRegion)}, ${whose}: a witness is in a third Region`);
  }
  if (timeToLive) {
    throw refusal(scope, '`timeToLive` is true, but there are `replicas`: strongly consistent ones cannot have it');
  }
}

/** The part of a rendered table that lists its replicas. */
interface RenderedTable {
  readonly Replicas?: unknown;
  readonly MultiRegionConsistency?: unknown;
  readonly GlobalTableWitnesses?: unknown;
  readonly GlobalTableSourceArn?: unknown;
}

/**
 * Problems with replicas that did not come from the props: added to the inner TableV2, by raw overrides, or in other
 * accounts.
 */
export function replicationProblems(table: TableV2): string[] {
  const rendered = renderedProperties<RenderedTable>(table.node.defaultChild as CfnGlobalTable);
  return [...ownReplicaProblems(rendered), ...foreignReplicaProblems(table)];
}

function ownReplicaProblems(table: RenderedTable): string[] {
  const { Replicas: replicas = [], MultiRegionConsistency: consistency, GlobalTableWitnesses: witnesses } = table;
  // A CloudFormation condition is not a list. Its value is known only at deployment.
  const isList = Array.isArray(replicas);
  if (isList && replicas.length < 2) return [];
  const regions = isList ? replicas.map((replica: { Region?: unknown }) => replica?.Region) : replicas;
  if (consistency !== MultiRegionConsistency.STRONG) {
    return [`\`replicas\` are in ${shown(regions)}: ${BOTH_WOULD_HOLD}`];
  }
  const isWitnessed = Array.isArray(witnesses) && witnesses.length > 0;
  if (!isList || replicas.length === (isWitnessed ? 2 : 3)) return [];
  return [
    `\`replicas\` are in ${shown(regions)}${isWitnessed ? ', beside a `witnessRegion`' : ''}: ` +
      'multi-Region strong consistency takes three Regions, or two and a `witnessRegion`',
  ];
}

/**
 * Problems with replicas in other accounts. Such a replica is a resource of its own, and there is no strong consistency
 * between accounts.
 */
function foreignReplicaProblems(table: TableV2): string[] {
  const others = table.node.root.node.findAll().filter((one): one is CfnGlobalTable => isGlobalTable(one));
  return others
    .filter((other) => {
      const { GlobalTableSourceArn: source } = renderedProperties<RenderedTable>(other);
      return source !== undefined && JSON.stringify(source) === JSON.stringify(Stack.of(other).resolve(table.tableArn));
    })
    .map(({ node }) => `${shown(node.path)} is a replica of it: ${BOTH_WOULD_HOLD}`);
}

function isGlobalTable(construct: IConstruct): boolean {
  return (construct as Partial<CfnGlobalTable>).cfnResourceType === 'AWS::DynamoDB::GlobalTable';
}

function validateThroughput(
  scope: IConstruct,
  { warmThroughput, contributorInsightsSpecification }: LynkLockTableProps,
): void {
  for (const unit of ['readUnitsPerSecond', 'writeUnitsPerSecond'] as const) {
    const units = warmThroughput?.[unit];
    if (units === undefined || Token.isUnresolved(units) || (Number.isInteger(units) && units >= 1)) continue;
    throw refusal(scope, `\`warmThroughput.${unit}\` is a whole number, at least 1, got ${shown(units)}`);
  }
  if (contributorInsightsSpecification?.mode !== undefined && contributorInsightsSpecification.enabled === false) {
    const given = shown(contributorInsightsSpecification.mode);
    throw refusal(scope, `\`contributorInsightsSpecification.mode\` is ${given}, but \`enabled\` is false`);
  }
}

function validateRemoval(scope: IConstruct, { removalPolicy }: LynkLockTableProps): void {
  if (removalPolicy !== RemovalPolicy.SNAPSHOT) return;
  const instead = 'a DynamoDB table is destroyed or retained; for backups there is `pointInTimeRecoverySpecification`';
  throw refusal(scope, `\`removalPolicy\` is "snapshot", but ${instead}`);
}

function validateTags(scope: IConstruct, { tags = {}, replicas = [] }: LynkLockTableProps): void {
  validateTagsIn(scope, '`tags`', Object.entries(tags));
  for (const { region, tags: own = [] } of replicas) {
    const given = own.map(({ key, value }): [string, string] => [key, value]);
    validateTagsIn(scope, `\`tags\` of the replica in ${shown(region)}`, given);
  }
}

function validateTagsIn(scope: IConstruct, prop: string, tags: readonly (readonly [string, string])[]): void {
  const [, value] = tags.find(([key]) => key === TABLE_TAG.key) ?? [];
  if (value !== undefined && value !== TABLE_TAG.value) {
    const why = 'lock tables are found by it';
    throw refusal(
      scope,
      `${prop} gives \`${TABLE_TAG.key}\` the value ${shown(value)}, but ${why}: it is "${TABLE_TAG.value}"`,
    );
  }
  const [reserved] = tags.find(([key]) => /^aws:/i.test(key)) ?? [];
  if (reserved !== undefined) throw refusal(scope, `${prop} has the key ${shown(reserved)}; "aws:" is for AWS alone`);
}
