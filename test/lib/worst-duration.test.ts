import { CfnParameter, Lazy } from 'aws-cdk-lib';
import { type GraphJson, worstDurationOf } from '../../lib/worst-duration.js';
import { newStack } from './stack.js';

type States = GraphJson['States'];
const graph = (States: States, StartAt = Object.keys(States)[0] ?? ''): GraphJson => ({ StartAt, States });
const task = (TimeoutSeconds: unknown, rest: object = {}) => ({ Type: 'Task', TimeoutSeconds, ...rest });
const DONE = { Type: 'Pass' };
const LATER = Lazy.number({ produce: () => 900 });
const AT_DEPLOY = new CfnParameter(newStack(), 'Seconds', { type: 'Number' }).valueAsNumber;

test.each<[string, States, number]>([
  ['a step that takes no time', { A: DONE }, 0],
  ['a task', { A: task(10) }, 10],
  ['a wait', { A: { Type: 'Wait', Seconds: 7 } }, 7],
  ['one after the other', { A: task(10, { Next: 'B' }), B: task(5) }, 15],
  [
    'the longer of two ways',
    { A: { Type: 'Choice', Choices: [{ Next: 'B' }], Default: 'C' }, B: task(5), C: task(9) },
    9,
  ],
  ['what follows a caught error', { A: task(10, { Next: 'B', Catch: [{ Next: 'C' }] }), B: DONE, C: task(5) }, 15],
  [
    'the longest branch',
    { A: { Type: 'Parallel', Branches: [graph({ B: task(3) }), graph({ C: task(8) })], Next: 'D' }, D: task(1) },
    9,
  ],
  ['retries by default: 3 more attempts, after 1, 2 and 4 s', { A: task(10, { Retry: [{}] }) }, 47],
  [
    'every retrier is used up',
    {
      A: task(10, {
        Retry: [
          { MaxAttempts: 1, IntervalSeconds: 5 },
          { MaxAttempts: 2, BackoffRate: 1.5 },
        ],
      }),
    },
    48,
  ],
  ['pauses that stop growing', { A: task(1, { Retry: [{ MaxAttempts: 6, MaxDelaySeconds: 4 }] }) }, 26],
  [
    'a parallel state that is tried again',
    { A: { Type: 'Parallel', Branches: [graph({ B: task(3) })], Retry: [{ MaxAttempts: 1 }] } },
    7,
  ],
  [
    'the pauses of one that takes no time itself',
    { A: { Type: 'Parallel', Branches: [graph({ B: DONE })], Retry: [{ MaxAttempts: 2, IntervalSeconds: 5 }] } },
    15,
  ],
])('%s', (_, states, seconds) => {
  const found = worstDurationOf(graph(states));
  expect([found.seconds, found.unknown]).toEqual([seconds, undefined]);
});

test('it says what takes so long', () => {
  const states = { A: task(10, { Retry: [{}], Next: 'B' }), B: { Type: 'Wait', Seconds: 7, Next: 'C' }, C: DONE };
  expect(worstDurationOf(graph(states)).parts).toEqual(['"A": 4 attempts of 10 s, and 7 s between them', '"B": 7 s']);
});

test.each<[string, States, string]>([
  ['a task without a time-out', { A: task(undefined) }, 'the task "A" has no `taskTimeout`'],
  ['a time-out of the input', { A: task('{% $states.input.seconds %}') }, 'the task "A" has no `taskTimeout`'],
  ['a wait of the input', { A: { Type: 'Wait' } }, 'only its input tells how long "A" waits'],
  ['a map', { A: { Type: 'Map' } }, 'the map "A" takes as long as it has items'],
  ['a loop', { A: task(1, { Next: 'B' }), B: task(1, { Next: 'A' }) }, 'go round in circles ("A" → "B" → "A")'],
  [
    'one of them in a branch',
    { A: { Type: 'Parallel', Branches: [graph({ B: DONE }), graph({ C: task(undefined) })] } },
    'the task "C" has no `taskTimeout`',
  ],
  ['one of them behind an error', { A: task(1, { Catch: [{ Next: 'B' }] }), B: { Type: 'Map' } }, 'the map "B"'],
  ['a time-out that is a token', { A: task(AT_DEPLOY) }, 'the `taskTimeout` of "A" is a token, known only later; give'],
  ['a wait that is a token', { A: { Type: 'Wait', Seconds: LATER } }, 'the `time` of "A" is a token'],
  ['a pause that is one', { A: task(1, { Retry: [{}, { IntervalSeconds: LATER }] }) }, 'the `interval` of "A"'],
  ['a number of retries', { A: task(1, { Retry: [{ MaxAttempts: AT_DEPLOY }] }) }, 'the `maxAttempts` of "A"'],
  ['a growth of pauses', { A: task(1, { Retry: [{ BackoffRate: LATER }] }) }, 'the `backoffRate` of "A"'],
  ['a longest pause', { A: task(1, { Retry: [{ MaxDelaySeconds: LATER }] }) }, 'the `maxDelay` of "A"'],
])('nobody can tell: %s', (_, states, reason) => {
  expect(worstDurationOf(graph(states)).unknown).toContain(reason);
});

test('retries without an end take no time to add up', () => {
  const states = { A: task(1, { Retry: [{ MaxAttempts: 99_999_999 }] }) };
  expect(worstDurationOf(graph(states)).seconds).toBeGreaterThan(86_400);
});
