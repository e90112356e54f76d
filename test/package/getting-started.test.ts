import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Consumer } from './consumer.js';

const page = readFileSync('docs/getting-started.md', 'utf8');
/** The files that the page shows, by their names. */
const files = [...page.matchAll(/^`([\w./]+)`[^\n]*\n\n```ts\n([\s\S]*?)^```$/gm)];
/** The commands that it gives, those for AWS left out. */
const commands = [...page.matchAll(/^\$ (npx (?!cdk deploy).*)$/gm)].map(([, command]) => command ?? '');
const packages = [...page.matchAll(/^\$ npm install (.*)$/gm)]
  .flatMap(([, names]) => (names ?? '').split(' '))
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
  expect(files.map(([, name]) => name)).toEqual(['src/report.ts', 'app.ts', 'src/report.test.ts']);
  expect(packages).toEqual(expect.arrayContaining(['aws-cdk-lib', 'aws-cdk', '@aws-sdk/client-dynamodb', 'tsx']));
  expect(commands).toHaveLength(2);
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
  reader.write('src/report.test.ts', (files[2]?.[2] ?? '').replace('/^left to', '/^written by'));
  await expect(reader.run('sh', ['-c', command])).rejects.toThrow(/fail 1/);
});
