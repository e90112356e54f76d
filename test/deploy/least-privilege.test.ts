import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { DefinitionBody, JsonPath, Pass, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { LynkLockTable, type LynkProtectOptions } from '../../lib/index.js';
import { recordCalls, type SentRequest } from '../lib/client-calls.js';
import { ENV, newStack } from '../lib/stack.js';
import { isAllowed } from './policy-evaluator.js';

const TABLE_ARN = 'arn:aws:dynamodb:eu-west-1:123456789012:table/locks';
const OTHER_TABLE_ARN = `${TABLE_ARN}-of-others`;

/** The policies that a grant gives a role, as deployed. */
function policiesOf(grant: 'grantLock' | 'grantInspect' | 'grantBreak', names?: string[]): object[] {
  const stack = newStack({ env: ENV });
  const role = new Role(stack, 'Locker', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
  new LynkLockTable(stack, 'Locks', { tableName: 'locks' })[grant](role, names && { names });
  return policiesIn(stack);
}

/** The policies of a state machine's role, one step of which holds a lock. */
function policiesOfMachine(options: LynkProtectOptions): object[] {
  const stack = newStack({ env: ENV });
  const locks = new LynkLockTable(stack, 'Locks', { tableName: 'locks' });
  const definitionBody = DefinitionBody.fromChainable(locks.protect(new Pass(stack, 'Work'), options));
  new StateMachine(stack, 'Machine', { definitionBody });
  return policiesIn(stack);
}

function policiesIn(stack: Stack): object[] {
  const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  const text = JSON.stringify(policies.map(({ Properties }) => Properties.PolicyDocument));
  const deployed = text.replace(/\{"Fn::GetAtt":\["LocksTable\w+","Arn"\]\}/g, JSON.stringify(TABLE_ARN));
  expect(deployed).not.toMatch(/Fn::|"Ref"/);
  return JSON.parse(deployed);
}

let sent: readonly SentRequest[];
beforeAll(async () => {
  sent = await recordCalls();
});

/** What people do who look at locks, and break them: other grants are for that. */
const FOR_PEOPLE = ['inspect', 'list', 'break', 'break by force'];

/** Every request of every call that takes or holds locks, once each. */
const requests = () => {
  const lockers = sent.filter(({ call }) => !FOR_PEOPLE.includes(call));
  return [...new Map(lockers.map((request) => [`${request.call} ${request.action}`, request])).values()];
};

/** Which of the client's calls these policies let through, for locks of this name in this table. */
async function allowedCalls(policies: readonly object[], tableArn: string, name: string): Promise<string[]> {
  const allowed: string[] = [];
  for (const { call, action } of requests()) {
    if (await isAllowed(policies, { action, tableArn, names: [name] })) allowed.push(`${call} ${action}`);
  }
  return allowed;
}
const everyCall = () => requests().map(({ call, action }) => `${call} ${action}`);

test('grantLock without names: every call, on every lock of the table, and on no other table', async () => {
  const policies = policiesOf('grantLock');
  expect(everyCall().length).toBeGreaterThan(8);
  expect(await allowedCalls(policies, TABLE_ARN, 'anything')).toEqual(everyCall());
  expect(await allowedCalls(policies, OTHER_TABLE_ARN, 'anything')).toEqual([]);
});

describe('grantLock for account/* and nightly', () => {
  const policies = () => policiesOf('grantLock', ['account/*', 'nightly']);

  test.each(['account/42', 'account/', 'account/a/b', 'nightly'])('every call on %s', async (name) => {
    expect(await allowedCalls(policies(), TABLE_ARN, name)).toEqual(everyCall());
  });

  test.each(['account', 'accounts/42', 'nightly2', 'night', 'Nightly', 'other', '*', ''])(
    'none on %p',
    async (name) => {
      expect(await allowedCalls(policies(), TABLE_ARN, name)).toEqual([]);
    },
  );

  test('none on these names in another table', async () => {
    expect(await allowedCalls(policies(), OTHER_TABLE_ARN, 'nightly')).toEqual([]);
  });

  test('none where only some of the keys are granted, as in a batch', async () => {
    const request = { action: 'dynamodb:UpdateItem', tableArn: TABLE_ARN, names: ['nightly', 'other'] };
    expect(await isAllowed(policies(), request)).toBe(false);
  });

  test.each(['BatchGetItem', 'GetItem', 'UpdateItem', 'ConditionCheckItem', 'DeleteItem'])(
    'no %s without a key',
    async (action) => {
      const request = { action: `dynamodb:${action}`, tableArn: TABLE_ARN, names: undefined };
      expect(await isAllowed(policies(), request)).toBe(false);
    },
  );

  test('which is what the condition Null is for: without it, they pass', async () => {
    const vacuous = JSON.parse(JSON.stringify(policies()), (key, value) => (key === 'Null' ? undefined : value));
    const request = { action: 'dynamodb:GetItem', tableArn: TABLE_ARN, names: undefined };
    expect(await isAllowed(vacuous, request)).toBe(true);
  });
});

describe('grantLock for a semaphore’s permits, api#*', () => {
  const ask = async (action: string, names: string[]) =>
    isAllowed(policiesOf('grantLock', ['api#*']), { action: `dynamodb:${action}`, tableArn: TABLE_ARN, names });

  test('every call of a semaphore by that name', async () => {
    const calls = sent.filter(({ call }) => call.startsWith('semaphore'));
    expect(calls.some(({ action, lockNames }) => action === 'dynamodb:BatchGetItem' && lockNames.length > 1)).toBe(
      true,
    );
    for (const { action, lockNames } of calls) {
      const names = lockNames.map((name = '') => name.replace('semaphore#', 'api#'));
      expect(await ask(action.replace('dynamodb:', ''), names)).toBe(true);
    }
  });

  test('no look in which one other lock is hidden, nor at the lock api itself', async () => {
    expect(await ask('BatchGetItem', ['api#0', 'other#1'])).toBe(false);
    expect(await ask('UpdateItem', ['api'])).toBe(false);
  });
});

const OTHER_ACTIONS = ['Scan', 'Query', 'PutItem', 'BatchWriteItem', 'DescribeTable', 'DeleteTable'];
test.each(OTHER_ACTIONS)('grantLock lets no %s through', async (action) => {
  for (const policies of [policiesOf('grantLock'), policiesOf('grantLock', ['*'])]) {
    for (const names of [undefined, ['nightly']]) {
      const takesKey = !/Scan|Table/.test(action);
      if (names && !takesKey) continue;
      expect(await isAllowed(policies, { action: `dynamodb:${action}`, tableArn: TABLE_ARN, names })).toBe(false);
    }
  }
});

test.each([
  ['grantInspect', undefined, { GetItem: true, Scan: true, UpdateItem: false, DeleteItem: false }],
  ['grantInspect', ['nightly'], { GetItem: true, Scan: false, UpdateItem: false, DeleteItem: false }],
  ['grantBreak', undefined, { GetItem: true, Scan: false, UpdateItem: true, DeleteItem: true }],
  ['grantBreak', ['nightly'], { GetItem: true, Scan: false, UpdateItem: true, DeleteItem: true }],
] as const)('%s for %p', async (grant, names, expected) => {
  const policies = policiesOf(grant, names && [...names]);
  for (const [action, allowed] of Object.entries(expected)) {
    const ask = (name: string) =>
      isAllowed(policies, {
        action: `dynamodb:${action}`,
        tableArn: TABLE_ARN,
        names: action === 'Scan' ? undefined : [name],
      });
    expect([action, await ask('nightly')]).toEqual([action, allowed]);
    if (names) expect([action, await ask('other')]).toEqual([action, false]);
  }
});

test('what inspect, list and break send passes with grantInspect and grantBreak', async () => {
  const policies = [...policiesOf('grantInspect'), ...policiesOf('grantBreak')];
  const asked = sent.filter(({ call }) => FOR_PEOPLE.includes(call));
  expect(new Set(asked.map(({ call }) => call))).toEqual(new Set(FOR_PEOPLE));
  for (const { action, lockName } of asked) {
    const names = lockName === undefined ? undefined : [lockName];
    expect([action, await isAllowed(policies, { action, tableArn: TABLE_ARN, names })]).toEqual([action, true]);
  }
});

describe('the role of a state machine', () => {
  const STATES_ACTIONS = ['GetItem', 'UpdateItem', 'DeleteItem'];
  const name = JsonPath.stringAt('$.lock');

  async function allowed(options: LynkProtectOptions, lock: string, tableArn = TABLE_ARN): Promise<string[]> {
    const policies = policiesOfMachine(options);
    const found: string[] = [];
    for (const action of [...STATES_ACTIONS, ...OTHER_ACTIONS, 'BatchGetItem']) {
      const names = /Scan|Table/.test(action) ? undefined : [lock];
      if (await isAllowed(policies, { action: `dynamodb:${action}`, tableArn, names })) found.push(action);
    }
    return found;
  }

  test('a name that is a text: this lock, and no other', async () => {
    expect(await allowed({ name: 'nightly' }, 'nightly')).toEqual(STATES_ACTIONS);
    for (const other of ['nightly2', 'Nightly', '*']) expect(await allowed({ name: 'nightly' }, other)).toEqual([]);
    expect(await allowed({ name: 'nightly' }, 'nightly', OTHER_TABLE_ARN)).toEqual([]);
  });

  test('a text with what patterns are made of is no pattern', async () => {
    expect(await allowed({ name: 'a*b?$c' }, 'a*b?$c')).toEqual(STATES_ACTIONS);
    expect(await allowed({ name: 'a*b?$c' }, 'axxb?$c')).toEqual([]);
    expect(await allowed({ name: 'a*b?$c' }, 'a*bx$c')).toEqual([]);
  });

  test('a name of the input: what `names` say, else every lock of the table', async () => {
    expect(await allowed({ name, names: ['account/*'] }, 'account/42')).toEqual(STATES_ACTIONS);
    expect(await allowed({ name, names: ['account/*'] }, 'other')).toEqual([]);
    expect(await allowed({ name }, 'other')).toEqual(STATES_ACTIONS);
  });
});
