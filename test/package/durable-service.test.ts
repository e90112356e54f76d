import { cpSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { build } from 'esbuild';
import installLynk from '../interop/python-lynk.js';
import { killWorkers, WorkerProcess } from '../interop/worker-process.js';
import { clientEnvironment, clientSettings, startServer, type TestServer } from '../server/index.js';
import { createTable, lockTable } from '../server/table.js';
import { Consumer } from './consumer.js';
import { compilerOf, nodeOf } from './toolchains.js';

/** Programs with the real SDK for durable executions, and a service in memory that loses invocations on request. */
const PROGRAMS = resolve('test/package/durable');
const TABLE = 'durable';

let server: TestServer;
let client: DynamoDBClient;
const consumer = new Consumer();

beforeAll(async () => {
  installLynk();
  server = await startServer();
  client = new DynamoDBClient(clientSettings(server.endpoint));
  await createTable(client, lockTable(TABLE));
  await consumer.install(['@aws-sdk/client-dynamodb', '@types/aws-lambda', '@types/node']);
  await consumer.add(['@aws/durable-execution-sdk-js@2.4.0', '@aws/durable-execution-sdk-js-testing@1.1.4']);
  cpSync(PROGRAMS, consumer.folder, { recursive: true });
});
afterAll(async () => {
  await killWorkers();
  client?.destroy();
  await server?.stop();
  consumer.remove();
});

/** Tables of the examples. */
const PLACES = { PAYOUTS_TABLE_NAME: 'durable-payouts', APPROVALS_TABLE_NAME: 'durable-approvals' };

async function printed(program: string, ...args: readonly string[]) {
  const env = { ...clientEnvironment(server.endpoint), ...PLACES, LYNK_TABLE_NAME: TABLE };
  const output = await consumer.run(nodeOf(22), [program, ...args], env);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '');
}

interface Crashed {
  readonly number: number;
  readonly moment: 'before' | 'after';
  /** Whether a step of the user ran; undefined if there were not so many checkpoints. */
  readonly inside?: boolean;
  readonly status: string;
  readonly result: unknown;
  readonly tokens: number;
  readonly ran: Readonly<Record<string, number>>;
  readonly contended: number;
  readonly pausedSeconds: number;
  readonly isFree: boolean;
}

test('an execution that is dropped at any checkpoint goes on, waits out no lease of its own, and keeps its token', async () => {
  const { leaseSeconds, crashed, overlaps } = await printed('crashes.mjs');

  expect(overlaps).toEqual([]);
  const dropped = (crashed as Crashed[]).filter(({ inside }) => inside !== undefined);
  // The last numbers were not reached, so none is left out.
  expect(dropped.length).toBeLessThan(crashed.length);
  expect(dropped.length).toBeGreaterThan(25);
  for (const { inside, pausedSeconds, ran, ...others } of dropped) {
    const runs = Object.values(ran).reduce((sum, each) => sum + each, 0);
    expect({ ...others, runs, pausedSeconds }).toEqual({
      number: others.number,
      moment: others.moment,
      status: 'SUCCEEDED',
      result: ['one', 'within', 'answered', 'two'],
      tokens: 1,
      contended: 0,
      isFree: true,
      runs: inside ? 4 : 3,
      pausedSeconds: inside ? expect.any(Number) : 0,
    });
    expect(pausedSeconds).toBeLessThanOrEqual(leaseSeconds + 1);
  }
});

test('an invocation that is over does not believe beside what comes after it', async () => {
  const interrupted = { result: ['StepError', 'StepInterruptedError'], ran: 1 };

  expect(await printed('interrupted.mjs')).toEqual({
    givenBack: interrupted,
    goneOn: interrupted,
    ofChildren: ['late', 'early', 'last'],
    overlaps: [],
  });
});

test('two executions, an ordinary process and a Python process are never inside at once, over suspensions', async () => {
  const mark = join(consumer.folder, 'inside');
  const executions = printed('contention.mjs', 'executions', mark);
  const ofProcess = printed('contention.mjs', 'process', mark);
  let isOver = false;
  const ofPython = pythonGrants(mark, () => isOver);
  try {
    expect(await executions).toEqual([
      ['SUCCEEDED', 'one'],
      ['SUCCEEDED', 'two'],
    ]);
  } finally {
    isOver = true;
    writeFileSync(`${mark}.over`, '');
  }
  expect(await ofProcess).toBeGreaterThan(0);
  expect(await ofPython).toBeGreaterThan(0);
});

async function pythonGrants(mark: string, isOver: () => boolean): Promise<number> {
  const environment = { ...clientEnvironment(server.endpoint), AWS_DEFAULT_REGION: 'eu-west-1' };
  const place = { tableName: TABLE, hostIdentifier: 'a Python process', environment };
  const python = await WorkerProcess.python('0.3.1', place);
  let granted = 0;
  while (!isOver() || granted === 0) {
    try {
      await python.acquire({ lock: 'contended', leaseSeconds: 5, waitSeconds: 6 });
    } catch (error) {
      expect(String(error)).toMatch(/LockNotGranted|LockAlreadyInUse/);
      await sleep(100);
      continue;
    }
    writeFileSync(mark, 'Python', { flag: 'wx' });
    await sleep(100);
    unlinkSync(mark);
    await python.release('contended');
    granted += 1;
    await sleep(400);
  }
  return granted;
}

/** With a held lock, and with the SDK's context alone. */
const SAME = [
  'errors of steps',
  'retries of steps',
  'steps that run at most once',
  'serdes',
  'callbacks',
  'conditions',
  'invocations',
  'children and their errors',
];

test('the methods of a held lock do what those of the context do, and the rest as documented', async () => {
  const outcomes = await printed('api.mjs');

  for (const name of SAME) {
    const { held, alone, isFree } = outcomes[name];
    expect([name, held, isFree]).toEqual([name, alone, true]);
    delete outcomes[name];
  }
  expect(outcomes['errors of steps']).toBeUndefined();
  const results = Object.fromEntries(
    Object.entries(outcomes as Record<string, { result: unknown }>).map(([name, { result }]) => [name, result]),
  );
  const refused = (part: string) => ['LockOptionError', expect.stringContaining(part)];
  const failed = (errorType: string, part: string) => ({ errorType, errorMessage: expect.stringContaining(part) });
  expect(results).toEqual({
    'a child that has ended': 1,
    'errors keep their class': [true, 'b'],
    'parallel branches': [3, 1],
    'overlapping steps': ['fulfilled', true, expect.stringContaining('step "second" began while another operation')],
    'nested, of the same name': failed('LockReentrancyError', 'is held by the withLock that this code runs in'),
    'asked once': [{ acquired: true, value: 'got it' }, [false, 'another']],
    'not granted in time': failed('LockNotGrantedError', 'was not granted within 7200 s: held by another'),
    permits: ['a#0', 'a#1', 'LockNotGrantedError'],
    'options refused': [
      refused('takes no option signal'),
      refused('takes no option context'),
      refused('takes no option releaseReserveSeconds'),
      refused('knows no option "wait"'),
      refused('takes no option maxInvocationLeaseSeconds'),
      refused('leaseSeconds is "invocation"'),
      refused('waitSeconds is a number'),
      refused('maxPollSeconds is a number'),
      refused('factory is what getLockFactory returns'),
      refused('the first argument is the context of a durable execution'),
      refused('tryWithDurableLock knows no option "waitSeconds"'),
    ],
    'without fencing': failed('LockOptionError', 'is held without a fencing token'),
    'held at least': [false, true],
    'broken by an operator': [true, 'broken', true, 'broken'],
    'days of contention and waits': [true, expect.stringMatching(/^2026-01-03T05:/)],
  });
});

/** A rule of the protocol, and the text of the built package that stands for it. */
const RULE = {
  file: 'dist/esm/runtime/protocol/claiming.js',
  find: 'isAtRest ? ordinalPrefix(acquisition, ordinal) : evictedHoldId(acquisition, ordinal)',
  without: 'ordinalPrefix(acquisition, ordinal)',
};

test('200 random executions, with crashes, lost answers, time-outs and zombies, never overlap', async () => {
  const { tally, unexpected, overlaps, dropped, timedOut, ...others } = await printed('random.mjs');

  expect({ unexpected, overlaps, ...others }).toMatchObject({ unexpected: [], overlaps: [] });
  expect(dropped).toBeGreaterThan(50);
  expect(timedOut).toBeGreaterThan(5);
  expect(tally.SUCCEEDED).toBeGreaterThan(100);
});

test('the checks find a package in which a run takes over from one that may still believe', async () => {
  const folder = join(consumer.folder, 'without-rule');
  const copy = join(folder, 'node_modules/cdk-lynk');
  mkdirSync(copy, { recursive: true });
  cpSync(join(consumer.folder, 'node_modules/cdk-lynk'), copy, { recursive: true });
  cpSync(PROGRAMS, folder, { recursive: true });
  const file = join(copy, RULE.file);
  const parts = readFileSync(file, 'utf8').split(RULE.find);
  expect(parts).toHaveLength(2);
  // The copy may share its content with the original.
  rmSync(file);
  writeFileSync(file, parts.join(RULE.without));

  const { overlaps } = await printed('without-rule/random.mjs', 'until-overlap');

  expect(overlaps[0]).toMatch(/^lock \d+: (execution \d+), work \d+ beside execution/);
});

test('examples/approval: the account is held until somebody has decided, and paid out once', async () => {
  for (const [TableName, key] of [
    [PLACES.PAYOUTS_TABLE_NAME, 'account'],
    [PLACES.APPROVALS_TABLE_NAME, 'callbackId'],
  ] as const) {
    await client.send(
      new CreateTableCommand({
        TableName,
        KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  }
  await build({
    entryPoints: ['examples/approval/handler.ts'],
    outfile: join(consumer.folder, 'approval-handler.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@aws-sdk/*', '@aws/*'],
    tsconfigRaw: {},
    logLevel: 'silent',
  });

  expect(await printed('approval.mjs')).toEqual([
    { result: 'account 42: 10 paid out', meanwhile: false, note: { amount: 10 }, paid: 10, isFree: true },
    { result: 'account 42: not paid out', meanwhile: false, note: { amount: 7 }, paid: 10, isFree: true },
  ]);
});

test('a handler compiles against the types of the SDK, and mistakes do not', async () => {
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022', 'esnext.disposable'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    noEmit: true,
    strict: true,
    skipLibCheck: true,
  };
  consumer.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['typed.ts'] }));

  expect(await consumer.run(process.execPath, [compilerOf('6'), '-p', '.'])).toBe('');
});
