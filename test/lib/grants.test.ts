import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { TableEncryptionV2 } from 'aws-cdk-lib/aws-dynamodb';
import { AccountPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { JsonPath } from 'aws-cdk-lib/aws-stepfunctions';
import { LynkLockGrants, LynkLockTable, type LynkLockTableProps } from '../../lib/index.js';
import { ENV, newFunction, newStack, statementsIn, tableIn } from './stack.js';

const REPLICAS = [{ region: 'eu-west-2' }, { region: 'eu-central-1' }];
const BREAK = ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];
const LOCK = [
  'dynamodb:BatchGetItem',
  'dynamodb:GetItem',
  'dynamodb:UpdateItem',
  'dynamodb:ConditionCheckItem',
  'dynamodb:DeleteItem',
];
const limitedTo = (...names: string[]) => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': names },
  Null: { 'dynamodb:LeadingKeys': 'false' },
});

function prepare(props: LynkLockTableProps = {}, stack = newStack({ env: ENV })) {
  const locks = new LynkLockTable(stack, 'Locks', props);
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
  return { stack, locks, role };
}
const TABLE = { 'Fn::GetAtt': [expect.stringMatching(/^LocksTable/), 'Arn'] };

test.each([
  ['grantLock', LOCK],
  ['grantInspect', ['dynamodb:GetItem', 'dynamodb:Scan']],
  ['grantBreak', BREAK],
] as const)('%s allows these actions, on the table alone', (grant, actions) => {
  const { stack, locks, role } = prepare();
  locks[grant](role).assertSuccess();
  expect(statementsIn(stack)).toEqual([{ Effect: 'Allow', Action: actions, Resource: TABLE }]);
});

test.each([
  ['grantLock', LOCK],
  ['grantInspect', 'dynamodb:GetItem'],
  ['grantBreak', BREAK],
] as const)('%s for some names: on condition of the key, and never where there is none', (grant, actions) => {
  const { stack, locks, role } = prepare();
  locks[grant](role, { names: ['account/*', 'nightly'] });
  const Condition = limitedTo('account/*', 'nightly');
  expect(statementsIn(stack)).toEqual([{ Effect: 'Allow', Action: actions, Resource: TABLE, Condition }]);
});

test('the shorthands and the facade grant the same', () => {
  const shorthands = prepare();
  shorthands.locks.grantLock(shorthands.role, { names: ['a'] });
  shorthands.locks.grantInspect(shorthands.role, { names: ['b'] });
  shorthands.locks.grantBreak(shorthands.role, { names: ['c'] });
  const facade = prepare();
  facade.locks.grants.holdLocks(facade.role, { names: ['a'] });
  facade.locks.grants.inspectLocks(facade.role, { names: ['b'] });
  facade.locks.grants.breakLocks(facade.role, { names: ['c'] });

  expect(statementsIn(facade.stack)).toEqual(statementsIn(shorthands.stack));
  expect(statementsIn(facade.stack)).toHaveLength(3);
});

test('grants on a table that this package knows nothing of', () => {
  const { stack, locks, role } = prepare();
  new LynkLockGrants({ table: locks.table }).holdLocks(role);
  expect(statementsIn(stack)).toEqual([{ Effect: 'Allow', Action: LOCK, Resource: TABLE }]);
});

const keyUse = (actions: string[], Resource: unknown) => ({ Effect: 'Allow', Action: actions, Resource });
const KEY = { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] };
const READ_KEY = ['kms:Decrypt', 'kms:DescribeKey'];
const USE_KEY = [
  ...READ_KEY,
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
];

test.each([
  ['grantLock', USE_KEY],
  ['grantInspect', READ_KEY],
  ['grantBreak', USE_KEY],
] as const)('%s includes what DynamoDB needs of a customer managed key', (grant, actions) => {
  const stack = newStack({ env: ENV });
  const encryption = TableEncryptionV2.customerManagedKey(new Key(stack, 'Key'));
  const { locks, role } = prepare({ encryption }, stack);
  locks[grant](role);
  expect(statementsIn(stack)).toContainEqual(keyUse([...actions], KEY));
});

test('grants reach the replicas, and their keys', () => {
  const stack = newStack({ env: ENV });
  const replicaKeys = {
    'eu-west-2': 'arn:aws:kms:eu-west-2:123456789012:key/two',
    'eu-central-1': 'arn:aws:kms:eu-central-1:123456789012:key/three',
  };
  const encryption = TableEncryptionV2.customerManagedKey(new Key(stack, 'Key'), replicaKeys);
  const { locks, role } = prepare({ tableName: 'locks', encryption, replicas: REPLICAS }, stack);
  locks.grantLock(role);
  // Where all Regions agree, there are no transactions.
  expect(JSON.stringify(statementsIn(stack))).not.toContain('ConditionCheckItem');

  const [onTables, ...onKeys] = statementsIn(stack);
  const resources = JSON.stringify(onTables?.Resource);
  expect(onTables?.Resource).toHaveLength(3);
  for (const region of ['eu-west-2', 'eu-central-1'])
    expect(resources).toContain(`:dynamodb:${region}:123456789012:table/`);
  expect(onKeys).toContainEqual(keyUse(USE_KEY, KEY));
  expect(onKeys).toContainEqual(keyUse(USE_KEY, Object.values(replicaKeys)));
});

test('a principal of another account is let in by the table’s policy', () => {
  const { stack, locks } = prepare();
  locks.grantLock(new AccountPrincipal('210987654321'), { names: ['shared/*'] }).assertSuccess();
  expect(tableIn(stack).own).toMatchObject({
    ResourcePolicy: {
      PolicyDocument: { Statement: [expect.objectContaining({ Action: LOCK, Condition: limitedTo('shared/*') })] },
    },
  });
});

test.each([
  ['an empty list', [], '`names` is empty: nothing would be granted'],
  ['an empty name', ['a', ''], '`names` holds "", expected a lock\'s name'],
  ['a name that is none', [7 as never], '`names` holds 7'],
  ['half a character', ['\ud800'], 'not well-formed Unicode'],
  ['a long name', ['ü'.repeat(1025)], "of 2050 bytes; a lock's name has at most 2048"],
  [
    'one name without a list',
    'nightly' as never,
    '`names` is a list of lock names such as [\'account/*\'], got "nightly"',
  ],
  [
    'a path',
    ['a', JsonPath.stringAt('$.name')],
    '`names` holds "$.name", of an execution\'s input, which IAM cannot see',
  ],
  ['a path of several', JsonPath.listAt('$.names'), '`names` holds "$.names", of an execution\'s input'],
])('%s is refused', (_, names, message) => {
  const { locks, role } = prepare();
  expect(() => locks.grantLock(role, { names })).toThrow(message);
});

test('grants change no environment', () => {
  const { stack, locks } = prepare({ leaseDuration: Duration.seconds(20) });
  locks.grantLock(newFunction(stack, 'First'));
  locks.grantInspect(newFunction(stack));
  locks.grantBreak(newFunction(stack, 'Other'));
  const functions = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  expect(functions.map((fn) => fn['Properties'].Environment)).toEqual([undefined, undefined, undefined]);
});

test('across stacks: by a reference', () => {
  const { stack, locks } = prepare();
  const other = new Stack(stack.node.root, 'Other', { env: ENV });
  locks.connect(newFunction(other));
  Template.fromStack(other).hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { LYNK_TABLE_NAME: { 'Fn::ImportValue': Match.anyValue() } } },
  });
});
