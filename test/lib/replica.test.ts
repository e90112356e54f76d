import { App, Duration, Stack } from 'aws-cdk-lib';
import { TableEncryptionV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LynkLockTable, type LynkLockTableProps } from '../../lib/index.js';
import { deployed } from './definition.js';
import { ENV, environmentIn, newFunction, statementsIn } from './stack.js';

const REPLICAS = [{ region: 'eu-west-2' }, { region: 'eu-central-1' }];

function prepare(props: LynkLockTableProps = {}) {
  const app = new App();
  const home = new Stack(app, 'Home', { env: ENV });
  const there = new Stack(app, 'There', { env: { ...ENV, region: 'eu-west-2' } });
  return {
    home,
    there,
    make: () => new LynkLockTable(home, 'Locks', { tableName: 'locks', replicas: REPLICAS, ...props }),
  };
}
const arnIn = (region: string) => `arn:aws:dynamodb:${region}:123456789012:table/locks`;
const roleIn = (stack: Stack) => new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
const arns = (stack: Stack) => [statementsIn(stack)[0]?.Resource].flat().map(deployed);

test('a replica is a lock table of its Region’s stack', () => {
  const { there, make } = prepare({ leaseDuration: Duration.seconds(20) });
  const replica = make().replica(there, 'Locks');
  replica.connect(newFunction(there, 'Fn', { timeout: Duration.minutes(1) }));
  expect(replica.env).toMatchObject({ region: 'eu-west-2' });
  expect(replica.replicaRegions).toEqual(['eu-west-1', 'eu-central-1']);
  expect(environmentIn(there)).toEqual({ LYNK_TABLE_NAME: 'locks', LYNK_LEASE_SECONDS: '20' });
  expect(arns(there)).toEqual(['eu-west-2', 'eu-west-1', 'eu-central-1'].map(arnIn));
  expect(statementsIn(there)[0]?.Action).not.toContain('dynamodb:ConditionCheckItem');
  expect(replica.metricContention().toMetricConfig().metricStat).toMatchObject({ region: 'eu-west-2' });
});

test('with the key of that Region', () => {
  const { home, there, make } = prepare();
  const keyArn = 'arn:aws:kms:eu-west-2:123456789012:key/two';
  const replicaKeys = { 'eu-west-2': keyArn, 'eu-central-1': keyArn.replace('west-2', 'central-1') };
  const encryption = TableEncryptionV2.customerManagedKey(new Key(home, 'Key'), replicaKeys);
  const locks = new LynkLockTable(home, 'Encrypted', { tableName: 'encrypted', replicas: REPLICAS, encryption });
  locks.replica(there, 'Locks').grantInspect(roleIn(there));
  expect(statementsIn(there)).toContainEqual(expect.objectContaining({ Resource: keyArn }));
  make();
});

test.each([undefined, 'us-east-1'])('there is none in the Region %s', (region) => {
  const { home, make } = prepare();
  expect(() => make().replica(home, 'Replica', region)).toThrow(
    `\`region\` is "${region ?? 'eu-west-1'}", but the table's \`replicas\` are in ["eu-west-2","eu-central-1"]`,
  );
});

describe('grant', () => {
  test('any action, on the table and its replicas', () => {
    const { home, make } = prepare();
    make().grant(roleIn(home), 'dynamodb:PutItem', 'dynamodb:DescribeTable').assertSuccess();
    const [statement] = statementsIn(home);
    expect(statement?.Action).toEqual(['dynamodb:PutItem', 'dynamodb:DescribeTable']);
    expect(statement?.Resource).toHaveLength(3);
  });

  test.each([[['PutItem']], [['s3:GetObject']], [[]]])('%j is refused', (actions) => {
    const { home, make } = prepare();
    expect(() => make().grant(roleIn(home), ...actions)).toThrow('`actions` are each an action of DynamoDB, such as');
  });
});

test('metrics by name, and of what locks cost', () => {
  const locks = prepare().make();
  const statOf = (metric: { toMetricConfig(): object }) =>
    (metric.toMetricConfig() as { metricStat: object }).metricStat;
  const common = { namespace: 'AWS/DynamoDB', dimensions: [{ name: 'TableName', value: locks.tableName }] };
  expect(statOf(locks.metric('OnlineIndexPercentageProgress', { statistic: 'Maximum' }))).toMatchObject({
    ...common,
    metricName: 'OnlineIndexPercentageProgress',
    statistic: 'Maximum',
  });
  for (const kind of ['Read', 'Write'] as const) {
    const metricName = `Consumed${kind}CapacityUnits`;
    expect(statOf(locks[`metric${metricName}` as 'metricConsumedReadCapacityUnits']())).toMatchObject({
      ...common,
      metricName,
      statistic: 'Sum',
    });
  }
});
