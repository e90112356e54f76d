import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TableEncryptionV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Alias, type CfnFunction, type IVersion, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { DefinitionBody, Pass, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { LynkLockTable } from '../../lib/index.js';
import { ENV, environmentIn, newFunction, newStack, statementsIn, warningsIn } from './stack.js';

const durableConfig = { executionTimeout: Duration.days(30) };

function newMachine(stack: Stack, id = 'Machine', stateMachineType = StateMachineType.STANDARD): StateMachine {
  const definitionBody = DefinitionBody.fromChainable(new Pass(stack, `${id} work`));
  return new StateMachine(stack, id, { definitionBody, stateMachineType });
}

function prepare() {
  const stack = newStack({ env: ENV });
  return { stack, locks: new LynkLockTable(stack, 'Locks') };
}

/** The resources of a kind whose logical ids begin so. */
function resourcesOf(stack: Stack, type: string, prefix = '') {
  const found = Object.entries(Template.fromStack(stack).findResources(type));
  return found.filter(([id]) => id.startsWith(prefix)).map(([, { Properties }]) => Properties);
}
const rulesIn = (stack: Stack) => resourcesOf(stack, 'AWS::Events::Rule');
const ours = (stack: Stack, type: string) => resourcesOf(stack, type, 'EndedExecutions');

test('of a state machine: a rule for exactly its executions that ended without success', () => {
  const { stack, locks } = prepare();
  locks.releaseEndedExecutions(newMachine(stack));
  newMachine(stack, 'Other');
  expect(rulesIn(stack)).toEqual([
    expect.objectContaining({
      State: 'ENABLED',
      EventPattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: {
          stateMachineArn: [{ Ref: expect.stringMatching(/^Machine/) }],
          status: ['ABORTED', 'FAILED', 'TIMED_OUT'],
        },
      },
    }),
  ]);
});

test('of a durable function: in whichever version its executions have begun', () => {
  const { stack, locks } = prepare();
  locks.releaseEndedExecutions(newFunction(stack, 'Fn', { durableConfig }));
  const arn = { 'Fn::GetAtt': [expect.stringMatching(/^Fn/), 'Arn'] };
  expect(rulesIn(stack)).toEqual([
    expect.objectContaining({
      EventPattern: {
        source: ['aws.lambda'],
        'detail-type': ['Durable Execution Status Change'],
        detail: {
          functionArn: [arn, { prefix: { 'Fn::Join': ['', [arn, ':']] } }],
          status: ['FAILED', 'STOPPED', 'TIMED_OUT'],
        },
      },
    }),
  ]);
});

test('the function is told which execution, and of a redrivable one when; its input goes nowhere', () => {
  const { stack, locks } = prepare();
  locks.releaseEndedExecutions(newMachine(stack));
  locks.releaseEndedExecutions(newFunction(stack, 'Fn', { durableConfig }));
  const inputs = rulesIn(stack).map(({ Targets: [target] }) => target.InputTransformer);
  expect(inputs).toEqual([
    {
      InputPathsMap: { 'detail-executionArn': '$.detail.executionArn', 'detail-stopDate': '$.detail.stopDate' },
      InputTemplate: '{"execution":<detail-executionArn>,"endedMs":<detail-stopDate>}',
    },
    {
      InputPathsMap: { 'detail-durableExecutionArn': '$.detail.durableExecutionArn' },
      InputTemplate: '{"execution":<detail-durableExecutionArn>}',
    },
  ]);
});

test('one function, one queue and one place for what failed, for a table and a stack', () => {
  const { stack, locks } = prepare();
  const first = locks.releaseEndedExecutions(newMachine(stack, 'First'));
  const second = locks.releaseEndedExecutions(newMachine(stack, 'Second'));
  expect(second).toBe(first);
  expect(rulesIn(stack)).toHaveLength(2);
  expect(resourcesOf(stack, 'AWS::Lambda::Function')).toHaveLength(1);
  expect(resourcesOf(stack, 'AWS::Lambda::EventSourceMapping')).toEqual([
    expect.objectContaining({ BatchSize: 10, ScalingConfig: { MaximumConcurrency: 2 } }),
  ]);
  const dead = { 'Fn::GetAtt': [expect.stringMatching(/DeadLetters/), 'Arn'] };
  expect(resourcesOf(stack, 'AWS::SQS::Queue')).toEqual([
    expect.objectContaining({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 }),
    expect.objectContaining({
      SqsManagedSseEnabled: true,
      VisibilityTimeout: 120,
      DelaySeconds: 0,
      RedrivePolicy: { deadLetterTargetArn: dead, maxReceiveCount: 5 },
    }),
  ]);
  expect(stack.resolve(first.deadLetterQueue.queueArn)).toEqual(dead);
  expect(first.handler.functionArn).toBeDefined();
});

test('another table, and another stack, have their own', () => {
  const { stack, locks } = prepare();
  const machine = newMachine(stack);
  locks.releaseEndedExecutions(machine);
  new LynkLockTable(stack, 'Others').releaseEndedExecutions(machine);
  const other = new Stack(stack.node.root, 'Other', { env: ENV });
  locks.releaseEndedExecutions(newMachine(other));
  expect(rulesIn(stack)).toHaveLength(2);
  expect(resourcesOf(stack, 'AWS::Lambda::Function')).toHaveLength(2);
  expect(rulesIn(other)).toHaveLength(1);
  expect(ours(other, 'AWS::Lambda::Function')).toEqual([
    expect.objectContaining({
      Environment: { Variables: { LYNK_TABLE_NAME: { 'Fn::ImportValue': expect.anything() } } },
    }),
  ]);
});

test('the function may scan, update and delete in its table, write its log and read its queue, and no more', () => {
  const { stack, locks } = prepare();
  locks.releaseEndedExecutions(newMachine(stack));
  const statements = ours(stack, 'AWS::IAM::Policy').flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  const arnOf = (id: RegExp) => ({ 'Fn::GetAtt': [expect.stringMatching(id), 'Arn'] });
  expect(statements).toEqual([
    { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: arnOf(/Log/) },
    {
      Effect: 'Allow',
      Action: ['dynamodb:Scan', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      Resource: arnOf(/^LocksTable/),
    },
    expect.objectContaining({ Action: expect.arrayContaining(['sqs:DeleteMessage']), Resource: arnOf(/Ended/) }),
  ]);
  expect(ours(stack, 'AWS::IAM::Role')).toEqual([
    expect.not.objectContaining({ ManagedPolicyArns: expect.anything() }),
  ]);
});

test('it may use the key that encrypts the table', () => {
  const stack = newStack({ env: ENV });
  const encryption = TableEncryptionV2.customerManagedKey(new Key(stack, 'Key'));
  new LynkLockTable(stack, 'Locks', { encryption }).releaseEndedExecutions(newMachine(stack));
  expect(JSON.stringify(ours(stack, 'AWS::IAM::Policy'))).toContain('kms:Decrypt');
});

test('in another Region, it is told of the replica there', () => {
  const { stack } = prepare();
  const replicas = [{ region: 'eu-west-2' }, { region: 'eu-central-1' }];
  const locks = new LynkLockTable(stack, 'Replicated', { tableName: 'replicated', replicas });
  const london = new Stack(stack.node.root, 'London', { env: { ...ENV, region: 'eu-west-2' } });
  locks.releaseEndedExecutions(newMachine(london));
  expect(ours(london, 'AWS::Lambda::Function')).toEqual([
    expect.objectContaining({ Environment: { Variables: { LYNK_TABLE_NAME: 'replicated' } } }),
  ]);
  expect(JSON.stringify(ours(london, 'AWS::IAM::Policy'))).toContain(':dynamodb:eu-west-2:');
});

test('after some time: by a queue of its own, which delays', () => {
  const { stack, locks } = prepare();
  const machine = newMachine(stack, 'Later');
  locks.releaseEndedExecutions(newMachine(stack, 'Once'));
  locks.releaseEndedExecutions(machine, { after: Duration.minutes(15) });
  // Twice is once.
  locks.releaseEndedExecutions(machine, { after: Duration.seconds(900) });
  const delays = resourcesOf(stack, 'AWS::SQS::Queue').map(({ DelaySeconds }) => DelaySeconds);
  expect(delays).toEqual([undefined, 0, 900]);
  const targets = rulesIn(stack).map(({ Targets: [{ Arn }] }) => Arn['Fn::GetAtt'][0]);
  expect(targets).toEqual([expect.not.stringMatching(/900/), expect.stringMatching(/900Seconds/)]);
  expect(resourcesOf(stack, 'AWS::Lambda::Function')).toHaveLength(1);
  expect(() => locks.releaseEndedExecutions(machine)).toThrow(
    '`after` is both 900 s and 0 s for the executions of "Test/Later"',
  );
});

test.each([
  ['more than SQS delays', Duration.minutes(16), '`after` is a whole number of seconds from 0 to 900, got 960 s'],
  ['half a second', Duration.millis(500), 'got 0.5 s'],
  ['a token', Duration.seconds(Lazy.number({ produce: () => 5 })), '`after` has to be known at synth'],
])('%s is refused', (_, after, message) => {
  const { stack, locks } = prepare();
  expect(() => locks.releaseEndedExecutions(newMachine(stack), { after })).toThrow(message);
});

test('what has no executions that end with an event is refused', () => {
  const { stack, locks } = prepare();
  expect(() => locks.releaseEndedExecutions(newMachine(stack, 'Fast', StateMachineType.EXPRESS))).toThrow(
    '`target` is an express state machine, whose executions end without an event',
  );
  const notOne = new Pass(stack, 'Pass') as never;
  expect(() => locks.releaseEndedExecutions(notOne)).toThrow('a state machine or a durable function, got "Test/Pass"');
  expect(() => locks.releaseEndedExecutions(undefined as never)).toThrow('got what is neither');
});

test('a function without durableConfig is refused at synth; a raw override is one, too', () => {
  const problems = (change: (fn: LambdaFunction) => void): string => {
    const { stack, locks } = prepare();
    const fn = newFunction(stack);
    locks.releaseEndedExecutions(fn);
    change(fn);
    return fn.node.validate().join();
  };
  expect(problems(() => {})).toMatch(/^this function has no `durableConfig`/);
  const override = (fn: LambdaFunction) =>
    (fn.node.defaultChild as CfnFunction).addPropertyOverride('DurableConfig', { ExecutionTimeout: 60 });
  expect(problems(override)).toBe('');
});

test('versions, aliases and imports stand for the function itself', () => {
  const { stack, locks } = prepare();
  const fn = newFunction(stack, 'Fn', { durableConfig });
  const version = fn.currentVersion as IVersion;
  locks.releaseEndedExecutions(version);
  locks.releaseEndedExecutions(new Alias(stack, 'Live', { aliasName: 'live', version }));
  locks.releaseEndedExecutions(fn);
  const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:imported';
  const imported = LambdaFunction.fromFunctionArn(stack, 'Imported', `${arn}:live`);
  locks.releaseEndedExecutions(imported);
  expect(imported.node.validate()).toEqual([]);
  const functions = rulesIn(stack).map(({ EventPattern }) => EventPattern.detail.functionArn);
  expect(functions).toHaveLength(2);
  expect(functions).toContainEqual([arn, { prefix: `${arn}:` }]);
});

test.each([
  ['Region', 'arn:aws:states:us-east-1:123456789012:stateMachine:far'],
  ['account', 'arn:aws:states:eu-west-1:210987654321:stateMachine:far'],
])('a state machine of another %s ends where no rule of this stack hears of it', (_, arn) => {
  const { stack, locks } = prepare();
  const far = StateMachine.fromStateMachineArn(stack, 'Far', arn);
  expect(() => locks.releaseEndedExecutions(far)).toThrow('the executions of `target` end in "');
});

test('a durable function is connected and granted like any other, and its lease may outlive an invocation', () => {
  const { stack, locks } = prepare();
  const fn = newFunction(stack, 'Approval', { durableConfig });
  locks.connect(fn, { names: ['account/*'], leaseDuration: Duration.hours(1) });
  locks.grantInspect(fn);
  expect(warningsIn(stack)).toEqual([]);
  expect(environmentIn(stack)).toMatchObject({ LYNK_TABLE_NAME: expect.anything(), LYNK_LEASE_SECONDS: '3600' });
  expect(statementsIn(stack).map(({ Action }) => Action)).toEqual([
    expect.arrayContaining(['dynamodb:UpdateItem']),
    ['dynamodb:GetItem', 'dynamodb:Scan'],
  ]);
});
