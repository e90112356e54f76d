import { resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { run } from '../../packaging/run.js';
import { clientEnvironment, clientSettings, startServer, type TestServer } from '../server/index.js';
import { createTable, lockTable } from '../server/table.js';
import { Consumer, PEERS } from './consumer.js';
import { NODE_LINES, nodeOf } from './toolchains.js';

let server: TestServer;
let client: DynamoDBClient;
const consumer = new Consumer();
/** One whose packages are as old as may be. */
const late = new Consumer();

/** Uses every entry point, and a lock on a server. Prints what it found. */
const USE = `
const TABLE = process.env.LYNK_TABLE_NAME;
const [here, elsewhere] = [1, 2].map(() => client.getLockFactory(TABLE, { ...powertools.lockPowertools(), observers: [tracing.lockTracing()] }));

async function main() {
  const stack = new core.Stack(new core.App(), 'Billing');
  const table = new construct.LynkLockTable(stack, 'Locks');
  new construct.LynkLockMonitoring(stack, 'Monitoring', { table });
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() });
  for (const grant of ['grantLock', 'grantInspect', 'grantBreak']) table[grant](role).assertSuccess();
  const step = table.protect(new states.Pass(stack, 'Step'), { name: 'step' });
  new states.StateMachine(stack, 'Machine', { definitionBody: states.DefinitionBody.fromChainable(step) });
  const resources = core.Stage.of(stack).synth().getStackByName('Billing').template.Resources;

  const before = await here.inspect('a');
  const held = await here.createLock('a').acquire({ waitSeconds: 20 });
  await held.refresh();
  const other = await elsewhere.createLock('a').tryAcquire();
  const { holder } = await here.inspect('a');
  const outcome = { isHeld: held.isHeld, other: other !== undefined, holder: holder.hostIdentifier };
  await held.release();
  const after = await client.withLock('a', () => 'free again');
  const lightly = await light.withLock('a', async () => (await here.inspect('a')).holder !== undefined);

  const locks = testing.createTestLocks({ time: 'virtual' });
  await locks.simulate.heldByOther('a');
  const virtual = await locks.time.until(locks.tryWithLock('a', () => 1));

  console.log(JSON.stringify({
    node: process.versions.node.split('.')[0],
    tables: Object.values(resources).filter(({ Type }) => Type === 'AWS::DynamoDB::GlobalTable').length,
    before: before === undefined,
    outcome: { ...outcome, holder: outcome.holder.endsWith('/' + process.pid) },
    after,
    lightly,
    virtual: virtual.acquired,
    middleware: Object.keys(middy.lockMiddleware({ name: 'a' })),
  }));
}
main().catch((error) => { console.error(error); process.exitCode = 1; });
`;

const ENTRIES = {
  construct: 'cdk-lynk',
  client: 'cdk-lynk/runtime',
  light: 'cdk-lynk/runtime/light',
  testing: 'cdk-lynk/testing',
  powertools: 'cdk-lynk/runtime/powertools',
  middy: 'cdk-lynk/runtime/middy',
  tracing: 'cdk-lynk/runtime/opentelemetry',
  core: 'aws-cdk-lib',
  iam: 'aws-cdk-lib/aws-iam',
  states: 'aws-cdk-lib/aws-stepfunctions',
};
const KINDS = {
  'an ES module': { file: 'use.mjs', load: ([name, from]: [string, string]) => `import * as ${name} from '${from}';` },
  CommonJS: { file: 'use.cjs', load: ([name, from]: [string, string]) => `const ${name} = require('${from}');` },
};

beforeAll(async () => {
  server = await startServer();
  client = new DynamoDBClient(clientSettings(server.endpoint));
  await consumer.install(PEERS);
  await late.installLowest();
  for (const { file, load } of Object.values(KINDS)) {
    for (const user of [consumer, late]) user.write(file, [...Object.entries(ENTRIES).map(load), USE].join('\n'));
  }
});
afterAll(async () => {
  client?.destroy();
  await server?.stop();
  consumer.remove();
  late.remove();
});

const KIND_NAMES = ['an ES module', 'CommonJS'] as const;
const WORKING = {
  tables: 1,
  before: true,
  outcome: { isHeld: true, other: false, holder: true },
  after: 'free again',
  lightly: true,
  virtual: false,
  middleware: ['before', 'after', 'onError'],
  metrics: ['LockAcquired', 'LockNotGranted', 'LockHeldTime'],
};

/** What the program of this kind found, on a table of its own. */
async function found(user: Consumer, kind: keyof typeof KINDS, node: string, tableName: string): Promise<unknown> {
  await createTable(client, lockTable(tableName));
  const env = { ...clientEnvironment(server.endpoint), LYNK_TABLE_NAME: tableName };
  const printed = await user.run(node, [KINDS[kind].file], env);
  const metrics = ['LockAcquired', 'LockNotGranted', 'LockHeldTime'].filter((name) => printed.includes(`"${name}":`));
  return { ...JSON.parse(printed.trim().split('\n').at(-1) ?? ''), metrics };
}

describe.each(NODE_LINES)('Node.js %s', (line) => {
  test.each(KIND_NAMES)('every entry point works as %s, and a lock is one', async (kind) => {
    const outcome = await found(consumer, kind, nodeOf(line), `nodes-${line}-${KINDS[kind].file}`);
    expect(outcome).toEqual({ ...WORKING, node: String(line) });
  });
});

test.each(KIND_NAMES)('every entry point works as %s with the lowest versions of all peers', async (kind) => {
  const outcome = await found(late, kind, nodeOf(20), `lowest-${KINDS[kind].file}`);
  expect(outcome).toEqual({ ...WORKING, node: '20' });
});

test.each(NODE_LINES.filter((line) => !process.version.startsWith(`v${line}.`)))(
  'the tests of the client pass on Node.js %s, too',
  async (line) => {
    const jest = [resolve('node_modules/jest/bin/jest.js'), 'test/runtime', '--json', '--silent', '--maxWorkers=2'];
    const { numFailedTests, numPassedTests, success } = JSON.parse(await run(nodeOf(line), jest, resolve('.'))) as {
      readonly numFailedTests: number;
      readonly numPassedTests: number;
      readonly success: boolean;
    };
    expect({ numFailedTests, success }).toEqual({ numFailedTests: 0, success: true });
    expect(numPassedTests).toBeGreaterThan(1_000);
  },
);
