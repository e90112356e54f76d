import { Duration, Lazy } from 'aws-cdk-lib';
import {
  DefinitionBody,
  JsonPath,
  Pass,
  QueryLanguage,
  StateMachine,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LynkLockTable, type LynkProtectOptions } from '../../lib/index.js';
import { definitionIn, faultsOf } from './definition.js';
import { ENV, newStack, statementsIn } from './stack.js';

function prepare(options: LynkProtectOptions, queryLanguage?: QueryLanguage) {
  const stack = newStack({ env: ENV });
  const work = new Wait(stack, 'Work', { time: WaitTime.duration(Duration.seconds(5)) });
  const steps = new LynkLockTable(stack, 'Locks').protect(work, options).next(new Pass(stack, 'After'));
  new StateMachine(stack, 'Machine', {
    definitionBody: DefinitionBody.fromChainable(steps),
    ...(queryLanguage && { queryLanguage }),
  });
  return { stack, definition: definitionIn(stack) };
}

test.each([
  ['JSONPath', JsonPath.format('api/{}', JsonPath.stringAt('$.id')), undefined],
  ['JSONata', "{% 'api/' & $states.input.id %}", QueryLanguage.JSONATA],
  ['a text', 'api', undefined],
] as const)('the definition is valid: %s', (_, name, language) => {
  const { definition } = prepare({ name, permits: 3 }, language);
  expect(faultsOf(definition)).toEqual([]);
  expect(definition.States).toMatchObject({
    'Work lock: draw': { Next: 'Work lock: pick' },
    'Work lock: pick': { Next: 'Work lock: acquire' },
    'Work lock: look': { Resource: 'arn:aws:states:::aws-sdk:dynamodb:batchGetItem', Next: 'Work lock: wait on' },
    'Work lock: pause': { Type: 'Wait', Next: 'Work lock: look' },
  });
  // A token of the table's name is not left in it.
  expect(JSON.stringify(definition)).not.toContain('Token[');
});

test('the role may look at all permits, and write each', () => {
  const { stack } = prepare({ name: 'api', permits: 3 });
  expect(statementsIn(stack)).toEqual([
    expect.objectContaining({
      Action: ['dynamodb:BatchGetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      Condition: expect.objectContaining({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['api#*'] } }),
    }),
  ]);
});

test('once a permit may be held, every way out is by a release', () => {
  const { States } = prepare({ name: 'api', permits: 3, otherwise: undefined as never }).definition;
  for (const does of ['acquire', 'look']) {
    expect(States[`Work lock: ${does}`]?.Catch?.at(-1)).toMatchObject({ Next: 'Work lock: release after error' });
  }
  for (const does of ['wait on', 'time left']) {
    expect(States[`Work lock: ${does}`]).toMatchObject({ Default: 'Work lock: release after error' });
  }
});

test.each([
  [0, 'got 0'],
  [101, 'got 101'],
  [1.5, 'got 1.5'],
  ['3' as never, 'got "3"'],
  [Lazy.number({ produce: () => 3 }), '`permits` has to be known at synth'],
])('%s permits are refused', (permits, message) => {
  expect(() => prepare({ name: 'api', permits })).toThrow(message);
});

test('a name is short enough for the number behind it', () => {
  expect(() => prepare({ name: 'x'.repeat(2046), permits: 10 })).not.toThrow();
  expect(() => prepare({ name: 'x'.repeat(2046), permits: 11 })).toThrow("a lock's name has at most 2048");
});
