import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import * as lib from '../../lib/index.js';

const text = readFileSync('docs/cdk.md', 'utf8');

test.each(['cdk', 'lambda'])('the code in docs/%s.md compiles', async (page) => {
  const folder = `.cache/docs-${page}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const blocks = [...readFileSync(`docs/${page}.md`, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
    ([, code]) => code ?? '',
  );
  expect(blocks.length).toBeGreaterThan(0);
  for (const [index, code] of blocks.entries()) writeFileSync(`${folder}/block${index}.ts`, code);
  const paths = { 'cdk-lynk': ['../../lib/index.ts'], 'cdk-lynk/runtime': ['../../runtime/index.ts'] };
  const config = { extends: '../../tsconfig.json', compilerOptions: { paths }, include: ['*.ts'] };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config));
  const tsc = promisify(execFile)('npx', ['tsc', '-p', folder]);
  expect(await tsc.then(() => '').catch((failed: { stdout: string }) => failed.stdout)).toBe('');
});

test('it names every prop of the table and every construct', () => {
  const props = readFileSync('lib/lynk-lock-table-props.ts', 'utf8');
  const own = props.slice(0, props.indexOf('export interface LynkLockTableAttributes'));
  const names = [...own.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name ?? '');
  expect(names.length).toBeGreaterThan(12);
  const constructs = ['LynkLockTable', 'LynkLockMonitoring', 'LynkLockTables'];
  expect(Object.keys(lib)).toEqual(expect.arrayContaining(constructs));
  for (const name of [...names, ...constructs, 'connect', 'grantLock', 'grantInspect', 'grantBreak']) {
    expect(text).toContain(name);
  }
});
