import { App, Duration, Lazy, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  type CfnGlobalTable,
  ContributorInsightsMode,
  type ITableV2,
  MultiRegionConsistency,
  TableV2MultiAccountReplica,
} from 'aws-cdk-lib/aws-dynamodb';
import fc from 'fast-check';
import { LynkLockTable, type LynkLockTableProps } from '../../lib/index.js';
import { ENV, newStack, tableOf } from './stack.js';

const REPLICAS = [{ region: 'eu-west-2' }, { region: 'eu-central-1' }];

const refused: [string, LynkLockTableProps, string][] = [
  ['a short name', { tableName: 'ab' }, '`tableName` has 3 to 255 letters, digits, "_", "-" and ".", got "ab"'],
  ['an empty name', { tableName: '' }, '`tableName` has'],
  ['a name with a slash', { tableName: 'my/locks' }, 'got "my/locks"'],
  ['a long name', { tableName: 'x'.repeat(256) }, '`tableName` has'],
  [
    'a lease under 1 s',
    { leaseDuration: Duration.millis(500) },
    '`leaseDuration` is a whole number of seconds from 1 to 86400, got 0.5 s',
  ],
  ['no lease', { leaseDuration: Duration.seconds(0) }, '`leaseDuration` is a whole number of seconds from 1 to 86400'],
  ['a lease over 1 day', { leaseDuration: Duration.seconds(86_401) }, 'got 86401 s'],
  ['a lease that is not whole', { leaseDuration: Duration.millis(1500) }, 'got 1.5 s'],
  ['a wait over 1 day', { waitDuration: Duration.days(2) }, '`waitDuration` is a number of seconds from 0 to 86400'],
  [
    'a tolerance under 2 s',
    { clockTolerance: Duration.seconds(1) },
    '`clockTolerance` is a whole number of seconds from 2 to 86400, got 1 s',
  ],
  ['a tolerance that is not whole', { clockTolerance: Duration.millis(2500) }, 'got 2.5 s'],
  ['a witness alone', { witnessRegion: 'eu-west-3' }, '`witnessRegion` is "eu-west-3", but there are no `replicas`'],
  [
    'consistency of nothing',
    { multiRegionConsistency: MultiRegionConsistency.STRONG },
    '`multiRegionConsistency` is "STRONG", but there are no `replicas`',
  ],
  [
    'eventual consistency',
    { replicas: REPLICAS, multiRegionConsistency: MultiRegionConsistency.EVENTUAL },
    '`multiRegionConsistency` is "EVENTUAL": with eventual consistency two Regions would both acquire the same lock',
  ],
  ['two Regions', { replicas: REPLICAS.slice(0, 1) }, '`replicas` are in ["eu-west-2"]: multi-Region strong'],
  [
    'three Regions and a witness',
    { replicas: REPLICAS, witnessRegion: 'eu-west-3' },
    '`replicas` are in ["eu-west-2","eu-central-1"], `witnessRegion` is "eu-west-3"',
  ],
  [
    'a witness at home',
    { replicas: REPLICAS.slice(0, 1), witnessRegion: 'eu-west-1' },
    '`witnessRegion` is "eu-west-1", the Region of the stack: a witness is in a third Region',
  ],
  [
    'a witness in the Region of a replica',
    { replicas: REPLICAS.slice(0, 1), witnessRegion: 'eu-west-2' },
    '`witnessRegion` is "eu-west-2", that of a replica: a witness is in a third Region',
  ],
  ['TTL with replicas', { replicas: REPLICAS, timeToLive: true }, '`timeToLive` is true, but there are `replicas`'],
  ['no warmth', { warmThroughput: { readUnitsPerSecond: 0 } }, '`warmThroughput.readUnitsPerSecond` is a whole number'],
  [
    'part of a unit',
    { warmThroughput: { writeUnitsPerSecond: 0.5 } },
    '`warmThroughput.writeUnitsPerSecond` is a whole number, at least 1, got 0.5',
  ],
  [
    'a mode of nothing',
    { contributorInsightsSpecification: { enabled: false, mode: ContributorInsightsMode.THROTTLED_KEYS } },
    '`contributorInsightsSpecification.mode` is "THROTTLED_KEYS", but `enabled` is false',
  ],
  ['the tag with another value', { tags: { lynk: 'mine' } }, '`tags` gives `lynk` the value "mine"'],
  ['a tag of AWS', { tags: { 'aws:team': 'billing' } }, '`tags` has the key "aws:team"'],
  [
    'the tag with another value at a replica',
    { replicas: [{ region: 'eu-west-2' }, { region: 'eu-central-1', tags: [{ key: 'lynk', value: 'x' }] }] },
    '`tags` of the replica in "eu-central-1" gives `lynk` the value "x", but lock tables are found by it',
  ],
  ['a snapshot', { removalPolicy: RemovalPolicy.SNAPSHOT }, '`removalPolicy` is "snapshot"'],
  // These are left to TableV2, and reach the user all the same.
  [
    'backups for 40 days',
    { pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: 40 } },
    '`recoveryPeriodInDays`',
  ],
  [
    'days of no backups',
    { pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: false, recoveryPeriodInDays: 4 } },
    '`recoveryPeriodInDays`',
  ],
  ['a replica at home', { replicas: [{ region: 'eu-west-1' }, { region: 'eu-west-2' }] }, 'same region'],
  ['a replica far away', { replicas: [{ region: 'us-east-1' }, { region: 'eu-west-2' }] }, 'us-east-1'],
];
test.each(refused)('%s is refused', (_, props, message) => {
  expect(() => tableOf(props, newStack({ env: ENV }))).toThrow(message);
});

test('a refusal says where', () => {
  expect(() => tableOf({ tableName: 'ab' })).toThrow(/\[at Test\/Locks\]$/);
});

test('what deploy alone can know is not refused', () => {
  const tableName = Lazy.string({ produce: () => 'later' });
  const leaseDuration = Duration.seconds(Lazy.number({ produce: () => 7 }));
  expect(tableOf({ tableName, leaseDuration, tags: { lynk: 'lock-table' } }).properties).toMatchObject({
    TableName: 'later',
  });
});

test('any lease that the client takes is taken, and no other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 90_000_000 }), (millis) => {
      const make = () => new LynkLockTable(newStack(), 'Locks', { leaseDuration: Duration.millis(millis) });
      const isFine = millis % 1000 === 0 && millis >= 1000 && millis <= 86_400_000;
      if (isFine) expect(make).not.toThrow();
      else expect(make).toThrow('`leaseDuration`');
    }),
    { numRuns: 40, examples: [[1000], [86_400_000], [999], [86_401_000]] },
  );
});

test('replicas that are added past the props are refused at synth', () => {
  const app = new App();
  const locks = new LynkLockTable(new Stack(app, 'Test', { env: ENV }), 'Locks');
  locks.table.addReplica({ region: 'eu-west-2' });
  expect(() => app.synth()).toThrow(/two Regions would both acquire/);
});

const STRONG = [{ replicas: REPLICAS }, { replicas: REPLICAS.slice(0, 1), witnessRegion: 'eu-central-1' }];

test.each(STRONG)('strong replicas pass the same check: %j', (props) => {
  const app = new App();
  new LynkLockTable(new Stack(app, 'Test', { env: ENV }), 'Locks', props);
  expect(() => app.synth()).not.toThrow();
});

test.each(STRONG)('but not with one more than there can be: %j', (props) => {
  const app = new App();
  const locks = new LynkLockTable(new Stack(app, 'Test', { env: ENV }), 'Locks', props);
  locks.table.addReplica({ region: 'eu-west-3' });
  expect(() => app.synth()).toThrow(/"eu-west-3".*: multi-Region strong consistency takes three Regions, or two and/);
});

test('a global table in a stack without a Region is refused', () => {
  expect(() => tableOf({ replicas: REPLICAS })).toThrow('region agnostic');
});

const RAW: [string, LynkLockTableProps, (table: CfnGlobalTable) => void, RegExp][] = [
  [
    'one more',
    {},
    (table) => table.addPropertyOverride('Replicas.1', { Region: 'eu-west-2' }),
    /"eu-west-2".*two Regions/,
  ],
  [
    'another consistency',
    { replicas: REPLICAS },
    (table) => table.addPropertyOverride('MultiRegionConsistency', 'EVENTUAL'),
    /two Regions would both acquire/,
  ],
  [
    'no consistency',
    { replicas: REPLICAS },
    (table) => table.addPropertyDeletionOverride('MultiRegionConsistency'),
    /two Regions would both acquire/,
  ],
  [
    'a condition',
    {},
    (table) => table.addPropertyOverride('Replicas', { 'Fn::If': ['IsLive', [], []] }),
    /"Fn::If".*two Regions would both acquire/,
  ],
  [
    'no witness',
    { replicas: REPLICAS.slice(0, 1), witnessRegion: 'eu-central-1' },
    (table) => table.addPropertyDeletionOverride('GlobalTableWitnesses'),
    /takes three Regions, or two and a `witnessRegion`/,
  ],
];

test.each(RAW)('raw overrides that make it unsafe are refused at synth: %s', (_, props, override, message) => {
  const app = new App();
  const locks = new LynkLockTable(new Stack(app, 'Test', { env: ENV }), 'Locks', props);
  override(locks.node.defaultChild as CfnGlobalTable);
  expect(() => app.synth()).toThrow(message);
});

test('raw overrides that make it safe are taken', () => {
  const app = new App();
  const locks = new LynkLockTable(new Stack(app, 'Test', { env: ENV }), 'Locks');
  locks.table.addReplica({ region: 'eu-west-2' });
  locks.table.addReplica({ region: 'eu-central-1' });
  (locks.node.defaultChild as CfnGlobalTable).addPropertyOverride('MultiRegionConsistency', 'STRONG');
  expect(() => app.synth()).not.toThrow();
});

test('a replica in another account is refused', () => {
  const app = new App();
  const locks = new LynkLockTable(new Stack(app, 'Test', { env: ENV }), 'Locks', { tableName: 'locks' });
  const elsewhere = new Stack(app, 'Elsewhere', { env: { account: '210987654321', region: 'eu-west-2' } });
  const replicaSourceTable = locks.table as ITableV2;
  new TableV2MultiAccountReplica(elsewhere, 'Replica', { tableName: 'locks', replicaSourceTable });
  expect(() => app.synth()).toThrow(/"Elsewhere\/Replica\/Resource" is a replica of it: with eventual consistency two/);
});
