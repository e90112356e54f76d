import { Duration, RemovalPolicy, Tags } from 'aws-cdk-lib';
import {
  Billing,
  Capacity,
  type CfnGlobalTable,
  ContributorInsightsMode,
  MultiRegionConsistency,
  TableEncryptionV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { AccountPrincipal, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LynkLockTable, type LynkLockTableProps } from '../../lib/index.js';
import { ENV, newStack, tableIn, tableOf } from './stack.js';

const REPLICAS = [{ region: 'eu-west-2' }, { region: 'eu-central-1' }];

test('without props: what locks need, and no more', () => {
  const { properties, resource, own } = tableOf({});

  expect(properties).toEqual({
    AttributeDefinitions: [{ AttributeName: 'lockKey', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'lockKey', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    Replicas: [own],
  });
  expect(own).toEqual({ Region: { Ref: 'AWS::Region' }, Tags: [{ Key: 'lynk', Value: 'lock-table' }] });
  expect(resource).toMatchObject({ DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' });
});

const passedOn: [string, LynkLockTableProps, object][] = [
  ['tableName', { tableName: 'my.locks_1-a' }, { TableName: 'my.locks_1-a' }],
  [
    'billing, on demand with a limit',
    { billing: Billing.onDemand({ maxReadRequestUnits: 50, maxWriteRequestUnits: 100 }) },
    {
      BillingMode: 'PAY_PER_REQUEST',
      WriteOnDemandThroughputSettings: { MaxWriteRequestUnits: 100 },
      Replicas: [expect.objectContaining({ ReadOnDemandThroughputSettings: { MaxReadRequestUnits: 50 } })],
    },
  ],
  [
    'billing, provisioned',
    {
      billing: Billing.provisioned({
        readCapacity: Capacity.fixed(3),
        writeCapacity: Capacity.autoscaled({ maxCapacity: 9 }),
      }),
    },
    { BillingMode: 'PROVISIONED', WriteProvisionedThroughputSettings: expect.anything() },
  ],
  [
    'encryption, with the key of AWS',
    { encryption: TableEncryptionV2.awsManagedKey() },
    { SSESpecification: { SSEEnabled: true, SSEType: 'KMS' } },
  ],
  [
    'timeToLive: true',
    { timeToLive: true },
    { TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true } },
  ],
  [
    'warmThroughput',
    { warmThroughput: { readUnitsPerSecond: 13_000, writeUnitsPerSecond: 5000 } },
    { WarmThroughput: { ReadUnitsPerSecond: 13_000, WriteUnitsPerSecond: 5000 } },
  ],
];
test.each(passedOn)('%s', (_, props, expected) => {
  expect(tableOf(props).properties).toMatchObject(expected);
});

const onReplica: [string, LynkLockTableProps, object][] = [
  [
    'pointInTimeRecoverySpecification',
    { pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: 7 } },
    { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 } },
  ],
  ['deletionProtection', { deletionProtection: true }, { DeletionProtectionEnabled: true }],
  [
    'contributorInsightsSpecification',
    { contributorInsightsSpecification: { enabled: true, mode: ContributorInsightsMode.THROTTLED_KEYS } },
    { ContributorInsightsSpecification: { Enabled: true, Mode: 'THROTTLED_KEYS' } },
  ],
  [
    'tags',
    { tags: { team: 'billing' } },
    {
      Tags: [
        { Key: 'lynk', Value: 'lock-table' },
        { Key: 'team', Value: 'billing' },
      ],
    },
  ],
  [
    'resourcePolicy',
    {
      resourcePolicy: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ['dynamodb:GetItem'],
            principals: [new AccountPrincipal('210987654321')],
            resources: ['*'],
          }),
        ],
      }),
    },
    { ResourcePolicy: { PolicyDocument: { Statement: [expect.objectContaining({ Action: 'dynamodb:GetItem' })] } } },
  ],
];
test.each(onReplica)('%s', (_, props, expected) => {
  expect(tableOf(props).own).toMatchObject(expected);
});

test('timeToLive: false', () => {
  expect(tableOf({ timeToLive: false }).properties).not.toHaveProperty('TimeToLiveSpecification');
});

test.each([
  [RemovalPolicy.RETAIN, 'Retain'],
  [RemovalPolicy.DESTROY, 'Delete'],
])('removalPolicy: %s', (removalPolicy, expected) => {
  const { resource } = tableOf({ removalPolicy });
  expect(resource).toMatchObject({ DeletionPolicy: expected, UpdateReplacePolicy: expected });
});

test('applyRemovalPolicy and the default child reach the table', () => {
  const stack = newStack();
  const locks = new LynkLockTable(stack, 'Locks');
  locks.applyRemovalPolicy(RemovalPolicy.RETAIN);
  (locks.node.defaultChild as CfnGlobalTable).addPropertyOverride('TableName', 'through-the-hatch');

  const { properties, resource } = tableIn(stack);
  expect(resource).toMatchObject({ DeletionPolicy: 'Retain' });
  expect(properties).toMatchObject({ TableName: 'through-the-hatch' });
});

test('encryption, with a customer managed key', () => {
  const stack = newStack({ env: ENV });
  const encryption = TableEncryptionV2.customerManagedKey(new Key(stack, 'Key'));
  const { properties, own } = tableOf({ encryption }, stack);

  expect(properties).toMatchObject({ SSESpecification: { SSEEnabled: true, SSEType: 'KMS' } });
  expect(own).toMatchObject({ SSESpecification: { KMSMasterKeyId: expect.anything() } });
});

test('replicas: strongly consistent, without TTL, each with the tag', () => {
  const { properties, replicas } = tableOf({ replicas: REPLICAS, tags: { team: 'billing' } }, newStack({ env: ENV }));

  expect(properties).toMatchObject({ MultiRegionConsistency: 'STRONG' });
  expect(properties).not.toHaveProperty('TimeToLiveSpecification');
  expect(new Set(replicas.map(({ Region }) => Region))).toEqual(new Set(['eu-central-1', 'eu-west-1', 'eu-west-2']));
  expect(replicas).toHaveLength(3);
  for (const replica of replicas) {
    expect(replica).toMatchObject({ Tags: expect.arrayContaining([{ Key: 'lynk', Value: 'lock-table' }]) });
    expect(replica).toMatchObject({ Tags: expect.arrayContaining([{ Key: 'team', Value: 'billing' }]) });
  }
});

test('witnessRegion, and multiRegionConsistency said aloud', () => {
  const props = {
    replicas: REPLICAS.slice(0, 1),
    witnessRegion: 'eu-central-1',
    multiRegionConsistency: MultiRegionConsistency.STRONG,
  };
  expect(tableOf(props, newStack({ env: ENV })).properties).toMatchObject({
    GlobalTableWitnesses: [{ Region: 'eu-central-1' }],
    MultiRegionConsistency: 'STRONG',
  });
});

test('client defaults change nothing of the table', () => {
  const defaults = { leaseDuration: Duration.seconds(5), waitDuration: Duration.minutes(1) };
  expect(tableOf({ ...defaults, clockTolerance: Duration.seconds(4) }).properties).toEqual(tableOf({}).properties);
});

test('addToResourcePolicy', () => {
  const stack = newStack();
  const principals = [new AccountPrincipal('210987654321')];
  const statement = new PolicyStatement({ actions: ['dynamodb:GetItem'], principals, resources: ['*'] });
  new LynkLockTable(stack, 'Locks').addToResourcePolicy(statement);
  expect(tableIn(stack).own).toHaveProperty('ResourcePolicy.PolicyDocument.Statement');
});

test('the tag is on the table alone, and a tag of the stack does not replace it', () => {
  const stack = newStack();
  new Key(stack, 'Key');
  Tags.of(stack).add('lynk', 'something else');
  Tags.of(stack).add('team', 'billing');
  const { own } = tableOf({}, stack);
  expect(own).toMatchObject({ Tags: expect.arrayContaining([{ Key: 'lynk', Value: 'lock-table' }]) });
});
