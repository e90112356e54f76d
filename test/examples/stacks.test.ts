import { readdirSync, readFileSync } from 'node:fs';
import { App, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ApprovalStack } from '../../examples/approval/stack.js';
import { DeployLockStack } from '../../examples/deploy-lock/stack.js';
import { FencingStack } from '../../examples/fencing/stack.js';
import { GuardedWritesStack } from '../../examples/guarded-writes/stack.js';
import { HandOverStack } from '../../examples/hand-over/stack.js';
import { NightlyReportStack } from '../../examples/nightly-report/stack.js';
import { OrdersStack } from '../../examples/orders/stack.js';
import { RefreshOnceStack } from '../../examples/refresh-once/stack.js';
import { MonthEndStack } from '../../examples/step-functions/stack.js';
import { StickyLeaderStack } from '../../examples/sticky-leader/stack.js';
import { ThreeCallsStack } from '../../examples/three-calls/stack.js';
import { definitionIn, faultsOf } from '../lib/definition.js';
import { statementsIn, warningsIn } from '../lib/stack.js';

// Nothing is bundled: the functions' code is run by other tests.
const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });

const HOLDING = ['dynamodb:BatchGetItem', 'dynamodb:ConditionCheckItem', 'dynamodb:DeleteItem', 'dynamodb:GetItem'];
const STACKS: readonly (readonly [folder: string, stack: Stack, functions: number, names: string])[] = [
  ['approval', new ApprovalStack(app, 'Approval'), 1, 'account/*'],
  ['deploy-lock', new DeployLockStack(app, 'DeployLock', { repository: 'acme/shop' }), 0, 'deploy/*'],
  ['fencing', new FencingStack(app, 'Fencing'), 1, 'report'],
  ['guarded-writes', new GuardedWritesStack(app, 'GuardedWrites'), 1, 'account/*'],
  ['hand-over', new HandOverStack(app, 'HandOver'), 3, 'order/*'],
  ['nightly-report', new NightlyReportStack(app, 'Nightly'), 1, 'nightly-report'],
  ['orders', new OrdersStack(app, 'Orders'), 1, 'account/*'],
  ['refresh-once', new RefreshOnceStack(app, 'RefreshOnce'), 1, 'access-token/*'],
  ['sticky-leader', new StickyLeaderStack(app, 'StickyLeader'), 2, 'feed-leader'],
  ['three-calls', new ThreeCallsStack(app, 'ThreeCalls'), 1, 'partner-api#*'],
];
const stackOf = (folder: string): Stack => {
  const found = STACKS.find(([name]) => name === folder);
  if (!found) throw new Error(`no stack of ${folder}`);
  return found[1];
};

test.each(STACKS)(
  '%s: one lock table, and whoever locks may take its own locks and no other',
  (_, stack, count, names) => {
    const template = Template.fromStack(stack);
    const [table = ''] = Object.keys(
      template.findResources('AWS::DynamoDB::GlobalTable', {
        Properties: { KeySchema: [{ AttributeName: 'lockKey', KeyType: 'HASH' }] },
      }),
    );
    expect(table).toMatch(/^Locks/);

    const functions = Object.values(template.findResources('AWS::Lambda::Function'));
    expect(functions).toHaveLength(count);
    for (const { Properties } of functions) {
      expect(Properties.Environment.Variables).toMatchObject({ LYNK_TABLE_NAME: { Ref: table } });
    }
    const ofLocks = statementsIn(stack).filter(
      ({ Action, Resource }) => JSON.stringify(Resource).includes(table) && Action !== 'dynamodb:PutItem',
    );
    // Each function's, or that of the one role which is no function's.
    expect(ofLocks).toHaveLength(Math.max(count, 1));
    for (const statement of ofLocks) {
      expect(statement).toMatchObject({
        Effect: 'Allow',
        Action: expect.arrayContaining([...HOLDING, 'dynamodb:UpdateItem']),
        Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [names] } },
      });
      expect(statement.Action).toHaveLength(HOLDING.length + 1);
    }
    expect(warningsIn(stack)).toEqual([]);
  },
);

test('deploy-lock: runners of one repository’s main branch, and nobody else, have the role', () => {
  Template.fromStack(stackOf('deploy-lock')).hasResourceProperties('AWS::IAM::Role', {
    RoleName: 'deployer',
    AssumeRolePolicyDocument: {
      Statement: [
        Match.objectLike({
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: { 'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com' },
            StringLike: { 'token.actions.githubusercontent.com:sub': 'repo:acme/shop:ref:refs/heads/main' },
          },
        }),
      ],
    },
  });
  Template.fromStack(stackOf('deploy-lock')).hasResourceProperties('AWS::DynamoDB::GlobalTable', {
    TableName: 'ci-locks',
  });
});

test('deploy-lock: and may deploy, by the roles of the CDK', () => {
  expect(statementsIn(stackOf('deploy-lock'))).toContainEqual(
    expect.objectContaining({
      Action: 'sts:AssumeRole',
      Resource: { 'Fn::Join': ['', expect.arrayContaining([':role/cdk-*'])] },
    }),
  );
});

test('hand-over: Python writes with PutItem, and to these locks alone; what is not shipped is not lost', () => {
  const stack = stackOf('hand-over');
  const puts = statementsIn(stack).filter(({ Action }) => Action === 'dynamodb:PutItem');
  expect(puts).toEqual([
    expect.objectContaining({
      Condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['order/*'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    }),
  ]);
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    MaximumRetryAttempts: 0,
    DestinationConfig: { OnFailure: Match.anyValue() },
  });
});

test('guarded-writes: the function knows the accounts’ table, and may write to it', () => {
  const stack = stackOf('guarded-writes');
  const [accounts = ''] = Object.keys(Template.fromStack(stack).findResources('AWS::DynamoDB::GlobalTable')).filter(
    (id) => id.startsWith('Accounts'),
  );
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: Match.objectLike({ ACCOUNTS_TABLE_NAME: { Ref: accounts } }) },
  });
  const granted = statementsIn(stack).find(({ Resource }) => JSON.stringify(Resource).includes(accounts));
  expect(granted?.Action).toEqual(expect.arrayContaining(['dynamodb:GetItem', 'dynamodb:PutItem']));
});

test('hand-over: what either first function answers goes to the second, and to no other', () => {
  const template = Template.fromStack(stackOf('hand-over'));
  const [ship] = Object.keys(template.findResources('AWS::Lambda::Function')).filter((id) => id.startsWith('Ship'));
  // With `responseOnly` a rule of EventBridge passes the answer on.
  const rules = Object.values(template.findResources('AWS::Events::Rule'));
  expect(rules).toHaveLength(2);
  for (const { Properties } of rules) {
    expect(Properties.EventPattern['detail-type']).toEqual(['Lambda Function Invocation Result - Success']);
    expect(Properties.Targets).toEqual([
      expect.objectContaining({ Arn: { 'Fn::GetAtt': [ship, 'Arn'] }, InputPath: '$.detail.responsePayload' }),
    ]);
  }
  template.hasResourceProperties('AWS::Lambda::Function', { Runtime: 'python3.13', Handler: 'pick.handler' });
});

test('nightly-report: each night at 3, twice more after a failure, and then somebody is told', () => {
  const template = Template.fromStack(stackOf('nightly-report'));
  template.hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'cron(0 3 * * ? *)',
    ScheduleExpressionTimezone: 'Europe/Berlin',
    Target: Match.objectLike({ Input: '{"time":"<aws.scheduler.scheduled-time>"}' }),
  });
  const [failed = ''] = Object.keys(template.findResources('AWS::SQS::Queue'));
  template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
    MaximumRetryAttempts: 2,
    DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [failed, 'Arn'] } } },
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [failed, 'QueueName'] } }],
    Threshold: 1,
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'Invocations',
    ComparisonOperator: 'LessThanThreshold',
    TreatMissingData: 'breaching',
  });
});

test('orders: records come back one by one, and not before the function has ended', () => {
  const template = Template.fromStack(stackOf('orders'));
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
  template.hasResourceProperties('AWS::SQS::Queue', {
    VisibilityTimeout: 360,
    RedrivePolicy: Match.objectLike({ maxReceiveCount: 20 }),
  });
});

test('sticky-leader: both functions are started each minute', () => {
  Template.fromStack(stackOf('sticky-leader')).hasResourceProperties('AWS::Events::Rule', {
    ScheduleExpression: 'rate(1 minute)',
    Targets: [Match.anyValue(), Match.anyValue()],
  });
});

test('step-functions: a valid state machine, whose lease outlasts its steps', () => {
  const stack = new MonthEndStack(new App(), 'MonthEnd');
  const definition = definitionIn(stack);
  expect(faultsOf(definition)).toEqual([]);
  // Two steps of 30 s, and half a minute.
  expect(JSON.stringify(definition)).toContain('":lease":{"N":"90"}');
  expect(statementsIn(stack)).toContainEqual(
    expect.objectContaining({
      Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      Condition: expect.objectContaining({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['account/*'] } }),
    }),
  );
});

test('examples/README.md has a line for each of them, and each but the first and the last has its stack here', () => {
  const folders = readdirSync('examples', { withFileTypes: true }).flatMap((one) =>
    one.isDirectory() ? [one.name] : [],
  );
  const listed = [...readFileSync('examples/README.md', 'utf8').matchAll(/^\| \[`([^`]+)`\]\(\1\/\)/gm)];
  expect(new Set(listed.map(([, folder]) => folder))).toEqual(new Set(folders));
  expect(listed).toHaveLength(folders.length);
  const withStack = [...STACKS.map(([folder]) => folder), 'step-functions'];
  expect(new Set(folders)).toEqual(new Set([...withStack, 'quickstart', 'testing']));
});
