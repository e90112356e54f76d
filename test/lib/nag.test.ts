import { Duration, RemovalPolicy, type Stack, Validations } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { TableEncryptionV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks } from 'cdk-nag';
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
  const fn = newFunction(stack, 'Fn', { timeout: Duration.minutes(1) });
  table.connect(fn, { names: ['account/*'] });
  return { stack, fn, table };
}

/** What the rules find: which rule, and at which construct. */
function findings(stack: Stack) {
  const packs = [new AwsSolutionsChecks(), new NIST80053R5Checks(), new HIPAASecurityChecks()];
  const found = packs.flatMap((pack) => pack.validateScope(stack).violations);
  return found.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath = '' }) => ({ rule: ruleName, at: constructPath })),
  );
}

/** What is acknowledged, and why. Nothing of it is in a resource that this package makes but the role's policy. */
const OF_ANY_FUNCTION = 'of the function, whatever it does; this package makes no functions';
const ACKNOWLEDGED: Readonly<Record<string, string>> = {
  'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]':
    OF_ANY_FUNCTION,
  'AwsSolutions-L1': OF_ANY_FUNCTION,
  'NIST.800.53.R5-LambdaConcurrency': OF_ANY_FUNCTION,
  'NIST.800.53.R5-LambdaDLQ': OF_ANY_FUNCTION,
  'NIST.800.53.R5-LambdaInsideVPC': OF_ANY_FUNCTION,
  'HIPAA.Security-LambdaConcurrency': OF_ANY_FUNCTION,
  'HIPAA.Security-LambdaDLQ': OF_ANY_FUNCTION,
  'HIPAA.Security-LambdaInsideVPC': OF_ANY_FUNCTION,
  'NIST.800.53.R5-IAMNoInlinePolicy': 'grants of aws-cdk-lib are inline policies of the grantee; they go when it goes',
  'HIPAA.Security-IAMNoInlinePolicy': 'as for NIST',
};

test('what the rules find is acknowledged with a reason, and is there to be acknowledged', () => {
  const { stack, fn } = strictStack();
  expect(new Set(findings(stack).map(({ rule }) => rule))).toEqual(new Set(Object.keys(ACKNOWLEDGED)));
  expect(findings(stack).filter(({ at }) => !at.startsWith('Test/Fn/'))).toEqual([]);

  for (const [id, reason] of Object.entries(ACKNOWLEDGED)) Validations.of(fn).acknowledge({ id, reason });
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
