import { readFileSync } from 'node:fs';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';
import { bundled, Started, typed, until } from './tool.js';

const before = { ...process.env };
let rig: Rig;
let tool: Awaited<ReturnType<typeof bundled>>;
beforeAll(async () => {
  [rig, tool] = await Promise.all([Rig.start(), bundled()]);
  Object.assign(process.env, clientEnvironment(rig.server.endpoint), { LYNK_TABLE_NAME: rig.tableName });
});
afterEach(async () => {
  await Started.endAll();
  await rig.clear();
});
afterAll(async () => {
  process.env = before;
  await rig.stop();
  tool.discard();
});

/** The tool in a process of its own. */
const lynk = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Started => {
  const known = { ...clientEnvironment(rig.server.endpoint), LYNK_TABLE_NAME: rig.tableName };
  return new Started(process.execPath, [tool.path, ...args], { ...known, ...env });
};
async function outcomeOf(started: Started): Promise<readonly [unknown, string, string]> {
  return [await started.ended, started.output, started.complaints];
}

/** The same in this process, which takes less time. */
async function here(...args: readonly string[]): Promise<readonly [number, string, string]> {
  const { code, output, complaints } = await typed(args);
  return [code, output, complaints];
}

describe('while another holds the lock', () => {
  beforeEach(() => rig.putForeignEntry('a', { leaseSeconds: 600 }));

  test('-n does not wait, whatever the environment says', async () => {
    const once = lynk(['run', 'a', '-n', '--', 'echo', 'ran'], { LYNK_WAIT_SECONDS: '600' });

    const [code, output, complaints] = await outcomeOf(once);
    expect([code, output]).toEqual([75, '']);
    expect(complaints).toMatch(/^cdk-lynk: lock "a" .* was not granted at once: held by /);
  });

  test.each([
    ['0', ['-n']],
    ['9', ['--wait', '3']],
  ])('-E %s is the exit code of a lock that is held, with %j', async (code, wait) => {
    expect(await lynk(['run', 'a', ...wait, '-E', code, '--', 'echo', 'ran']).ended).toBe(Number(code));
  });

  test('-q says nothing of it', async () => {
    expect(await outcomeOf(lynk(['run', 'a', '-nq', '--', 'echo', 'ran']))).toEqual([75, '', '']);
  });
});

test('-E is for nothing else: not for the command’s own code, nor for a table that cannot be used', async () => {
  expect(await lynk(['run', 'a', '-n', '-E', '9', '--', 'sh', '-c', 'exit 3']).ended).toBe(3);
  expect(await lynk(['run', 'a', '-n', '-E', '9', '-t', 'nobodys-table', '--', 'true']).ended).toBe(69);
});

test('-q leaves out remarks; results, warnings and errors stay', async () => {
  expect(await here('ls', '-q')).toEqual([0, '', '']);
  expect(await here('tables', '-q')).toEqual([0, '', '']);
  expect(await here('show', 'a', '-q')).toEqual([1, '', '']);
  expect(await here('break', 'a', '-r', 'stuck', '-yq')).toEqual([1, '', '']);

  await rig.putForeignEntry('a', { leaseSeconds: 600 });
  await rig.direct.send(new PutItemCommand({ TableName: rig.tableName, Item: { lockKey: { S: 'none' } } }));
  expect(await here('show', 'a', '-q')).toEqual([0, '', '']);
  const [, listed, warned] = await here('ls', '-q');
  expect(listed).toMatch(/^a +held /m);
  expect(warned).toMatch(/^cdk-lynk: lock "none" /);
  expect(await here('break', 'a', '-r', 'stuck', '-yq')).toEqual([0, '', '']);

  const noCommand = expect.stringMatching(/nowhere: no such command/);
  expect(await here('run', 'b', '-q', '--', './nowhere')).toEqual([127, '', noCommand]);
});

test('-q says nothing of processes that are waited for', async () => {
  // left-work.test.ts has what it says without -q.
  const left = ['--', 'sh', '-c', 'sleep 3 & true'];
  expect(await outcomeOf(lynk(['run', 'a', '-q', ...left]))).toEqual([0, '', '']);
});

test('list is another name of ls', async () => {
  await rig.putForeignEntry('a', { leaseSeconds: 600 });
  const [code, output] = await here('list', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(output)).toMatchObject([{ name: 'a' }]);
  expect(await here('list', '--help')).toEqual(await here('ls', '--help'));
});

test('--version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  // Bundled for the test, the tool lies in no package.
  const args = ['--import', 'tsx', 'bin/cdk-lynk.ts', '--version'];
  expect(await outcomeOf(new Started(process.execPath, args, {}))).toEqual([0, `${version}\n`, '']);
});

describe('warnings of Node.js', () => {
  const [major = 0] = process.versions.node.split('.').map(Number);
  const warningOf = (text: string): Record<string, string> => ({
    NODE_OPTIONS: `--import "data:text/javascript,setTimeout(()=>process.emitWarning('${text}'),100)"`,
  });

  test('the notice of the AWS SDK about Node.js does not stand before an answer', async () => {
    await rig.putForeignEntry('a', { leaseSeconds: 600 });
    const { complaints, ended } = lynk(['show', 'a']);
    expect(await ended).toBe(0);
    expect(complaints).toBe('');
    // What the SDK says to a program that does nothing about it; from Node.js 22 on, it says nothing.
    const plain = "const { DynamoDBClient } = require('@aws-sdk/client-dynamodb'); new DynamoDBClient({}).destroy()";
    const client = new Started(process.execPath, ['-e', plain], {});
    expect(await client.ended).toBe(0);
    expect(/NodeVersionSupportWarning/.test(client.complaints)).toBe(major < 22);
  });

  test('all others are printed', async () => {
    const running = lynk(['run', 'a', '--', 'sleep', '1'], warningOf('something else'));
    await until(() => running.complaints.includes('Warning: something else'), 'that the warning is printed');
    expect(await running.ended).toBe(0);
    expect(running.complaints).not.toContain('NodeVersionSupportWarning');
  });
});
