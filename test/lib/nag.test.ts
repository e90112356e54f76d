import { Duration, RemovalPolicy, type Stack, Validations } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { TableEncryptionV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks } from 'cdk-nag';
import { type IConstruct, Node } from 'constructs';
import { LynkLockMonitoring, LynkLockTable, LynkLockTables } from '../../lib/index.js';
import { ENV, newFunction, newStack, tableIn } from './stack.js';

/** A stack of this package's constructs, as strict rules want it, and a function beside them. */
function strictStack() {
  const stack = newStack({ env: ENV });
  const key = new Key(stack, 'Key', { enableKeyRotation: true });
  const table = new LynkLockTable(stack, 'Locks', {
    encryption: TableEncryptionV2.customerManagedKey(key),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  new LynkLockTables(stack, 'Tables');
  const topic = new Topic(stack, 'Topic', { masterKey: key, enforceSSL: true });
  new LynkLockMonitoring(stack, 'Monitoring', { table, alarmActions: [new SnsAction(topic)] });
  const durableConfig = { executionTimeout: Duration.days(30) };
  const fn = newFunction(stack, 'Fn', { timeout: Duration.minutes(1), durableConfig });
  table.connect(fn, { names: ['account/*'] });
  const { handler } = table.releaseEndedExecutions(fn);
  return { stack, fn, table, ended: Node.of(handler).scope as IConstruct };
}

/** What the rules find: which rule, and at which construct. */
function findings(stack: Stack) {
  const packs = [new AwsSolutionsChecks(), new NIST80053R5Checks(), new HIPAASecurityChecks()];
  const found = packs.flatMap((pack) => pack.validateScope(stack).violations);
  return found.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath = '' }) => ({ rule: ruleName, at: constructPath })),
  );
}

/** What is acknowledged of the user's function, and why. */
const OF_ANY_FUNCTION = 'of the function, whatever it does; this package does not make it';
const INLINE_POLICY = {
  'NIST.800.53.R5-IAMNoInlinePolicy': 'grants of aws-cdk-lib are inline policies of the grantee; they go when it goes',
  'HIPAA.Security-IAMNoInlinePolicy': 'as for NIST',
};
const OF_USER: Readonly<Record<string, string>> = {
  'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicDurableExecutionRolePolicy]':
    OF_ANY_FUNCTION,
  'AwsSolutions-L1': OF_ANY_FUNCTION,
  'NIST.800.53.R5-LambdaConcurrency': OF_ANY_FUNCTION,
  'NIST.800.53.R5-LambdaDLQ': OF_ANY_FUNCTION,
  'NIST.800.53.R5-LambdaInsideVPC': OF_ANY_FUNCTION,
  'HIPAA.Security-LambdaConcurrency': OF_ANY_FUNCTION,
  'HIPAA.Security-LambdaDLQ': OF_ANY_FUNCTION,
  'HIPAA.Security-LambdaInsideVPC': OF_ANY_FUNCTION,
  ...INLINE_POLICY,
};

/** And of what gives back the locks of ended executions, which is all that this package has of such resources. */
const FEW_AT_A_TIME = 'its event source invokes it twice at a time at most';
const DEAD_LETTERS = 'what it fails to do is in the dead-letter queue of the queue that it reads from';
const NO_NETWORK = 'it calls DynamoDB alone, as anything with its role could from anywhere';
const ITS_LOG = 'it logs names of locks and executions, which CloudWatch encrypts with a key of its own';
const OF_ENDED_EXECUTIONS: Readonly<Record<string, string>> = {
  'NIST.800.53.R5-LambdaConcurrency': FEW_AT_A_TIME,
  'NIST.800.53.R5-LambdaDLQ': DEAD_LETTERS,
  'NIST.800.53.R5-LambdaInsideVPC': NO_NETWORK,
  'NIST.800.53.R5-CloudWatchLogGroupEncrypted': ITS_LOG,
  'HIPAA.Security-LambdaConcurrency': FEW_AT_A_TIME,
  'HIPAA.Security-LambdaDLQ': DEAD_LETTERS,
  'HIPAA.Security-LambdaInsideVPC': NO_NETWORK,
  'HIPAA.Security-CloudWatchLogGroupEncrypted': ITS_LOG,
  ...INLINE_POLICY,
};

test('what the rules find is acknowledged with a reason, and is there to be acknowledged', () => {
  const { stack, fn, ended } = strictStack();
  const found = findings(stack);
  for (const [construct, acknowledged] of [
    [fn, OF_USER],
    [ended, OF_ENDED_EXECUTIONS],
  ] as const) {
    const here = found.filter(({ at }) => at.startsWith(`${construct.node.path}/`));
    expect(new Set(here.map(({ rule }) => rule))).toEqual(new Set(Object.keys(acknowledged)));
    for (const [id, reason] of Object.entries(acknowledged)) Validations.of(construct).acknowledge({ id, reason });
  }
  expect(findings(stack)).toEqual([]);
});

test('the table, which the rules never look at, is encrypted, backed up and protected', () => {
  const { stack } = strictStack();
  const { properties, resource, own } = tableIn(stack);
  expect(properties).toMatchObject({ SSESpecification: { SSEEnabled: true, SSEType: 'KMS' } });
  expect(own).toMatchObject({
    SSESpecification: { KMSMasterKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] } },
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    DeletionProtectionEnabled: true,
  });
  expect(resource).toMatchObject({ DeletionPolicy: 'Retain' });
});

test('and the rules are silent about a table without any of that', () => {
  const stack = newStack({ env: ENV });
  new LynkLockTable(stack, 'Locks');
  expect(findings(stack)).toEqual([]);
});
