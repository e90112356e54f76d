import { readdirSync, readFileSync } from 'node:fs';
import { CfnParameter, Duration, Lazy, type Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Alias,
  Code,
  type IVersion,
  Function as LambdaFunction,
  Runtime,
  SingletonFunction,
} from 'aws-cdk-lib/aws-lambda';
import { LynkLockTable, type LynkLockTableProps } from '../../lib/index.js';
import { environmentIn, newFunction, newStack, statementsIn, warningsIn } from './stack.js';

/** `connect` takes whatever can be told and granted to, and never writes over what somebody else has set. */
function prepare(props: LynkLockTableProps = {}) {
  const stack = newStack();
  return { stack, locks: new LynkLockTable(stack, 'Locks', { tableName: 'locks', ...props }) };
}
const LOCKS = { Ref: expect.stringMatching(/^LocksTable/) };
const PROPS = { runtime: Runtime.NODEJS_22_X, handler: 'index.handler', code: Code.fromInline('exports.handler = 1') };
const singleton = (stack: Stack, id: string) => new SingletonFunction(stack, id, { uuid: 'one', ...PROPS });

test('a function of another copy of aws-cdk-lib', () => {
  const { stack, locks } = prepare();
  let Other = LambdaFunction;
  jest.isolateModules(() => {
    Other = require('aws-cdk-lib/aws-lambda').Function;
  });
  expect(Other).not.toBe(LambdaFunction);
  locks.connect(new Other(stack, 'Fn', { ...PROPS, timeout: Duration.seconds(5) }));
  expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: LOCKS });
  expect(statementsIn(stack)).toHaveLength(1);
  expect(warningsIn(stack)).toEqual([expect.stringContaining('`leaseDuration` is 10 s')]);
});

test('a singleton function, which several constructs stand for', () => {
  const { stack, locks } = prepare();
  const reports = new LynkLockTable(stack, 'Reports');
  locks.connect(singleton(stack, 'One'));
  locks.connect(singleton(stack, 'Two'), { names: ['a'] });
  expect(() => reports.connect(singleton(stack, 'Three'))).toThrow('connect the second table with a `variablePrefix`');
  expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: LOCKS });
  expect(statementsIn(stack).length).toBeGreaterThan(0);
  // Its time-out is nobody's to see.
  expect(warningsIn(stack)).toEqual([]);
});

test('somebody’s own wrapper of a function', () => {
  const { stack, locks } = prepare();
  const fn = newFunction(stack, 'Fn', { timeout: Duration.minutes(1) });
  const wrapper = {
    grantPrincipal: fn.grantPrincipal,
    addEnvironment: (key: string, value: string) => void fn.addEnvironment(key, value),
  };
  locks.connect(wrapper);
  expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: LOCKS });
  expect(() => new LynkLockTable(stack, 'Reports').connect(wrapper)).toThrow('LYNK_TABLE_NAME of this function');
});

test.each([
  ['a version', (fn: LambdaFunction) => fn.currentVersion],
  [
    'an alias',
    (fn: LambdaFunction) => new Alias(fn.stack, 'Live', { aliasName: 'live', version: fn.currentVersion as IVersion }),
  ],
])('%s gets the permission, and a warning', (_, part) => {
  const { stack, locks } = prepare();
  locks.connect(part(newFunction(stack))).assertSuccess();
  expect(environmentIn(stack)).toEqual({});
  expect(statementsIn(stack)).toHaveLength(1);
  expect(warningsIn(stack)).toEqual([expect.stringContaining('[ack: cdk-lynk:environmentNotSet]')]);
});

test('an imported function gets the warning', () => {
  const { stack, locks } = prepare();
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  const functionArn = 'arn:aws:lambda:eu-west-1:123456789012:function:billing';
  locks.connect(LambdaFunction.fromFunctionAttributes(stack, 'Fn', { functionArn, role })).assertSuccess();
  expect(warningsIn(stack)).toContainEqual(expect.stringContaining('[ack: cdk-lynk:environmentNotSet]'));
});

test('what is no function is refused', () => {
  const { stack, locks } = prepare();
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
  expect(() => locks.connect(role)).toThrow(
    '`fn` is a function, whose environment is told the table, got "Test/Role"; for permission alone there is `grantLock`',
  );
  expect(() => locks.connect(new ServicePrincipal('ec2.amazonaws.com'))).toThrow('got what is none');
  expect(() => locks.connect(undefined as never)).toThrow('got what is none');
  expect(statementsIn(stack)).toEqual([]);
});

describe('variables that are there already', () => {
  const BY_HAND = /`connect` does not write over it: take it out of the function's `environment`, or connect with a/;

  test.each([
    ['in the props', (stack: Stack) => newFunction(stack, 'Fn', { environment: { LYNK_TABLE_NAME: 'mine' } })],
    ['later', (stack: Stack) => newFunction(stack).addEnvironment('LYNK_TABLE_NAME', 'mine')],
    ['of a singleton', (stack: Stack) => singleton(stack, 'Fn').addEnvironment('LYNK_TABLE_NAME', 'mine')],
  ])('another table’s name by hand, %s', (_, make) => {
    const { stack, locks } = prepare();
    const fn = make(stack);
    expect(() => locks.connect(fn as LambdaFunction)).toThrow(BY_HAND);
    locks.connect(fn as LambdaFunction, { variablePrefix: 'LOCKS' });
    expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: 'mine', LOCKS_TABLE_NAME: LOCKS });
  });

  test('another default of the client', () => {
    const { stack, locks } = prepare({ leaseDuration: Duration.seconds(20) });
    const fn = newFunction(stack, 'Fn', { environment: { LYNK_LEASE_SECONDS: '5' }, timeout: Duration.minutes(1) });
    expect(() => locks.connect(fn)).toThrow(
      /^LYNK_LEASE_SECONDS of this function is "5" already, and cannot be "20" too; `connect` does not write over it/,
    );
  });

  test('the same by hand, and variables that only deploy knows', () => {
    const { stack, locks } = prepare({ leaseDuration: Duration.seconds(20) });
    let rendered = '';
    const fn = newFunction(stack, 'Fn', {
      environment: {
        LYNK_TABLE_NAME: locks.tableName,
        LYNK_LEASE_SECONDS: '20',
        PARAMETER: new CfnParameter(stack, 'Parameter').valueAsString,
        LATER: Lazy.string({ produce: () => rendered }),
      },
      timeout: Duration.minutes(1),
    });
    rendered = 'known by now';
    locks.connect(fn);
    expect(environmentIn(stack)).toEqual({
      LYNK_TABLE_NAME: LOCKS,
      LYNK_LEASE_SECONDS: '20',
      PARAMETER: { Ref: 'Parameter' },
      LATER: 'known by now',
    });
  });

  test('are not asked for before they are known', () => {
    const { stack, locks } = prepare();
    let isKnown = false;
    const LATER = Lazy.string({
      produce: () => {
        if (!isKnown) throw new Error('asked too early');
        return 'known by now';
      },
    });
    locks.connect(newFunction(stack, 'Fn', { environment: { LATER }, timeout: Duration.minutes(1) }));
    isKnown = true;
    expect(environmentIn(stack)).toEqual({ LYNK_TABLE_NAME: LOCKS, LATER: 'known by now' });
  });
});

test('nothing in lib/ asks for a class, which another copy of aws-cdk-lib has, too', () => {
  const asking = readdirSync('lib').filter((file) => /\binstanceof\b/.test(readFileSync(`lib/${file}`, 'utf8')));
  expect(asking).toEqual([]);
});
