import { App } from 'aws-cdk-lib';
import { MonthEndStack } from '../../examples/step-functions/stack.js';
import { definitionIn, faultsOf } from '../lib/definition.js';
import { statementsIn } from '../lib/stack.js';

test('the example is synthesized to a valid state machine, whose lease outlasts its steps', () => {
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
