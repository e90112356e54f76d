import { Lazy, Tags } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { LynkLockTable, LynkLockTables, type LynkLockTablesProps } from '../../lib/index.js';
import { newStack, tableIn } from './stack.js';

function groupOf(props: LynkLockTablesProps, stack = newStack()) {
  const tables = new LynkLockTables(stack, 'Tables', props);
  const groups = Object.values(Template.fromStack(stack).findResources('AWS::ResourceGroups::Group'));
  expect(groups).toHaveLength(1);
  return { tables, properties: groups[0]?.['Properties'] };
}

test('the group of all lock tables, by the tag that lynk gives them', () => {
  const { properties } = groupOf({});
  expect(properties).toMatchObject({
    Name: 'lynk-lock-tables',
    ResourceQuery: {
      Type: 'TAG_FILTERS_1_0',
      Query: {
        ResourceTypeFilters: ['AWS::DynamoDB::Table'],
        TagFilters: [{ Key: 'lynk', Values: ['lock-table'] }],
      },
    },
  });
});

test('is itself not tagged as one of them, even where a whole stack is', () => {
  const stack = newStack();
  Tags.of(stack).add('lynk', 'lock-table');
  new LynkLockTable(stack, 'Locks');
  const { properties } = groupOf({}, stack);
  expect(properties.Tags).toEqual([{ Key: 'lynk', Value: 'lock-tables' }]);
  expect(tableIn(stack).own).toMatchObject({ Tags: [{ Key: 'lynk', Value: 'lock-table' }] });
});

test('name and ARN', () => {
  const { tables, properties } = groupOf({ groupName: 'locks' });
  expect(properties.Name).toBe('locks');
  expect(tables.stack.resolve(tables.groupName)).toEqual({ Ref: expect.stringMatching(/^TablesGroup/) });
  expect(tables.stack.resolve(tables.groupArn)).toEqual({
    'Fn::GetAtt': [expect.stringMatching(/^TablesGroup/), 'Arn'],
  });
});

test('a name that deploy alone can know is taken', () => {
  expect(groupOf({ groupName: Lazy.string({ produce: () => 'later' }) }).properties.Name).toBe('later');
});

test.each(['', 'aws-locks', 'AWSlocks', 'a b', 'x'.repeat(301)])('the name "%s" is refused', (groupName) => {
  expect(() => groupOf({ groupName })).toThrow('`groupName` has up to 300');
});
