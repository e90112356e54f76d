import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { STAGE } from '../../packaging/stage.js';

/** In the folder of the built package, which resolves its own name through its `exports`. */
const run = (command: string, args: readonly string[]) => promisify(execFile)(command, [...args], { cwd: STAGE });

test.each([
  [
    'CommonJS',
    [
      '-e',
      "console.log(typeof require('cdk-lynk').LynkLockTable, typeof require('cdk-lynk/runtime').withLock, typeof require('cdk-lynk/testing').createTestLocks)",
    ],
  ],
  [
    'an ES module',
    [
      '--input-type=module',
      '-e',
      "import { LynkLockTable } from 'cdk-lynk'; import { withLock } from 'cdk-lynk/runtime'; import { createTestLocks } from 'cdk-lynk/testing'; console.log(typeof LynkLockTable, typeof withLock, typeof createTestLocks)",
    ],
  ],
])('every entry point loads as %s', async (_, args) => {
  const { stdout } = await run(process.execPath, args);
  expect(stdout.trim()).toBe('function function function');
});

test('every file that the exports map names is there, and so are the declarations', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: object };
  const files = [...JSON.stringify(exports).matchAll(/"(\.\/dist[^"]+)"/g)].map(([, file]) => file ?? '');
  expect(files.length).toBe(32);
  for (const file of files) expect(readFileSync(join(STAGE, file), 'utf8')).not.toBe('');
});

async function bundled(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: STAGE },
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    format: 'esm',
    external: ['@aws-sdk/*'],
  });
  return outputFiles[0]?.text ?? '';
}

test.each([
  ['light', 'withLock'],
  ['powertools', 'lockPowertools'],
  ['middy', 'lockMiddleware'],
  ['opentelemetry', 'lockTracing'],
  ['durable', 'withDurableLock'],
])('the entry runtime/%s loads both ways', async (entry, name) => {
  const printing = (loading: string): string => `const { ${name} } = ${loading}; console.log(typeof ${name})`;
  const required = ['-e', printing(`require('cdk-lynk/runtime/${entry}')`)];
  const imported = ['--input-type=module', '-e', printing(`await import('cdk-lynk/runtime/${entry}')`)];
  for (const args of [required, imported]) {
    expect((await run(process.execPath, args)).stdout.trim()).toBe('function');
  }
});

test('a handler that imports only withLock grows by little, and what it does not import is shaken out', async () => {
  const handler = "import { withLock } from 'cdk-lynk/runtime'; export const handler = () => withLock('a', () => 1)";
  const code = await bundled(handler);

  expect(code.length).toBeLessThanOrEqual(64 * 1024);
  expect(gzipSync(code).length).toBeLessThanOrEqual(23 * 1024);
  expect(code).not.toMatch(/CloudWatchMetrics|powertools|onNotGranted|createSemaphore|freshSeconds/);
});

test('a bundle of the client has no CDK in it, and one of its errors alone has no client', async () => {
  const whole = await bundled("export { withLock } from 'cdk-lynk/runtime'");
  const part = await bundled("export { LynkError } from 'cdk-lynk/runtime'");

  expect(whole).toContain('@aws-sdk/client-dynamodb');
  expect(whole).not.toMatch(/aws-cdk-lib|constructs|opentelemetry/);
  expect(part).not.toContain('@aws-sdk');
  expect(part.length).toBeLessThan(whole.length / 10);
});

test('a bundle of the test kit needs neither CDK nor SDK, and the client takes nothing of it along', async () => {
  const kit = await bundled("export { createTestLocks } from 'cdk-lynk/testing'");
  const client = await bundled("export * from 'cdk-lynk/runtime'");

  expect(kit).toContain('another-process');
  expect(kit).not.toMatch(/aws-sdk|aws-cdk-lib|constructs/);
  expect(client).not.toContain('another-process');
});

/** One format is the test's, the other the code's: each has a copy of the package of its own. */
test.each([
  ['CommonJS', 'an ES module', "const { createTestLocks } = require('cdk-lynk/testing')", "import('cdk-lynk/runtime')"],
  [
    'an ES module',
    'CommonJS',
    "const { createTestLocks } = await import('cdk-lynk/testing')",
    "Promise.resolve(require('cdk-lynk/runtime'))",
  ],
])('test locks of %s stand in for those of %s', async (_test, _code, kit, client) => {
  const script = `
    const { createRequire } = await import('node:module');
    const require = createRequire(process.cwd() + '/');
    ${kit};
    const { LockNotGrantedError, withLock } = await ${client};
    const locks = createTestLocks({ time: 'virtual' }).install();
    const other = await locks.simulate.heldByOther('a');
    const refused = await locks.time.until(withLock('a', { waitSeconds: 1 }, () => 1)).catch((error) => error);
    await other.release();
    const granted = await locks.time.until(withLock('a', () => locks.holderOf('a')));
    console.log(refused instanceof LockNotGrantedError, refused.holder.hostIdentifier, granted.endsWith('/' + process.pid));
  `;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  expect(stdout.trim()).toBe('true another-process true');
});
