import { App, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LynkLockTable, type LynkLockTableProps } from '../../lib/index.js';
import { deployed } from './definition.js';
import { ENV, environmentIn, newFunction, newStack, statementsIn, warningsIn } from './stack.js';

function prepare(props: LynkLockTableProps = {}, timeout: Duration | undefined = Duration.minutes(1)) {
  const stack = newStack();
  const locks = new LynkLockTable(stack, 'Locks', props);
  const fn = newFunction(stack, 'Fn', timeout && { timeout });
  return { stack, locks, fn };
}
const LOCKS = { Ref: expect.stringMatching(/^LocksTable/) };
const REPORTS = { Ref: expect.stringMatching(/^ReportsTable/) };

test('connect: permission and environment', () => {
  const { stack, locks, fn } = prepare();
  locks.connect(fn, { names: ['account/*'] }).assertSuccess();

  expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: LOCKS });
  expect(statementsIn(stack)).toEqual([
    expect.objectContaining({
      Action: [
        'dynamodb:BatchGetItem',
        'dynamodb:GetItem',
        'dynamodb:UpdateItem',
        'dynamodb:ConditionCheckItem',
        'dynamodb:DeleteItem',
      ],
      Condition: expect.objectContaining({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['account/*'] } }),
    }),
  ]);
  expect(warningsIn(stack)).toEqual([]);
});

const DEFAULTS = {
  leaseDuration: Duration.seconds(20),
  waitDuration: Duration.millis(1500),
  clockTolerance: Duration.seconds(5),
};
const VARIABLES = { LYNK_LEASE_SECONDS: '20', LYNK_WAIT_SECONDS: '1.5', LYNK_CLOCK_TOLERANCE_SECONDS: '5' };

test('the table’s defaults for the client', () => {
  const { stack, locks, fn } = prepare(DEFAULTS);
  locks.connect(fn);
  expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: LOCKS, ...VARIABLES });
});

test('the function’s own defaults win over the table’s', () => {
  const { stack, locks, fn } = prepare(DEFAULTS);
  locks.connect(fn, { leaseDuration: Duration.seconds(5), waitDuration: Duration.seconds(0) });
  expect(environmentIn(stack)).toMatchObject({
    LYNK_LEASE_SECONDS: '5',
    LYNK_WAIT_SECONDS: '0',
    LYNK_CLOCK_TOLERANCE_SECONDS: '5',
  });
});

test('and are checked', () => {
  const { locks, fn } = prepare();
  expect(() => locks.connect(fn, { leaseDuration: Duration.millis(200) })).toThrow(
    '`leaseDuration` is a whole number of seconds from 1 to 86400, got 0.2 s [at Test/Fn]',
  );
});

test('where the function says nothing, the table’s stay, also where it says so with undefined', () => {
  const { stack, locks, fn } = prepare(DEFAULTS);
  // As JavaScript lets one, and an option that is passed on.
  locks.connect(fn, { leaseDuration: undefined, waitDuration: undefined } as never);
  expect(environmentIn(stack)).toMatchObject(VARIABLES);
});

test.each([
  ['a lease longer than the function', 30, Duration.seconds(10), true],
  ['a lease as long', 10, Duration.seconds(10), false],
  ['a short lease in a function without a time-out, which has 3 s', 3, undefined, false],
  ['a long one', 4, undefined, true],
])('%s', (_, lease, timeout, warns) => {
  const stack = newStack();
  const fn = newFunction(stack, 'Fn', timeout && { timeout });
  new LynkLockTable(stack, 'Locks', { leaseDuration: Duration.seconds(lease) }).connect(fn);
  const warnings = warningsIn(stack);
  expect(warnings).toHaveLength(warns ? 1 : 0);
  if (warns) expect(warnings[0]).toContain(`\`leaseDuration\` is ${lease} s, but the function's \`timeout\` is`);
});

test('the client’s own lease of 10 s counts where no other is given', () => {
  const { stack, locks, fn } = prepare({}, Duration.seconds(9));
  locks.connect(fn);
  expect(warningsIn(stack)).toEqual([expect.stringContaining('[ack: cdk-lynk:leaseOutlivesFunction]')]);
});

test('two tables on one function are refused', () => {
  const { stack, locks, fn } = prepare();
  const reports = new LynkLockTable(stack, 'Reports');
  locks.connect(fn);
  const message = /^LYNK_TABLE_NAME of this function is .* connect the second table with a `variablePrefix`/;
  expect(() => reports.connect(fn)).toThrow(message);
});

test('and accepted under names of their own', () => {
  const { stack, locks, fn } = prepare({ leaseDuration: Duration.seconds(5) });
  const reports = new LynkLockTable(stack, 'Reports', { leaseDuration: Duration.seconds(9) });
  locks.connect(fn);
  reports.connect(fn, { variablePrefix: 'REPORTS' });
  expect(environmentIn(stack)).toEqual({
    LYNK_TABLE_NAME: LOCKS,
    LYNK_LEASE_SECONDS: '5',
    REPORTS_TABLE_NAME: REPORTS,
    REPORTS_LEASE_SECONDS: '9',
  });
});

test('connecting the same table again adds names, and cannot say something else', () => {
  const { stack, locks, fn } = prepare();
  locks.connect(fn, { names: ['a'], leaseDuration: Duration.seconds(5) });
  locks.connect(fn, { names: ['b'], leaseDuration: Duration.seconds(5) });
  expect(JSON.stringify(statementsIn(stack))).toMatch(/\["a"\].*\["b"\]/);
  expect(() => locks.connect(fn, { leaseDuration: Duration.seconds(6) })).toThrow(
    'LYNK_LEASE_SECONDS of this function is "5" already, and cannot be "6" too; say the same in each `connect`',
  );
});

test('the same table again, where only deploy knows how long its leases are', () => {
  const stack = newStack();
  const seconds = (id: string) => Duration.seconds(new CfnParameter(stack, id, { type: 'Number' }).valueAsNumber);
  const locks = new LynkLockTable(stack, 'Locks', { leaseDuration: seconds('Lease') });
  const fn = newFunction(stack);
  locks.connect(fn, { names: ['a'] });
  locks.connect(fn, { names: ['b'] });
  expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: LOCKS, LYNK_LEASE_SECONDS: { Ref: 'Lease' } });
  expect(() => locks.connect(fn, { leaseDuration: seconds('Other') })).toThrow(
    'LYNK_LEASE_SECONDS of this function is something else already; say the same in each `connect`',
  );
});

test('two tables of two stacks are two, though each stack calls its own the same', () => {
  const { stack, locks, fn } = prepare();
  const other = new LynkLockTable(new Stack(stack.node.root, 'Other'), 'Locks');
  locks.connect(fn);
  expect(() => other.connect(fn)).toThrow('connect the second table with a `variablePrefix`');
});

const OTHER = 'arn:aws:dynamodb:eu-west-1:210987654321:table/locks';

test('a table of another account is told by its ARN', () => {
  const stack = newStack({ env: ENV });
  LynkLockTable.fromLynkLockTableArn(stack, 'Locks', OTHER).connect(newFunction(stack));
  expect(deployed(environmentIn(stack)['LYNK_TABLE_NAME'])).toBe(OTHER);
});

test('and so is one of this app', () => {
  const app = new App();
  const home = new Stack(app, 'Home', { env: { ...ENV, account: '210987654321' } });
  const stack = new Stack(app, 'Test', { env: ENV });
  const role = new Role(stack, 'Role', {
    roleName: 'billing',
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
  });
  new LynkLockTable(home, 'Locks', { tableName: 'locks' }).connect(newFunction(stack, 'Fn', { role }));
  expect(deployed(environmentIn(stack)['LYNK_TABLE_NAME'])).toBe(OTHER);
});

test('by its name, where the account is the same, or nobody knows', () => {
  for (const [env, arn] of [
    [ENV, OTHER.replace('210987654321', ENV.account)],
    [undefined, OTHER],
  ] as const) {
    const stack = newStack(env && { env });
    LynkLockTable.fromLynkLockTableArn(stack, 'Locks', arn).connect(newFunction(stack));
    expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: 'locks' });
  }
});

test.each(['', '1X', 'with-dash', 'AWS', 'AWS_LOCKS'])('the prefix "%s" is refused', (variablePrefix) => {
  const { locks, fn } = prepare();
  expect(() => locks.connect(fn, { variablePrefix })).toThrow('`variablePrefix` is the beginning of a variable');
});
