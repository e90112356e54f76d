import { Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LynkLockTable } from '../../lib/index.js';
import { ENV, environmentIn, newFunction, newStack, statementsIn } from './stack.js';

const ARN = 'arn:aws:dynamodb:eu-west-1:123456789012:table/locks';
const stackWithRegion = (): Stack => newStack({ env: ENV });
const made = {
  byName: (stack: Stack) => LynkLockTable.fromLynkLockTableName(stack, 'Locks', 'locks'),
  byArn: (stack: Stack) => LynkLockTable.fromLynkLockTableArn(stack, 'Locks', ARN),
  byNameAttribute: (stack: Stack) => LynkLockTable.fromLynkLockTableAttributes(stack, 'Locks', { tableName: 'locks' }),
  byArnAttribute: (stack: Stack) => LynkLockTable.fromLynkLockTableAttributes(stack, 'Locks', { tableArn: ARN }),
};

test.each(Object.entries(made))('a table that is there already, %s', (_, make) => {
  const stack = stackWithRegion();
  const locks = make(stack);
  const fn = newFunction(stack, 'Fn', { timeout: Duration.minutes(1) });
  locks.connect(fn, { names: ['a'] });

  expect(stack.resolve(locks.tableName)).toBe('locks');
  expect(locks.tableRef).toEqual({ tableName: locks.tableName, tableArn: locks.tableArn });
  expect(locks.env).toMatchObject({ region: 'eu-west-1' });
  expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: 'locks' });
  const [statement] = statementsIn(stack);
  expect(JSON.stringify(statement?.Resource)).toMatch(/:dynamodb:eu-west-1:123456789012:table\/locks/);
  Template.fromStack(stack).resourceCountIs('AWS::DynamoDB::GlobalTable', 0);
});

test('what else is known of it', () => {
  const stack = stackWithRegion();
  const locks = LynkLockTable.fromLynkLockTableAttributes(stack, 'Locks', {
    tableArn: ARN,
    encryptionKey: new Key(stack, 'Key'),
    replicaRegions: ['eu-west-2'],
    leaseDuration: Duration.seconds(7),
  });
  locks.connect(newFunction(stack));

  expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: 'locks', LYNK_LEASE_SECONDS: '7' });
  const [onTable, onKey] = statementsIn(stack);
  expect(onTable?.Resource).toEqual([ARN, ARN.replace('eu-west-1', 'eu-west-2')]);
  expect(onKey?.Action).toContain('kms:Decrypt');
});

test('a table of another Region keeps it', () => {
  const stack = stackWithRegion();
  const locks = LynkLockTable.fromLynkLockTableArn(stack, 'Locks', ARN.replace('eu-west-1', 'us-east-1'));
  expect(locks.env.region).toBe('us-east-1');
});

test.each([
  ['neither', {}, '`tableName` or `tableArn` has to be given, got neither'],
  ['both', { tableName: 'locks', tableArn: ARN }, '`tableArn` ("arn:aws'],
  ['no ARN', { tableArn: 'locks' }, '`tableArn` has the form arn:<partition>'],
  ['an index’s ARN', { tableArn: `${ARN}/index/all` }, '`tableArn` has the form'],
  ['a bad name', { tableName: 'a b' }, '`tableName` has 3 to 255'],
  ['a bad lease', { tableName: 'locks', leaseDuration: Duration.seconds(0) }, '`leaseDuration`'],
])('%s is refused', (_, attributes, message) => {
  expect(() => LynkLockTable.fromLynkLockTableAttributes(newStack(), 'Locks', attributes)).toThrow(message);
});
