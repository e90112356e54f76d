import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { run } from '../../packaging/run.js';
import { packed } from './packed.js';

/** docs/testing.md, up to where it shows other things than a handler and its tests. */
const [page = ''] = readFileSync('docs/testing.md', 'utf8').split('\n## Two ways');
const HANDLER = 'src/report.ts';
const TEST = 'src/report.test.ts';

/** The files that this part of the page shows, by their names. */
function filesIn(part: string): Record<string, string> {
  const shown = part.matchAll(/`([\w./]+\.(?:ts|json))`[^`]*\n\n```(?:ts|json)\n([\s\S]*?)^```$/gm);
  return Object.fromEntries([...shown].map(([, name, code]) => [name, code]));
}

const parts = page.split('\n### With ').slice(1);
const runners = new Map(parts.map((part) => [part.split('\n')[0] ?? '', part]));
/** The command by which a runner is started, as printed. */
const commandIn = (part: string): string => /^(npx .*)$/m.exec(part)?.[1] ?? 'false';

let project: string;
beforeEach(async () => {
  project = mkdtempSync(join(tmpdir(), 'cdk-lynk-tests-'));
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'cdk-lynk'), { recursive: true });
  await run('tar', ['-xzf', packed().tarball, '--strip-components=1'], join(modules, 'cdk-lynk'));
  write('package.json', '{ "private": true, "type": "module" }');
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(project, name)), { recursive: true });
  writeFileSync(join(project, name), text);
}

/** Of this repository, beside the packed package: what the page says to install, with all that belongs to it. */
function install(): void {
  for (const name of readdirSync('node_modules')) {
    if (!/^(cdk-lynk|\.package-lock\.json|\.cache)$/.test(name)) {
      symlinkSync(resolve('node_modules', name), join(project, 'node_modules', name));
    }
  }
}

test('the page has a handler, and a test and a command for each runner', () => {
  expect([...runners.keys()]).toEqual(['jest', 'vitest', 'node:test']);
  expect(Object.keys(filesIn(page))).toEqual(expect.arrayContaining([HANDLER, TEST, 'jest.config.json']));
});

describe.each([...runners])('with %s', (_, part) => {
  // The colours of a terminal would stand between the words.
  const start = (): Promise<string> => run('sh', ['-c', `${commandIn(part)} 2>&1`], project, { NO_COLOR: '1' });
  beforeEach(() => {
    install();
    write(HANDLER, filesIn(page.split('\n### With ')[0] ?? '')[HANDLER] ?? '');
    for (const [name, code] of Object.entries(filesIn(part))) write(name, code);
  });

  test('all three tests pass', async () => {
    expect(await start()).toMatch(/^(. pass 3|Tests: +3 passed, 3 total|\s*Tests {2}3 passed \(3\))$/m);
  });

  test('and fail where the handler writes without the lock', async () => {
    const handler = readFileSync(join(project, HANDLER), 'utf8');
    const careless = handler.replace('  try {\n', '  await work.write(day, new AbortController().signal);\n  try {\n');
    expect(careless).not.toBe(handler);
    write(HANDLER, careless);
    await expect(start()).rejects.toThrow(/(fail|failed) \d|\d failed/);
  });
});

describe('without the AWS SDK', () => {
  const load = (entry: string): Promise<string> =>
    run(process.execPath, ['--input-type=module', '-e', `await import('cdk-lynk/${entry}'); ${USE}`], project);
  const USE = `
    const { createTestLocks } = await import('cdk-lynk/testing');
    const locks = createTestLocks({ time: 'virtual' });
    console.log(await locks.time.until(locks.withLock('a', () => 'done')));`;

  test('the kit works', async () => {
    expect(readdirSync(join(project, 'node_modules'))).toEqual(['cdk-lynk']);
    expect(await load('testing')).toBe('done\n');
  });

  test('the client asks for it', async () => {
    await expect(load('runtime')).rejects.toThrow(/Cannot find package '@aws-sdk\/client-dynamodb'/);
  });
});
