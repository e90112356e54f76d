import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);

/** What a user of the built package would get: it resolves its own name through its `exports`. */
beforeAll(() => run('npm', ['run', 'build']), 120_000);

test.each([
  [
    'CommonJS',
    ['-e', "console.log(typeof require('cdk-lynk').LynkLockTable, typeof require('cdk-lynk/runtime').withLock)"],
  ],
  [
    'an ES module',
    [
      '--input-type=module',
      '-e',
      "import { LynkLockTable } from 'cdk-lynk'; import { withLock } from 'cdk-lynk/runtime'; console.log(typeof LynkLockTable, typeof withLock)",
    ],
  ],
])('both entry points load as %s', async (_, args) => {
  const { stdout } = await run(process.execPath, args);
  expect(stdout.trim()).toBe('function function');
});

test('every file that the exports map names is there, and so are the declarations', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: object };
  const files = [...JSON.stringify(exports).matchAll(/"(\.\/dist[^"]+)"/g)].map(([, file]) => file ?? '');
  expect(files.length).toBe(8);
  for (const file of files) expect(readFileSync(file, 'utf8')).not.toBe('');
});

async function bundled(code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    format: 'esm',
    external: ['@aws-sdk/*'],
  });
  return outputFiles[0]?.text ?? '';
}

test('a bundle of the client has no CDK in it, and one of its errors alone has no client', async () => {
  const whole = await bundled("export { withLock } from 'cdk-lynk/runtime'");
  const part = await bundled("export { LynkError } from 'cdk-lynk/runtime'");

  expect(whole).toContain('@aws-sdk/client-dynamodb');
  expect(whole).not.toMatch(/aws-cdk-lib|constructs/);
  expect(part).not.toContain('@aws-sdk');
  expect(part.length).toBeLessThan(whole.length / 10);
});
