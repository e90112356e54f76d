import { App, type CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
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

function addForOneFunction(stack: Stack): void {
  new LynkLockTable(stack, 'Locks').connect(newFunction(stack, 'Billing', { timeout: Duration.seconds(30) }));
}

/** Returns another stack of the app, with a function that may look. */
function addForManyRegions(stack: Stack): Stack {
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
  return other;
}

test('a table for one function, everything by default', () => {
  const stack = newStack();
  addForOneFunction(stack);
  expect(templateOf(stack)).toMatchSnapshot();
});

test('a table that others depend on: a key of its own, backups, three Regions, some names for each', () => {
  const stack = newStack({ env: ENV });
  const other = addForManyRegions(stack);
  expect(templateOf(stack)).toMatchSnapshot();
  expect(templateOf(other)).toMatchSnapshot();
});

describe('CloudFormation’s validator, where its warnings are errors', () => {
  const { CDK_VALIDATION } = process.env;
  let app: App;

  beforeEach(() => {
    delete process.env['CDK_VALIDATION'];
    app = new App({ context: { '@aws-cdk/core:strictCfnValidateErrors': true } });
  });
  afterEach(() => {
    process.env['CDK_VALIDATION'] = CDK_VALIDATION;
  });

  test('has nothing against either', () => {
    addForOneFunction(new Stack(app, 'One'));
    addForManyRegions(new Stack(app, 'Many', { env: ENV }));
    expect(() => app.synth()).not.toThrow();
  });

  test('and something against a table that is wrong', () => {
    const { table } = new LynkLockTable(new Stack(app, 'Wrong'), 'Locks');
    (table.node.defaultChild as CfnResource).addPropertyOverride('BillingMode', 'FREE');
    expect(() => app.synth()).toThrow(/BillingMode/);
  });
});
