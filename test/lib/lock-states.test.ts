import { Aws, Duration, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TableEncryptionV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  DefinitionBody,
  Fail,
  type IChainable,
  JsonPath,
  Map as MapState,
  Pass,
  QueryLanguage,
  State,
  StateMachine,
  type StateMachineFragment,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { LynkLockStates, LynkLockTable, type LynkLockTableProps, type LynkProtectOptions } from '../../lib/index.js';
import type { GraphJson } from '../../lib/worst-duration.js';
import { definitionIn, faultsOf } from './definition.js';
import { ENV, newStack, statementsIn } from './stack.js';

function prepare(props: LynkLockTableProps = {}, stack = newStack({ env: ENV })) {
  return { stack, locks: new LynkLockTable(stack, 'Locks', { tableName: 'locks', ...props }) };
}

function machine(stack: Stack, steps: IChainable, queryLanguage?: QueryLanguage): GraphJson {
  const definitionBody = DefinitionBody.fromChainable(steps);
  new StateMachine(stack, 'Machine', { definitionBody, ...(queryLanguage && { queryLanguage }) });
  return definitionIn(stack);
}

const work = (stack: Stack, seconds = 5): Wait =>
  new Wait(stack, 'Work', { time: WaitTime.duration(Duration.seconds(seconds)) });

/** The definition of a state machine that does nothing but 5 s of work under a lock. */
function protectedWork(options: LynkProtectOptions, language?: QueryLanguage) {
  const { stack, locks } = prepare();
  const definition = machine(stack, locks.protect(work(stack), options).next(new Pass(stack, 'After')), language);
  return { stack, definition };
}

const DYNAMIC = JsonPath.format('account/{}', JsonPath.stringAt('$.accountId'));

test('a protected step, whole', () => {
  const { stack, definition } = protectedWork({ name: DYNAMIC, names: ['account/*'] });
  expect(definition).toMatchSnapshot();
  expect(statementsIn(stack)).toMatchSnapshot();
});

test.each([
  ['JSONPath, a name from the input', DYNAMIC, undefined],
  ['JSONPath, a text', 'nightly', undefined],
  ['JSONata, a name from the input', "{% 'account/' & $states.input.accountId %}", QueryLanguage.JSONATA],
  ['JSONata, a text', 'nightly', QueryLanguage.JSONATA],
] as const)('the definition is valid in %s', (_, name, language) => {
  const { definition } = protectedWork({ name }, language);
  expect(faultsOf(definition)).toEqual([]);
  expect(Object.keys(definition.States)).toHaveLength(12);

  const broken = JSON.parse(JSON.stringify(definition).replaceAll('"Next":"After"', '"Next":"Nowhere"')) as GraphJson;
  expect(faultsOf(broken)).not.toEqual([]);
});

/** The states that can be entered from these, themselves included, without passing through one that is shut. */
function reachable(graph: GraphJson, from: readonly string[], shut: readonly string[] = []): Set<string> {
  const found = new Set(from);
  for (const name of found) {
    const state = graph.States[name];
    const next = [state?.Next, state?.Default, ...(state?.Choices ?? []), ...(state?.Catch ?? [])];
    for (const step of next) {
      const follower = typeof step === 'object' ? step.Next : step;
      if (follower !== undefined && !shut.includes(follower)) found.add(follower);
    }
  }
  return found;
}

test('from where the lock may be held, no way leads out but through a release', () => {
  const { definition } = protectedWork({ name: 'nightly' });
  const releases = ['Work lock: release', 'Work lock: release after error'];
  const held = reachable(definition, ['Work lock: acquire'], releases);
  const names = ['acquire', 'look', 'wait on', 'time left', 'protected'];
  expect(held).toEqual(new Set(names.map((state) => `Work lock: ${state}`)));
  for (const name of held) {
    const state = definition.States[name];
    expect(state).not.toHaveProperty('End');
    if (state?.Type !== 'Choice') expect(state?.Catch?.at(-1)).toMatchObject({ ErrorEquals: ['States.ALL'] });
  }
  // And every release leads somewhere, whatever becomes of it.
  expect([...reachable(definition, releases)]).toEqual(expect.arrayContaining(['After', 'Work lock: failed']));
});

test('without contention, five states are entered for the lock', () => {
  const { definition } = protectedWork({ name: 'nightly' });
  const way: string[] = [];
  for (let name: string | undefined = definition.StartAt; name; ) {
    way.push(name);
    const state: GraphJson['States'][string] | undefined = definition.States[name];
    name = state?.Next ?? state?.Choices?.[0]?.Next;
  }
  const states = ['draw', 'acquire', 'time left', 'protected', 'release'].map((state) => `Work lock: ${state}`);
  expect(way).toEqual([...states, 'After']);
});

const TABLE = { 'Fn::GetAtt': [expect.stringMatching(/^LocksTable/), 'Arn'] };
const ACTIONS = ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];
const only = (...names: unknown[]) => ({
  Condition: {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': names },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  },
});

test.each([
  ['a text', { name: 'nightly' }, only('nightly')],
  ['a text with what patterns are made of', { name: 'a*b?$c' }, only(['a$', '{*}b$', '{?}$', '{$}c'].join(''))],
  [
    'a text with a token and what patterns are made of',
    { name: `a?/${Aws.STACK_NAME}/*` },
    only({ 'Fn::Join': ['', [['a$', '{?}/'].join(''), { Ref: 'AWS::StackName' }, ['/$', '{*}'].join('')]] }),
  ],
  ['a token', { name: Aws.STACK_NAME }, only({ Ref: 'AWS::StackName' })],
  ['a name of the input', { name: DYNAMIC }, {}],
  ['a name of JSONata, with a token', { name: `{% '${Aws.STACK_ID}/' & $states.input.id %}` }, {}],
  ['a name of the input, and patterns', { name: DYNAMIC, names: ['account/*'] }, only('account/*')],
] as const)('the role may lock what the state machine locks, no more: %s', (_, options, limited) => {
  const { stack } = protectedWork(options as LynkProtectOptions);
  expect(statementsIn(stack)).toEqual([{ Effect: 'Allow', Action: ACTIONS, Resource: TABLE, ...limited }]);
});

test('the role is allowed what DynamoDB does with a customer managed key in its name', () => {
  const stack = newStack({ env: ENV });
  const encryption = TableEncryptionV2.customerManagedKey(new Key(stack, 'Key'));
  const { locks } = prepare({ encryption }, stack);
  machine(stack, locks.protect(work(stack), { name: 'nightly' }));
  expect(statementsIn(stack)).toContainEqual({
    Effect: 'Allow',
    Action: expect.arrayContaining(['kms:Decrypt', 'kms:GenerateDataKey']),
    Resource: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] },
  });
});

test('the role may lock in every Region of a replicated table, and use their keys', () => {
  const stack = newStack({ env: ENV });
  const replicaKeys = {
    'eu-west-2': 'arn:aws:kms:eu-west-2:123456789012:key/two',
    'eu-central-1': 'arn:aws:kms:eu-central-1:123456789012:key/three',
  };
  const encryption = TableEncryptionV2.customerManagedKey(new Key(stack, 'Key'), replicaKeys);
  const replicas = Object.keys(replicaKeys).map((region) => ({ region }));
  const { locks } = prepare({ encryption, replicas }, stack);
  machine(stack, locks.protect(work(stack), { name: 'nightly' }));

  const [onTables, onKeys] = statementsIn(stack);
  expect(onTables).toMatchObject({ Action: ACTIONS, Resource: [TABLE, expect.anything(), expect.anything()] });
  for (const region of ['eu-west-2', 'eu-central-1'])
    expect(JSON.stringify(onTables?.Resource)).toContain(`:dynamodb:${region}:123456789012:table/`);
  expect(onKeys?.Resource).toEqual([
    { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] },
    ...Object.values(replicaKeys),
  ]);
});

/** The lease that a definition writes, in seconds. */
function leaseIn(definition: GraphJson): number {
  const [, lease] = /":lease":\{"N":"(\d+)"\}/.exec(JSON.stringify(definition)) ?? [];
  return Number(lease);
}

test('the lease outlasts the steps by half a minute, or is as long as was asked', () => {
  expect(leaseIn(protectedWork({ name: 'nightly' }).definition)).toBe(35);
  const leaseDuration = Duration.minutes(2);
  expect(leaseIn(protectedWork({ name: 'nightly', leaseDuration }).definition)).toBe(120);
});

test('steps that were added after `protect` count', () => {
  const { stack, locks } = prepare();
  const first = work(stack);
  const whole = locks.protect(first, { name: 'nightly' });
  first.next(new Wait(stack, 'More', { time: WaitTime.duration(Duration.seconds(10)) }));
  expect(leaseIn(machine(stack, whole))).toBe(45);
});

test('states that are chained by hand', () => {
  const { stack, locks: table } = prepare();
  const lock = new LynkLockStates(stack, 'Ledger', { table, name: 'ledger', leaseDuration: Duration.minutes(1) });
  const map = new MapState(stack, 'Each').itemProcessor(new Pass(stack, 'One'));
  map.addCatch(lock.releaseAndFail);
  const chain = lock.acquire.next(map).next(lock.release).next(new Pass(stack, 'After'));
  const definition = machine(stack, chain);

  expect(faultsOf(definition)).toEqual([]);
  expect(leaseIn(definition)).toBe(60);
  expect(definition.States['Ledger: release']).toMatchObject({ Next: 'After', Output: '{% $states.input %}' });
  expect(definition.States['Each']).toMatchObject({ Next: 'Ledger: release' });
});

test('two locks in one state machine have states and a variable each', () => {
  const { stack, locks } = prepare();
  const other = new Pass(stack, 'Other');
  const chain = locks.protect(work(stack), { name: 'a' }).next(locks.protect(other, { name: 'b', id: 'Second' }));
  const definition = machine(stack, chain);
  expect(faultsOf(definition)).toEqual([]);
  expect(new Set(JSON.stringify(definition).match(/\$lynk_[0-9a-f]{8}/g))).toHaveProperty('size', 2);
});

test('a table of another account is addressed by its ARN', () => {
  const stack = newStack({ env: ENV });
  const arn = 'arn:aws:dynamodb:eu-west-1:210987654321:table/locks';
  const locks = LynkLockTable.fromLynkLockTableArn(stack, 'Locks', arn);
  const definition = machine(stack, locks.protect(work(stack), { name: 'nightly' }));
  const tables = JSON.stringify(definition).match(/(?<="TableName":")[^"]*/g);
  expect(new Set(tables)).toEqual(new Set([arn]));
});

test('the states are called by the name of the first step, with its prefixes', () => {
  const { stack, locks } = prepare();
  const steps = ['North', 'South'].map((id) => {
    const step = new Pass(new Construct(stack, id), 'Charge', { stateName: 'Bill' });
    step.addPrefix(`${id}: `);
    return locks.protect(step, { name: 'bills' });
  }) as [StateMachineFragment, StateMachineFragment];
  const { States } = machine(stack, steps[0].next(steps[1]));
  expect(States).toMatchObject({ 'North: Bill lock: draw': {}, 'South: Bill lock: draw': {} });
});

test('two state machines beside each other may begin with steps of one name', () => {
  const { stack, locks } = prepare();
  for (const id of ['One', 'Two']) {
    const chain = locks.protect(new Pass(stack, id, { stateName: 'Bill' }), { name: 'bills' });
    new StateMachine(stack, `${id}Machine`, { definitionBody: DefinitionBody.fromChainable(chain) });
  }
  const draws = JSON.stringify(Template.fromStack(stack)).match(/\w+ lock: draw/g);
  expect(new Set(draws)).toEqual(new Set(['Bill lock: draw', 'Two lock: draw']));
});

const namesOf = (definition: GraphJson): string[] => Object.keys(definition.States);

test('what `protect` returns has its states prefixed, each once', () => {
  const { stack, locks } = prepare();
  const [one, other] = ['a', 'b'].map((id) => {
    const locked = locks.protect(new Pass(new Construct(stack, id), 'Work', { stateName: `Work ${id}` }), {
      name: id,
      id: 'Lock',
    });
    return locked.prefixStates(`${id}: `).prefixStates(`${id}: `);
  }) as [StateMachineFragment, StateMachineFragment];
  const definition = machine(stack, one.next(other));
  expect(faultsOf(definition)).toEqual([]);
  expect(namesOf(definition).filter((name) => /^[ab]: Lock: /.test(name))).toHaveLength(22);
});

test('two of them are made single states, called by their locks', () => {
  const { stack, locks } = prepare();
  const [one, other] = ['a', 'b'].map((id) => locks.protect(new Pass(stack, id), { name: id }));
  const third = locks.protect(new Pass(stack, 'c'), { name: 'c' }).toSingleState({ stateId: 'Third' });
  const chain = (one as StateMachineFragment)
    .toSingleState()
    .next((other as StateMachineFragment).toSingleState())
    .next(third);
  const definition = machine(stack, chain);
  expect(namesOf(definition)).toEqual(['a lock', 'b lock', 'Third']);
  const [first, , last] = Object.values(definition.States).map(({ Branches = [] }) => Branches[0] as GraphJson);
  expect(namesOf(first as GraphJson)).toContain('a lock: draw');
  expect(namesOf(last as GraphJson)).toContain('Third: c lock: draw');
});

test('a lock that is chained by hand gets a prefix as a whole, once', () => {
  const { stack, locks: table } = prepare();
  const lock = new LynkLockStates(stack, 'Ledger', { table, name: 'ledger', leaseDuration: Duration.minutes(1) });
  const definition = machine(stack, lock.acquire.prefixStates('x: ').next(lock.release.prefixStates('x: ')));
  expect(new Set(namesOf(definition).map((name) => name.slice(0, 11)))).toEqual(new Set(['x: Ledger: ']));
});

test('a `Fail` among the steps does not go past the release', () => {
  const { stack, locks } = prepare();
  const definition = machine(stack, locks.protect(new Fail(stack, 'Give up'), { name: 'nightly' }));
  expect(Object.keys(definition.States)).not.toContain('Give up');
});

test.each([
  ['no name', { name: '' }, '`name` is a lock\'s name, got ""'],
  ['half a character', { name: '\ud800' }, '`name` is "\\ud800", which is not well-formed Unicode'],
  ['a long name', { name: 'ü'.repeat(1025) }, "of 2050 bytes; a lock's name has at most 2048"],
  ['no names', { name: DYNAMIC, names: [] }, '`names` is empty'],
  ['a lease in parts of a second', { leaseDuration: Duration.millis(40_500) }, '`leaseDuration` is a whole number'],
  [
    'a lease without room for a step',
    { leaseDuration: Duration.seconds(30) },
    '`leaseDuration` is a whole number of seconds from 31 to 86400, got 30 s',
  ],
  [
    'a lease shorter than the steps',
    { leaseDuration: Duration.seconds(34) },
    '`leaseDuration` is 34 s, but the protected steps may take 5 s ("Work": 5 s): a lease outlasts them by 30 s, so ' +
      'it is at least 35 s',
  ],
  ['a lease of days', { leaseDuration: Duration.days(2) }, 'from 31 to 86400, got 172800 s'],
  ['a wait of years', { waitDuration: Duration.days(400) }, '`waitDuration` is a number of seconds from 0 to a year'],
  ['a long id', { id: 'x'.repeat(70) }, '`id` is "xxxxx'],
] as const)('%s is refused', (_, options, message) => {
  expect(() => protectedWork({ name: 'nightly', ...options } as LynkProtectOptions)).toThrow(message);
});

test('a name of JSONPath is refused where the state machine is of JSONata, to which it is a text', () => {
  const message =
    '`name` is "States.Format(\'account/{}\', $.accountId)", of JSONPath; in a state machine of JSONata, it is';
  expect(() => protectedWork({ name: DYNAMIC }, QueryLanguage.JSONATA)).toThrow(message);
});

test('a name that a prefix makes too long is refused', () => {
  const { stack, locks } = prepare();
  const chain = locks.protect(work(stack), { name: 'nightly' });
  State.prefixStates(stack, 'x'.repeat(60));
  expect(() => machine(stack, chain)).toThrow(
    /a state is called "x{60}Work lock: .*: a state's name has 80 characters/,
  );
});

test('one lock in one place', () => {
  const { stack, locks: table } = prepare();
  const lock = new LynkLockStates(stack, 'Ledger', { table, name: 'ledger' });
  lock.protect(work(stack));
  expect(() => lock.protect(new Pass(stack, 'Again'))).toThrow('`protect` was called before');
});

test('a step whose name is too long for those of the lock’s states lends it its id', () => {
  const stateName = 'Charge the customer for every invoice of this past month';
  const { stack, locks } = prepare();
  const { States } = machine(stack, locks.protect(new Pass(stack, 'Charge', { stateName }), { name: 'ledger' }));

  expect(Object.keys(States)).toContain('Charge lock: draw');
});

test('where states are chained by hand, nobody but the caller knows how long they take', () => {
  const { stack, locks: table } = prepare();
  const lock = new LynkLockStates(stack, 'Ledger', { table, name: 'ledger' });
  const chain = lock.acquire.next(new Pass(stack, 'Work')).next(lock.release);
  expect(() => machine(stack, chain)).toThrow('`leaseDuration` has to be given where states are chained by hand');
});
