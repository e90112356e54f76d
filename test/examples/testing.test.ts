import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Its twin for jest is run as what it is, by jest. */
test('the example for vitest passes under vitest', async () => {
  const args = ['vitest', 'run', '--root', 'examples/testing', '--reporter', 'json'];
  const { stdout } = await promisify(execFile)('npx', args, { env: { ...process.env, VITEST: '' } });
  const { success, numPassedTests, numTotalTests } = JSON.parse(stdout) as Record<string, unknown>;

  expect({ success, numPassedTests }).toEqual({ success: true, numPassedTests: numTotalTests });
  expect(numTotalTests).toBeGreaterThan(10);
}, 120_000);
