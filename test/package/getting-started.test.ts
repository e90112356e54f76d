import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Consumer } from './consumer.js';

const page = readFileSync('docs/getting-started.md', 'utf8');
/** The files that the page shows, by their names. */
const files = [...page.matchAll(/^`([\w./]+)`[^\n]*\n\n```(?:ts|json)\n([\s\S]*?)^```$/gm)];
const lines = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'));
/** The commands that it gives, those for AWS left out. */
const commands = lines.filter((line) => /^npx (tsc|tsx|cdk synth)/.test(line));
const packages = lines
  .flatMap((line) => /^npm install (.*)$/.exec(line)?.[1]?.split(' ') ?? [])
  .filter((name) => !name.startsWith('--') && name !== 'cdk-lynk');

/** Somebody who does what docs/getting-started.md says. */
const reader = new Consumer();
beforeAll(async () => {
  await reader.install(packages);
  for (const [, name = '', code = ''] of files) {
    mkdirSync(dirname(join(reader.folder, name)), { recursive: true });
    reader.write(name, code);
  }
});
afterAll(() => reader.remove());

test('the page has files, packages and commands', () => {
  expect(files.map(([, name]) => name)).toEqual(['tsconfig.json', 'src/report.ts', 'app.ts', 'src/report.test.ts']);
  expect(packages).toEqual(expect.arrayContaining(['aws-cdk-lib', 'aws-cdk', '@aws-sdk/client-dynamodb', 'tsx']));
  expect(commands).toHaveLength(3);
  expect(page).not.toMatch(/^\$ /m);
});

test('its tsconfig compiles what it shows, and sees a mistake', async () => {
  expect(await reader.run('sh', ['-c', 'npx tsc'])).toBe('');
  expect(commands).toContain('npx tsc');
  reader.write(
    'wrong.ts',
    "import { withLock } from 'cdk-lynk/runtime';\nvoid withLock('a', { waitSecond: 1 }, () => 1);\n",
  );
  await expect(reader.run('sh', ['-c', 'npx tsc'])).rejects.toThrow();
  rmSync(join(reader.folder, 'wrong.ts'));
});

test('its stack synthesizes, with a permission for these locks alone', async () => {
  const synth = await reader.run('sh', ['-c', commands.find((command) => command.includes('synth')) ?? 'false']);
  expect(synth).toContain('AWS::DynamoDB::GlobalTable');
  expect(synth).toMatch(/dynamodb:LeadingKeys:\s+- report\/\*/);
  expect(synth).toContain('LYNK_TABLE_NAME');
});

test('its test passes, and is one', async () => {
  const command = commands.find((one) => one.includes('--test')) ?? 'false';
  expect(await reader.run('sh', ['-c', command])).toMatch(/^. pass 1$/m);
  reader.write('src/report.test.ts', (files[3]?.[2] ?? '').replace('/^left to', '/^written by'));
  await expect(reader.run('sh', ['-c', command])).rejects.toThrow(/fail 1/);
});
