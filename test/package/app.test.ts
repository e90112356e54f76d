import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Consumer } from './consumer.js';

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

/** Somebody's CDK app. */
const consumer = new Consumer();
beforeAll(async () => {
  await consumer.install(['@aws-sdk/client-dynamodb', '@types/node', 'aws-cdk-lib', 'constructs', 'esbuild']);
  consumer.write('handler.ts', HANDLER);
  consumer.write('app.ts', appIn(imported, 'out-ts'));
  consumer.write('app.mjs', appIn(imported, 'out-mjs'));
  consumer.write('app.cjs', appIn(required, 'out-cjs'));
});
afterAll(() => consumer.remove());

/** The bundle of the function in this output. */
function bundleIn(out: string): string {
  const asset = readdirSync(join(consumer.folder, out)).find((name) => name.startsWith('asset.'));
  return join(consumer.folder, out, asset ?? '', 'index.js');
}

test.each([
  ['TypeScript', 'out-ts', ['--import', pathToFileURL(require.resolve('tsx')).href, 'app.ts']],
  ['an ES module', 'out-mjs', ['app.mjs']],
  ['CommonJS', 'out-cjs', ['app.cjs']],
])('an app in %s synthesizes, and its bundle is the client alone', async (_, out, args) => {
  await consumer.run(process.execPath, args);
  const template = JSON.parse(readFileSync(join(consumer.folder, out, 'Consumer.template.json'), 'utf8'));
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
  copyFileSync(bundleIn('out-cjs'), join(consumer.folder, 'bundle.cjs'));
  const say = '(error) => console.log(error.name, error.message)';
  const script = `require('./bundle.cjs').handler({ account: '1' }).catch(${say})`;
  expect(await consumer.run(process.execPath, ['-e', script])).toMatch(/^LockOptionError which table\?/);
});
