import { Duration, type Stack } from 'aws-cdk-lib';
import { DefinitionBody, StateMachine, Wait, WaitTime } from 'aws-cdk-lib/aws-stepfunctions';
import { LynkLockGrants, LynkLockMonitoring, LynkLockStates, LynkLockTable, LynkLockTables } from '../../lib/index.js';
import { newFunction, newStack } from './stack.js';

/** JavaScript has no compiler to say it. */
const typo = { permit: 42 } as object;
const work = (stack: Stack) => new Wait(stack, 'Work', { time: WaitTime.duration(Duration.seconds(1)) });
const locksIn = (stack: Stack) => new LynkLockTable(stack, 'Locks');

const machineIn = (stack: Stack) =>
  new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(work(stack)) });

/** All that take nothing but options. */
const METRICS = [
  'metricConsumedReadCapacityUnits',
  'metricConsumedWriteCapacityUnits',
  'metricContention',
  'metricThrottled',
  'metricSystemErrors',
  'metricLockAcquired',
  'metricLockNotGranted',
  'metricLockUnavailable',
  'metricLockLost',
  'metricLockTakenOver',
  'metricLockWaitTime',
  'metricLockHeldTime',
] as const;

type Where = readonly [string, (stack: Stack, props: object) => unknown];
const WHERE: readonly Where[] = [
  ['LynkLockTable', (stack, props) => new LynkLockTable(stack, 'Locks', { tableName: 'locks', ...props })],
  [
    'fromLynkLockTableAttributes',
    (stack, props) => LynkLockTable.fromLynkLockTableAttributes(stack, 'Locks', { tableName: 'locks', ...props }),
  ],
  ['a grant', (stack, props) => locksIn(stack).grantLock(newFunction(stack), { names: ['a'], ...props })],
  ['a grant', (stack, props) => locksIn(stack).grantInspect(newFunction(stack), props)],
  ['a grant', (stack, props) => locksIn(stack).grantBreak(newFunction(stack), props)],
  ['a grant', (stack, props) => locksIn(stack).grants.holdLocks(newFunction(stack), props)],
  ['LynkLockGrants', (stack, props) => new LynkLockGrants({ table: locksIn(stack), ...props })],
  ['connect', (stack, props) => locksIn(stack).connect(newFunction(stack), { names: ['a'], ...props })],
  ['protect', (stack, props) => locksIn(stack).protect(work(stack), { name: 'a', ...props })],
  [
    'LynkLockStates',
    (stack, props) => new LynkLockStates(stack, 'Lock', { name: 'a', table: locksIn(stack), ...props }),
  ],
  [
    'LynkLockMonitoring',
    (stack, props) => new LynkLockMonitoring(stack, 'Monitoring', { table: locksIn(stack), ...props }),
  ],
  ['metricLatency', (stack, props) => locksIn(stack).metricLatency({ label: 'latency', ...props })],
  ...METRICS.map((name): Where => ['a metric', (stack, props) => locksIn(stack)[name](props)]),
  ['a metric', (stack, props) => locksIn(stack).metric('AnyOfThem', props)],
  ['releaseEndedExecutions', (stack, props) => locksIn(stack).releaseEndedExecutions(machineIn(stack), props)],
  ['LynkLockTables', (stack, props) => new LynkLockTables(stack, 'Tables', props)],
];

test.each(WHERE)('an unknown prop of %s is refused by name', (where, use) => {
  expect(() => use(newStack(), typo)).toThrow(new RegExp(`^${where} knows no prop \`permit\`; it takes \``));
  // As passed on from somewhere, without a value.
  expect(() => use(newStack(), { permit: undefined })).not.toThrow();
});

test('a table’s key is not the user’s to choose, nor are indexes', () => {
  const props = { partitionKey: { name: 'id', type: 'S' }, globalSecondaryIndexes: [] } as object;
  expect(() => new LynkLockTable(newStack(), 'Locks', props)).toThrow(
    'LynkLockTable knows no prop `partitionKey`, `globalSecondaryIndexes`; it takes `tableName`, `billing`',
  );
});
