import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TableEncryptionV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LynkLockTable } from '../../lib/index.js';
import { ENV, newFunction, newStack } from './stack.js';

/**
 * Two typical stacks, whole. A change here is a change of what people have deployed: of a logical id, and
 * their table is replaced, with every lock in it.
 */
function templateOf(stack: Stack) {
  const { Parameters, Rules, ...template } = Template.fromStack(stack).toJSON();
  return template;
}

test('a table for one function, everything by default', () => {
  const stack = newStack();
  new LynkLockTable(stack, 'Locks').connect(newFunction(stack, 'Billing', { timeout: Duration.seconds(30) }));
  expect(templateOf(stack)).toMatchSnapshot();
});

test('a table that others depend on: a key of its own, backups, three Regions, some names for each', () => {
  const stack = newStack({ env: ENV });
  const locks = new LynkLockTable(stack, 'Locks', {
    tableName: 'locks',
    encryption: TableEncryptionV2.customerManagedKey(new Key(stack, 'Key', { enableKeyRotation: true }), {
      'eu-west-2': 'arn:aws:kms:eu-west-2:123456789012:key/two',
      'eu-central-1': 'arn:aws:kms:eu-central-1:123456789012:key/three',
    }),
    replicas: [{ region: 'eu-west-2' }, { region: 'eu-central-1' }],
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
    leaseDuration: Duration.seconds(20),
    tags: { team: 'billing' },
  });
  const worker = newFunction(stack, 'Worker', { timeout: Duration.minutes(5) });
  locks.connect(worker, { names: ['account/*'] });
  const other = new Stack(stack.node.root, 'Other', { env: ENV });
  locks.grantInspect(newFunction(other, 'Dashboard'), { names: ['account/*', 'nightly'] });
  expect(templateOf(stack)).toMatchSnapshot();
  expect(templateOf(other)).toMatchSnapshot();
});
