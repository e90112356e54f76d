import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/**
 * A CDK app of somebody who has installed the packed package: away from this repository, whose packages would
 * otherwise be found from within it.
 */
const folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-consumer-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly devDependencies: Readonly<Record<string, string>>;
};

async function run(command: string, args: readonly string[], cwd = folder): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(AWS|LYNK)_/.test(name));
  const options = { cwd, env: Object.fromEntries(inherited), maxBuffer: 2 ** 26 };
  return promisify(execFile)(command, [...args], options).then(
    ({ stdout }) => stdout,
    (failed: { stdout: string; stderr: string }) => {
      throw new Error(`${command} ${args.join(' ')}: ${failed.stderr}${failed.stdout}`);
    },
  );
}

const HANDLER = `
import { type InvocationContext, withLock } from 'cdk-lynk/runtime';
export const handler = async (event: { account: string }, context: InvocationContext) =>
  withLock(\`account/\${event.account}\`, { context }, async (held) => held.isHeld);
`;

/** One app, as each kind of module has it. \`out\` is where it synthesizes to. */
const appIn = (load: (names: string, from: string) => string, out: string) => `
${load('App, Duration, Stack', 'aws-cdk-lib')}
${load('Runtime', 'aws-cdk-lib/aws-lambda')}
${load('NodejsFunction', 'aws-cdk-lib/aws-lambda-nodejs')}
${load('LynkLockMonitoring, LynkLockTable', 'cdk-lynk')}
const app = new App({ outdir: '${out}', analyticsReporting: false });
const stack = new Stack(app, 'Consumer');
const table = new LynkLockTable(stack, 'Locks', { leaseDuration: Duration.seconds(20) });
const fn = new NodejsFunction(stack, 'Fn', { entry: 'handler.ts', runtime: Runtime.NODEJS_22_X, timeout: Duration.minutes(1) });
table.connect(fn, { names: ['account/*'] });
new LynkLockMonitoring(stack, 'Monitoring', { table });
app.synth();
`;
const imported = (names: string, from: string) => `import { ${names} } from '${from}';`;
const required = (names: string, from: string) => `const { ${names} } = require('${from}');`;

beforeAll(async () => {
  await run('npm', ['run', 'build'], resolve('.'));
  const [packed] = JSON.parse(await run('npm', ['pack', '--json', '--pack-destination', folder], resolve('.')));
  const others = ['@aws-sdk/client-dynamodb', '@types/node', 'aws-cdk-lib', 'constructs', 'esbuild'];
  const dependencies = {
    'cdk-lynk': `file:${packed.filename}`,
    ...Object.fromEntries(others.map((name) => [name, devDependencies[name]])),
  };
  const compilerOptions = { target: 'es2022', module: 'nodenext', strict: true, noEmit: true, types: ['node'] };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  writeFileSync(join(folder, 'handler.ts'), HANDLER);
  writeFileSync(join(folder, 'app.ts'), appIn(imported, 'out-ts'));
  writeFileSync(join(folder, 'app.mjs'), appIn(imported, 'out-mjs'));
  writeFileSync(join(folder, 'app.cjs'), appIn(required, 'out-cjs'));
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund']);
});

test('what is packed: both builds and the declarations, no tests, no sources', () => {
  const installed = join(folder, 'node_modules/cdk-lynk');
  const top = new Set(readdirSync(installed).filter((name) => !name.startsWith('.')));
  expect(top).toEqual(new Set(['LICENSE', 'README.md', 'dist', 'package.json']));
  expect(new Set(readdirSync(join(installed, 'dist')))).toEqual(new Set(['cjs', 'esm']));
});

test('TypeScript compiles against the declarations, libraries checked too', async () => {
  await run(resolve('node_modules/.bin/tsc'), ['-p', folder]);
});

/** The bundle of the function in this output. */
function bundleIn(out: string): string {
  const asset = readdirSync(join(folder, out)).find((name) => name.startsWith('asset.'));
  return join(folder, out, asset ?? '', 'index.js');
}

test.each([
  ['TypeScript', 'out-ts', ['--import', pathToFileURL(require.resolve('tsx')).href, 'app.ts']],
  ['an ES module', 'out-mjs', ['app.mjs']],
  ['CommonJS', 'out-cjs', ['app.cjs']],
])('an app in %s synthesizes, and its bundle is the client alone', async (_, out, args) => {
  await run(process.execPath, args);
  const template = JSON.parse(readFileSync(join(folder, out, 'Consumer.template.json'), 'utf8'));
  const types = Object.values(template.Resources).map((resource) => (resource as { Type: string }).Type);
  expect(types).toEqual(expect.arrayContaining(['AWS::DynamoDB::GlobalTable', 'AWS::CloudWatch::Dashboard']));
  const fn = Object.values(template.Resources).find((found) => (found as { Type: string }).Type.endsWith('::Function'));
  expect(fn).toHaveProperty('Properties.Environment.Variables.LYNK_LEASE_SECONDS', '20');

  const bundle = readFileSync(bundleIn(out), 'utf8');
  expect(bundle).toContain('LYNK_TABLE_NAME');
  expect(bundle).not.toMatch(/aws-cdk-lib|constructs|CfnGlobalTable/);
  expect(bundle.length).toBeLessThan(200_000);
});

test('and the bundle loads, and asks for its table', async () => {
  // In Lambda there is no package.json beside it to make a module of it.
  copyFileSync(bundleIn('out-cjs'), join(folder, 'bundle.cjs'));
  const say = '(error) => console.log(error.name, error.message)';
  const script = `require('./bundle.cjs').handler({ account: '1' }).catch(${say})`;
  expect(await run(process.execPath, ['-e', script])).toMatch(/^LockOptionError which table\?/);
});
