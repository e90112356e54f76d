import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { LynkLockTable, type LynkLockTableProps } from '../../lib/index.js';

const TAG = { Key: 'lynk', Value: 'lock-table' };

const newStack = (): Stack => new Stack(new App(), 'Stack');
const newFunction = (stack: Stack, id = 'Handler'): LambdaFunction =>
  new LambdaFunction(stack, id, {
    runtime: Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {};'),
  });

/** The properties of the one table of a stack that has a lock table alone. */
function tableWith(props?: LynkLockTableProps) {
  const stack = newStack();
  new LynkLockTable(stack, 'Locks', props);
  const tables = Object.values(Template.fromStack(stack).findResources('AWS::DynamoDB::GlobalTable'));
  expect(tables.length).toBe(1);
  return tables[0] as { Properties: Record<string, unknown>; DeletionPolicy: string };
}

describe('the table', () => {
  test('has the partition key lockKey, a string, and no sort key', () => {
    expect(tableWith().Properties).toMatchObject({
      KeySchema: [{ AttributeName: 'lockKey', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'lockKey', AttributeType: 'S' }],
    });
  });

  test('is paid for on demand', () => {
    expect(tableWith().Properties).toMatchObject({ BillingMode: 'PAY_PER_REQUEST' });
  });

  test('deletes by expiresAt what nobody cleared up', () => {
    expect(tableWith().Properties).toMatchObject({
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
  });

  test('is in one Region only, and not indexed or streamed', () => {
    const { Properties } = tableWith();

    expect(Properties['Replicas']).toHaveLength(1);
    expect(Properties).not.toHaveProperty('GlobalSecondaryIndexes');
    expect(Properties).not.toHaveProperty('StreamSpecification');
  });

  test('has the name given, else one that CloudFormation makes up', () => {
    expect(tableWith({ tableName: 'my-locks' }).Properties).toMatchObject({ TableName: 'my-locks' });
    expect(tableWith().Properties).not.toHaveProperty('TableName');
  });

  test('goes with its stack, unless told otherwise', () => {
    expect(tableWith().DeletionPolicy).toBe('Delete');
    expect(tableWith({ removalPolicy: RemovalPolicy.RETAIN }).DeletionPolicy).toBe('Retain');
  });

  test('is known by name and ARN', () => {
    const stack = newStack();
    const { tableName, tableArn, table } = new LynkLockTable(stack, 'Locks');

    expect(stack.resolve(tableName)).toEqual({ Ref: stack.getLogicalId(table.node.defaultChild as never) });
    expect(stack.resolve(tableArn)).toEqual({
      'Fn::GetAtt': [stack.getLogicalId(table.node.defaultChild as never), 'Arn'],
    });
  });
});

describe('the tag by which lock tables are found', () => {
  test('is on the table', () => {
    expect(tableWith().Properties).toMatchObject({ Replicas: [{ Tags: [TAG] }] });
  });

  test('is on nothing else: neither in the stack nor below the construct', () => {
    // Prepare
    const stack = newStack();
    const locks = new LynkLockTable(stack, 'Locks');
    newFunction(stack);
    newFunction(locks as never, 'Within');
    new Bucket(stack, 'Bucket');
    new TableV2(stack, 'Other', { partitionKey: { name: 'id', type: AttributeType.STRING } });
    new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });

    // Act
    const { Resources = {} } = Template.fromStack(stack).toJSON() as { Resources?: Record<string, { Type: string }> };

    // Assess
    const tagged = Object.entries(Resources).filter(([, resource]) => JSON.stringify(resource).includes('lock-table'));
    expect(tagged.map(([id]) => id)).toEqual([stack.getLogicalId(locks.table.node.defaultChild as never)]);
    expect(Object.keys(Resources).length).toBeGreaterThan(6);
  });
});

describe('grantLock', () => {
  const policyOn = (arn: unknown) => ({
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: [
            'dynamodb:BatchGetItem',
            'dynamodb:GetItem',
            'dynamodb:UpdateItem',
            'dynamodb:ConditionCheckItem',
            'dynamodb:DeleteItem',
          ],
          Resource: arn,
        },
      ],
    },
  });

  test('lets a function do exactly what locking takes, on exactly the table', () => {
    const stack = newStack();
    const locks = new LynkLockTable(stack, 'Locks');

    locks.grantLock(newFunction(stack)).assertSuccess();

    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::IAM::Policy', 1);
    const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
    expect(policy?.['Properties']).toMatchObject(policyOn(stack.resolve(locks.tableArn)));
  });

  test('lets a role do the same', () => {
    const stack = newStack();
    const locks = new LynkLockTable(stack, 'Locks');
    const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });

    locks.grantLock(role).assertSuccess();

    const template = Template.fromStack(stack);
    const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
    expect(policy?.['Properties']).toMatchObject(policyOn(stack.resolve(locks.tableArn)));
    expect(JSON.stringify(template.toJSON())).not.toContain('LYNK_TABLE_NAME');
  });
});
