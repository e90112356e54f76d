import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { type Ended, FakeAws } from './fake-aws.js';

/** The pinned CDK CLI, deploying for real to a CloudFormation of this machine. The tests go on from each other. */
let aws: FakeAws;
beforeAll(async () => {
  aws = await FakeAws.start();
  expectSuccess(await aws.bootstrap());
});
afterAll(() => aws?.stop());

function expectSuccess(ended: Ended): void {
  if (ended.code !== 0) throw new Error(`${ended.output}\n--- the server ---\n${aws.lastWords()}`);
}
/** Without change sets, which moto answers badly, and previous parameters, of which it forgets those by default. */
const HOW = ['--method=direct', '--no-previous-parameters', '--require-approval', 'never'];
const deploy = async (...args: string[]): Promise<void> => expectSuccess(await aws.cdk('deploy', ...HOW, ...args));
const diff = (...args: string[]): Promise<Ended> => aws.cdk('diff', '--method=template', '--fail', ...args);
const destroy = (...args: string[]): Promise<Ended> => aws.cdk('destroy', '--force', ...args);

/** What `cdk list` says for a table of that name. */
const stacksFor = async (tableName: string): Promise<string[]> =>
  (await aws.cdk('list', '-c', `tableName=${tableName}`)).output.trim().split('\n');

describe('the app in bin/, instead of lynk’s commands', () => {
  const named = ['-c', 'tableName=quick'];

  test('cdk deploy creates the table that locks need', async () => {
    await deploy(...named);
    const { tables } = await aws.deployed();
    expect(Object.keys(tables)).toEqual(['quick']);
    expect(tables['quick']).toMatchObject({
      key: [{ AttributeName: 'lockKey', KeyType: 'HASH' }],
      billing: 'PAY_PER_REQUEST',
      timeToLive: { TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' },
      recovery: 'DISABLED',
      deletionProtection: false,
      tags: { lynk: 'lock-table' },
    });
  });

  test('cdk list and cdk diff', async () => {
    expect(await stacksFor('quick')).toContain('LynkLocks-quick');
    expectSuccess(await diff(...named));
    expect((await diff('-c', 'tableName=other')).code).toBe(1);
  });

  test('no two tables share a stack, in which one would take the place of the other', async () => {
    const listed = [await stacksFor('a.b'), await stacksFor('a_b'), await stacksFor('a-b')];
    const [dotted, underscored, dashed] = listed.map((names) => names.find((name) => name.startsWith('LynkLocks-a-b')));
    expect(dashed).toBe('LynkLocks-a-b');
    expect(new Set([dotted, underscored, dashed]).size).toBe(3);
  });

  test('Python’s lynk lists it', async () => {
    expect(await aws.lynk('list-tables')).toEqual(['quick']);
  });

  test('cdk destroy leaves nothing', async () => {
    expectSuccess(await destroy(...named));
    expect(await aws.deployed()).toMatchObject({ tables: {}, stacks: { CDKToolkit: 'CREATE_COMPLETE' } });
    expect(await aws.lynk('list-tables')).toEqual([]);
  });
});

/** What the handler answers, run with this environment. */
async function invoke(account: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  Object.assign(process.env, aws.environment, environment);
  const { handler } = await import('./handler.js');
  return handler({ account }, { awsRequestId: 'test', getRemainingTimeInMillis: () => 20_000 });
}

test('a table that Python’s lynk has created is used, and listed beside ours', async () => {
  await aws.lynk('create-table', 'from-python');
  expect(await invoke('1', { LYNK_TABLE_NAME: 'from-python' })).toBe('charged');
  expect(await aws.lynk('list-tables')).toEqual(['from-python']);
  await aws.lynk('delete-table', 'from-python');
  expect(await aws.lynk('list-tables')).toEqual([]);
});

describe('a stack of one’s own', () => {
  const app = ['--app', 'node --import tsx test/deploy/app.ts'];

  test('is deployed: table, function, alarms, dashboard, resource group', async () => {
    await deploy(...app);
    const { tables, environments, alarms, dashboards, groupTags } = await aws.deployed();
    expect(tables['suite-locks']).toMatchObject({ tags: { lynk: 'lock-table', project: 'suite' } });
    expect(environments).toEqual([{ LYNK_TABLE_NAME: 'suite-locks', LYNK_LEASE_SECONDS: '2' }]);
    expect(alarms).toHaveLength(4);
    expect(dashboards).toEqual(['suite-locks']);
    expect(groupTags).toEqual([{ lynk: 'lock-tables', project: 'suite' }]);
  });

  test('its function locks and unlocks', async () => {
    const [environment] = (await aws.deployed()).environments;
    let ended = false;
    const both = Promise.all([invoke('42', environment), invoke('42', environment)]).finally(() => {
      ended = true;
    });
    const client = new DynamoDBClient();
    const entries = async () => (await client.send(new ScanCommand({ TableName: 'suite-locks' }))).Items ?? [];

    const seen = new Set<string | undefined>();
    const watch = (async () => {
      while (seen.size === 0 && !ended) for (const item of await entries()) seen.add(item['lockKey']?.S);
    })();
    expect(await both).toEqual(['charged', 'charged']);
    await watch;
    expect(seen).toEqual(new Set(['account/42']));
    expect(await entries()).toEqual([]);
    client.destroy();
  });

  test('nothing but its table is listed by Python’s lynk', async () => {
    expect(await aws.lynk('list-tables')).toEqual(['suite-locks']);
  });

  test('a changed prop is seen by diff, deployed, and then no longer seen', async () => {
    const changed = [...app, '-c', 'recoveryDays=7', '-c', 'timeToLive=no'];
    const before = await diff(...changed);
    expect(before.code).toBe(1);
    expect(before.output).toContain('PointInTimeRecoverySpecification');

    await deploy(...changed);
    const { tables } = await aws.deployed();
    expect(tables['suite-locks']).toMatchObject({ recovery: 'ENABLED', recoveryDays: 7 });
    expect(tables['suite-locks']).toMatchObject({ timeToLive: { TimeToLiveStatus: 'DISABLED' } });
    expectSuccess(await diff(...changed));
  });

  test('deletion protection refuses, and the stack and its table stay', async () => {
    const guarded = [...app, '-c', 'protected=yes'];
    await deploy(...guarded);
    const refused = await destroy(...guarded);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/deletion protection|DELETE_FAILED/i);
    const { tables, stacks } = await aws.deployed();
    expect(tables['suite-locks']).toMatchObject({ deletionProtection: true });
    expect(stacks).toMatchObject({ LynkSuite: 'DELETE_FAILED' });
  });

  test('RETAIN keeps the table when its stack goes', async () => {
    const retained = [...app, '-c', 'retain=yes'];
    await deploy(...retained);
    expect((await aws.deployed()).tables['suite-locks']).toMatchObject({ deletionProtection: false });
    expectSuccess(await destroy(...retained));
    const { tables, stacks, ...others } = await aws.deployed();
    expect(Object.keys(tables)).toEqual(['suite-locks']);
    expect(Object.keys(stacks)).toEqual(['CDKToolkit']);
    expect(others).toEqual({ environments: [], alarms: [], dashboards: [], groupTags: [] });
  });
});
