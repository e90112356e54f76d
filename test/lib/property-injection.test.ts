import { App, Duration, type IPropertyInjector, PropertyInjectors, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { DefinitionBody, StateMachine, Wait, WaitTime } from 'aws-cdk-lib/aws-stepfunctions';
import { LynkLockMonitoring, LynkLockStates, LynkLockTable, LynkLockTables } from '../../lib/index.js';
import { definitionIn } from './definition.js';
import { ENV, statementsIn, tableIn } from './stack.js';

/** An app's own defaults, as aws-cdk has them for its constructs. */
function prepare(constructUniqueId: string, defaults: object | ((stack: Stack) => object)) {
  const stack = new Stack(new App(), 'Test', { env: ENV });
  const added = typeof defaults === 'function' ? defaults(stack) : defaults;
  const injector: IPropertyInjector = { constructUniqueId, inject: (props) => ({ ...added, ...props }) };
  PropertyInjectors.of(stack.node.root).add(injector);
  return stack;
}

test('props are injected into a lock table, and those that are given go before them', () => {
  const stack = prepare(LynkLockTable.PROPERTY_INJECTION_ID, { tableName: 'injected', deletionProtection: true });
  new LynkLockTable(stack, 'Locks', { tableName: 'given' });
  expect(tableIn(stack)).toMatchObject({
    properties: { TableName: 'given' },
    own: { DeletionProtectionEnabled: true },
  });
});

test('they are checked like any', () => {
  const stack = prepare('cdk-lynk.LynkLockTable', { leaseDuration: Duration.millis(200) });
  expect(() => new LynkLockTable(stack, 'Locks')).toThrow('`leaseDuration` is a whole number of seconds');
});

test('the nearest injector counts, and that of another class does not', () => {
  const stack = prepare('cdk-lynk.LynkLockTable', { tableName: 'far' });
  PropertyInjectors.of(stack).add({ constructUniqueId: 'cdk-lynk.Other', inject: () => ({ tableName: 'other' }) });
  new LynkLockTable(stack, 'Locks');
  expect(tableIn(stack).properties).toMatchObject({ TableName: 'far' });
});

describe('what is injected into every TableV2', () => {
  const policyOf = (props: object, given?: RemovalPolicy) => {
    const stack = prepare(TableV2.PROPERTY_INJECTION_ID, props);
    new LynkLockTable(stack, 'Locks', given === undefined ? {} : { removalPolicy: given });
    return tableIn(stack).resource['DeletionPolicy'];
  };

  test('a removal policy goes before our default, and not before that of the props', () => {
    expect(policyOf({ removalPolicy: RemovalPolicy.RETAIN })).toBe('Retain');
    expect(policyOf({ removalPolicy: RemovalPolicy.RETAIN }, RemovalPolicy.DESTROY)).toBe('Delete');
    expect(policyOf({})).toBe('Delete');
  });

  test('so does how it is paid for', () => {
    const stack = prepare(TableV2.PROPERTY_INJECTION_ID, { billing: Billing.onDemand({ maxReadRequestUnits: 7 }) });
    new LynkLockTable(stack, 'Locks');
    expect(tableIn(stack).own).toMatchObject({ ReadOnDemandThroughputSettings: { MaxReadRequestUnits: 7 } });
  });

  test('a key is granted on', () => {
    const stack = prepare(TableV2.PROPERTY_INJECTION_ID, (within) => ({
      encryption: TableEncryptionV2.customerManagedKey(new Key(within, 'Key')),
    }));
    const locks = new LynkLockTable(stack, 'Locks');
    locks.grantInspect(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }));
    expect(statementsIn(stack)).toContainEqual(expect.objectContaining({ Action: ['kms:Decrypt', 'kms:DescribeKey'] }));
  });

  test('the key of the table stays the locks’', () => {
    const stack = prepare(TableV2.PROPERTY_INJECTION_ID, { partitionKey: { name: 'id', type: 'S' } });
    new LynkLockTable(stack, 'Locks');
    expect(tableIn(stack).properties.KeySchema).toEqual([{ AttributeName: 'lockKey', KeyType: 'HASH' }]);
  });
});

test('the other constructs are injectable, too', () => {
  const monitored = prepare(LynkLockMonitoring.PROPERTY_INJECTION_ID, { dashboard: false });
  new LynkLockMonitoring(monitored, 'Monitoring', { table: new LynkLockTable(monitored, 'Locks') });
  Template.fromStack(monitored).resourceCountIs('AWS::CloudWatch::Dashboard', 0);

  const grouped = prepare(LynkLockTables.PROPERTY_INJECTION_ID, { groupName: 'injected' });
  new LynkLockTables(grouped, 'Tables');
  Template.fromStack(grouped).hasResourceProperties('AWS::ResourceGroups::Group', { Name: 'injected' });

  const stack = prepare(LynkLockStates.PROPERTY_INJECTION_ID, { leaseDuration: Duration.seconds(77) });
  const locks = new LynkLockTable(stack, 'Locks');
  const steps = locks.protect(new Wait(stack, 'Work', { time: WaitTime.duration(Duration.seconds(1)) }), { name: 'a' });
  new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(steps) });
  expect(JSON.stringify(definitionIn(stack).States['Work lock: acquire'])).toContain('":lease":{"N":"77"}');
});
