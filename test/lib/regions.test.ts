import { App, Aws, Duration, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { DefinitionBody, StateMachine, Wait, WaitTime } from 'aws-cdk-lib/aws-stepfunctions';
import { type ILynkLockTable, LynkLockTable } from '../../lib/index.js';
import { definitionIn, deployed } from './definition.js';
import { ENV, environmentIn, newFunction } from './stack.js';

/** What is told to whoever is in another Region than the table. */
const HOME = { account: ENV.account, region: 'eu-west-1' };
const REPLICAS = [{ region: 'eu-west-2' }, { region: 'eu-central-1' }];
const REFUSED = /^the lock table is in "eu-west-1", but requests from here go to "us-east-1": replicate it there/;

function prepare(region: string | undefined, account = ENV.account) {
  const app = new App();
  const home = new Stack(app, 'Home', { env: HOME });
  const stack = new Stack(app, 'Test', region === undefined ? {} : { env: { region, account } });
  return { app, home, stack };
}
type Prepared = ReturnType<typeof prepare>;
const ARN = 'arn:aws:dynamodb:eu-west-1:123456789012:table/locks';

const TABLES: [string, (prepared: Prepared, replicaRegions?: string[]) => ILynkLockTable][] = [
  [
    'of this app',
    ({ home }, regions = []) =>
      new LynkLockTable(home, 'Locks', { tableName: 'locks', ...(regions.length > 0 && { replicas: REPLICAS }) }),
  ],
  [
    'imported by its ARN',
    ({ stack }, replicaRegions = []) =>
      LynkLockTable.fromLynkLockTableAttributes(stack, 'Locks', { tableArn: ARN, replicaRegions }),
  ],
  [
    'imported by its name, elsewhere',
    ({ home }, replicaRegions = []) =>
      LynkLockTable.fromLynkLockTableAttributes(home, 'Locks', { tableName: 'locks', replicaRegions }),
  ],
];
const USES: [string, (locks: ILynkLockTable, stack: Stack) => unknown][] = [
  [
    'connect',
    (locks, stack) => {
      const assumedBy = new ServicePrincipal('lambda.amazonaws.com');
      const role = new Role(stack, 'Role', { roleName: 'billing', assumedBy });
      locks.connect(newFunction(stack, 'Fn', { role, timeout: Duration.minutes(1) }));
      return environmentIn(stack)['LYNK_TABLE_NAME'];
    },
  ],
  [
    'protect',
    (locks, stack) => {
      const steps = locks.protect(new Wait(stack, 'Work', { time: WaitTime.duration(Duration.seconds(1)) }), {
        name: 'nightly',
      });
      new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(steps) });
      const { States } = definitionIn(stack);
      const acquire = States['Work lock: acquire'] as unknown as { Arguments: { TableName: string } };
      return acquire.Arguments.TableName;
    },
  ],
];
const CASES = TABLES.flatMap(([table, make]) => USES.map(([use, run]) => [use, table, make, run] as const));

describe.each(CASES)('%s, with a table %s', (_, __, make, run) => {
  test('in a Region without a replica', () => {
    const prepared = prepare('us-east-1');
    expect(() => run(make(prepared), prepared.stack)).toThrow(REFUSED);
    const replicated = prepare('us-east-1');
    expect(() => run(make(replicated, ['eu-west-2', 'eu-central-1']), replicated.stack)).toThrow(REFUSED);
  });

  test('in a Region with one: by the name that it has there', () => {
    const prepared = prepare('eu-west-2');
    expect(run(make(prepared, ['eu-west-2', 'eu-central-1']), prepared.stack)).toBe('locks');
  });

  test('and in another account: by the ARN of the replica', () => {
    const prepared = prepare('eu-west-2', '210987654321');
    const told = run(make(prepared, ['eu-west-2', 'eu-central-1']), prepared.stack);
    expect(deployed(told)).toBe(ARN.replace('eu-west-1', 'eu-west-2'));
  });
});

test('a witness keeps no entries', () => {
  const { home, stack } = prepare('eu-west-3');
  const props = { tableName: 'locks', replicas: REPLICAS.slice(0, 1), witnessRegion: 'eu-west-3' };
  expect(() => new LynkLockTable(home, 'Locks', props).connect(newFunction(stack))).toThrow('requests from here go to');
});

test('where nobody knows the Region, or that of a replica, nothing is refused', () => {
  const { stack } = prepare(undefined);
  LynkLockTable.fromLynkLockTableArn(stack, 'Locks', ARN).connect(newFunction(stack));
  expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: 'locks' });

  const known = prepare('us-east-1').stack;
  const attributes = { tableArn: ARN, replicaRegions: [Aws.REGION] };
  LynkLockTable.fromLynkLockTableAttributes(known, 'Locks', attributes).connect(newFunction(known));
  expect(environmentIn(known)).toEqual({ LYNK_TABLE_NAME: 'locks' });
});
