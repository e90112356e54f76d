import { Duration } from 'aws-cdk-lib';
import { LynkLockTable } from '../../lib/index.js';
import { newFunction, newStack, warningsIn } from './stack.js';

const { JSII_AGENT: before } = process.env;
afterEach(() => {
  if (before === undefined) delete process.env['JSII_AGENT'];
  else process.env['JSII_AGENT'] = before;
});

function messages(agent: string | undefined): string[] {
  if (agent === undefined) delete process.env['JSII_AGENT'];
  else process.env['JSII_AGENT'] = agent;
  const stack = newStack();
  const locks = new LynkLockTable(stack, 'Locks');
  const refused = (use: () => unknown): string => {
    try {
      use();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('not refused');
  };
  const warmThroughput = { readUnitsPerSecond: 0 };
  const said = [
    refused(() => locks.connect(newFunction(stack), { variablePrefix: 'a-B' })),
    refused(() => new LynkLockTable(stack, 'Warm', { warmThroughput })),
  ];
  locks.connect(newFunction(stack, 'Short'), { leaseDuration: Duration.minutes(1) });
  return [...said, ...warningsIn(stack)];
}

test('in Python, messages name props as Python spells them, and values as they were given', () => {
  const [prefix, throughput, warning] = messages('Python/3.12.1');
  expect(prefix).toMatch(/^`variable_prefix` is the beginning of a variable's name: .*; got "a-B" \[at Test\/Fn\]$/);
  expect(throughput).toMatch(/^`warm_throughput.read_units_per_second` is a whole number/);
  expect(warning).toMatch(/^`lease_duration` is 60 s/);
});

test.each([undefined, 'Java/17', 'DotNet/8'])('in other languages, as this one does: %s', (agent) => {
  const [prefix, throughput, warning] = messages(agent);
  expect(prefix).toMatch(/^`variablePrefix` is/);
  expect(throughput).toMatch(/^`warmThroughput.readUnitsPerSecond` is/);
  expect(warning).toMatch(/^`leaseDuration` is 60 s/);
});
