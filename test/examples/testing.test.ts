import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { blocksOf } from '../docs-code.js';

/** Its twin for jest is run as what it is, by jest. */
test('the example for vitest passes under vitest', async () => {
  const args = ['vitest', 'run', '--root', 'examples/testing', '--reporter', 'json'];
  const { stdout } = await promisify(execFile)('npx', args, { env: { ...process.env, VITEST: '' } });
  const { success, numPassedTests, numTotalTests } = JSON.parse(stdout) as Record<string, unknown>;

  expect({ success, numPassedTests }).toEqual({ success: true, numPassedTests: numTotalTests });
  expect(numTotalTests).toBeGreaterThan(10);
}, 120_000);

test('the tests in docs/testing.md pass under jest', async () => {
  const [sample = ''] = blocksOf('docs/testing.md');
  const folder = '.cache/docs-testing';
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(
      `${folder}/sample.test.ts`,
      sample.replaceAll(/'cdk-lynk\/(\w+)'/g, (_, entry) => `'${pathOf(entry)}'`),
    );
    const { stdout } = await promisify(execFile)('npx', ['jest', '--roots', folder, '--json']);

    expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 2, numTotalTests: 2 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);

/** Where this repository has it. */
function pathOf(entry: string): string {
  return `../../runtime/${entry === 'testing' ? 'testing/' : ''}index.js`;
}
