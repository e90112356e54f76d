import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';
import { bundled, Started, typed, until } from './tool.js';

jest.setTimeout(180_000);

const before = { ...process.env };
let rig: Rig;
let tool: Awaited<ReturnType<typeof bundled>>;
const folder = resolve(`.cache/cli-run/${process.pid}`);

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  [rig, tool] = await Promise.all([Rig.start(), bundled()]);
});
afterEach(async () => {
  await Started.endAll();
  rig.proxy.forget();
  await rig.clear();
});
afterAll(async () => {
  process.env = before;
  await rig.stop();
  tool.discard();
  rmSync(folder, { recursive: true, force: true });
});

/** The environment of a shell that may use the table. */
const environment = (): Record<string, string> => ({
  ...clientEnvironment(rig.proxy.endpoint),
  LYNK_TABLE_NAME: rig.tableName,
});
/** `cdk-lynk run …` in a process of its own. */
const run = (...args: readonly string[]): Started =>
  new Started(process.execPath, [tool.path, 'run', ...args], environment());
const script = (text: string): readonly string[] => ['--', 'sh', '-c', text];

describe('the exit code', () => {
  test('is the command’s, from 0 to 255', async () => {
    // Runs in this process, as starting another tool takes time; the command is a process of its own.
    Object.assign(process.env, environment());
    const codes = Array.from({ length: 256 }, (_, code) => code);
    const seen = new Map<number, number>();
    const lane = async (): Promise<void> => {
      for (let code = codes.shift(); code !== undefined; code = codes.shift()) {
        seen.set(code, (await typed(['run', `code/${code}`, ...script(`exit ${code}`)])).code);
      }
    };
    await Promise.all([lane(), lane(), lane(), lane()]);

    expect([...seen].filter(([code, given]) => code !== given)).toEqual([]);
    expect(seen.size).toBe(256);
  });

  test.each([0, 1, 255])('%d is the exit code of the tool’s own process too', async (code) => {
    expect(await run('a', ...script(`exit ${code}`)).ended).toBe(code);
  });

  test.each(['SIGHUP', 'SIGKILL', 'SIGTERM', 'SIGUSR1'] as const)('is 128 + n if %s ended it', async (signal) => {
    expect(await run('a', ...script(`kill -${constants.signals[signal]} $$`)).ended).toBe(
      128 + constants.signals[signal],
    );
  });

  test('is 127 if there is no such command, 126 if it cannot be executed', async () => {
    writeFileSync(`${folder}/no-program`, 'text');
    const missing = run('a', '--', `${folder}/nowhere`);
    expect(await missing.ended).toBe(127);
    expect(missing.complaints).toMatch(/nowhere: no such command/);
    const none = run('a', '--', `${folder}/no-program`);
    expect(await none.ended).toBe(126);
    expect(none.complaints).toMatch(/no-program: it cannot be run \(EACCES\)/);
    expect(await rig.lockNames()).toEqual([]);
  });

  test('is 75 if another holds the lock', async () => {
    await rig.putForeignEntry('a', { leaseSeconds: 600 });
    const once = run('a', '--wait', '0', '--', 'touch', `${folder}/touched`);
    expect(await once.ended).toBe(75);
    expect(once.complaints).toMatch(
      /^cdk-lynk: lock "a" in table ".*" was not granted at once: held by elsewhere\/4711 /,
    );
    expect(await run('a', '--wait', '3', '--', 'touch', `${folder}/touched`).ended).toBe(75);
    expect(() => readFileSync(`${folder}/touched`)).toThrow('ENOENT');
  });

  test('is 74 if DynamoDB is out of reach, after another held the lock', async () => {
    await rig.putForeignEntry('a', { leaseSeconds: 600 });
    const waiting = run('a', '--wait', '3', '--', 'touch', `${folder}/touched`);
    await until(() => (rig.proxy.counts['GetItem'] ?? 0) > 1, 'two polls');
    rig.proxy.fate = () => 'reset';
    expect(await waiting.ended).toBe(74);
    rig.proxy.fate = () => 'pass';
  });

  test('is 69 if the table cannot be used', async () => {
    const gone = run('a', '--table', 'nobodys-table', '--', 'true');
    expect(await gone.ended).toBe(69);
    expect(gone.complaints).toMatch(/^cdk-lynk: table "nobodys-table": there is no such table/);
  });

  test('is 74 if nobody answers', async () => {
    const dead = run('a', '--wait', '1', '--endpoint-url', 'http://127.0.0.1:1', '--', 'true');
    expect(await dead.ended).toBe(74);
    expect(dead.complaints).toMatch(
      /^cdk-lynk: lock "a" .* could not be requested within 1 s: .*(?:ECONNREFUSED|no answer from DynamoDB)/,
    );
    expect(dead.complaints.trimEnd().split('\n')).toHaveLength(1);
  });
});

test.each([['ls'], ['show', 'a'], ['break', 'a', '--reason', 'stuck', '--yes'], ['tables']])(
  '%s exits with 74 too if nobody answers',
  async (...args) => {
    const line = [tool.path, ...args, '--endpoint-url', 'http://127.0.0.1:1'];
    const asking = new Started(process.execPath, line, environment());

    expect(await asking.ended).toBe(74);
    expect(asking.complaints).toMatch(/no answer from DynamoDB/);
  },
);

test('the lock is held while the command runs, and released after it; the command uses our input and output', async () => {
  const running = run('a', '--lease', '60', '--verbose', ...script('echo running; sleep 60 & wait; echo never'));
  await running.said('running');

  expect(await rig.lockNames()).toEqual(['a']);
  expect(await run('a', '--wait', '0', '--', 'true').ended).toBe(75);
  running.signal('SIGTERM');

  expect(await running.ended).toBe(143);
  expect(running.output).toBe('running\n');
  expect(running.complaints).toMatch(/lock "a" in table ".*" was acquired[\s\S]*was released/);
  expect(await rig.lockNames()).toEqual([]);
});

test('if the reader of its output ends, the command and its lock go on', async () => {
  const deaf = run('a', '--verbose', ...script('sleep 1; exit 5'));
  deaf.stopReadingComplaints();

  expect(await deaf.ended).toBe(5);
  expect(await rig.lockNames()).toEqual([]);
});

test('control characters that others wrote are escaped', async () => {
  await rig.putForeignEntry('a', { leaseSeconds: 600, hostIdentifier: 'a\u001b[2Jb' });
  const refused = run('a', '--wait', '0.3', '--verbose', '--', 'true');

  expect(await refused.ended).toBe(75);
  expect(refused.complaints).toContain('held by a\\x1b[2Jb ');
  expect(refused.complaints).not.toContain('\u001b');
});

test('with permits, exactly that many run at once', async () => {
  const command = script('echo running; sleep 600 & wait');
  const two = [run('a', '--permits', '2', ...command), run('a', '--permits', '2', ...command)];
  await Promise.all(two.map((one) => one.said('running')));

  expect(new Set(await rig.lockNames())).toEqual(new Set(['a#0', 'a#1']));
  const third = run('a', '--permits', '2', '--wait', '0', '--', 'true');
  expect(await third.ended).toBe(75);
  for (const one of two) one.signal('SIGTERM');
  expect(await Promise.all(two.map(({ ended }) => ended))).toEqual([143, 143]);
  expect(await rig.lockNames()).toEqual([]);
});

test('the command’s environment is the shell’s, without the tool’s own region and endpoint', async () => {
  const { AWS_ENDPOINT_URL_DYNAMODB: endpoint = '', ...rest } = environment();
  const args = [tool.path, 'run', 'a', '--endpoint-url', endpoint, ...script('echo "<$AWS_ENDPOINT_URL_DYNAMODB>"')];
  const running = new Started(process.execPath, args, rest);

  expect(await running.ended).toBe(0);
  expect(running.output).toBe('<>\n');
});

test('it tells the command which lock of which table it runs under', async () => {
  const tell = script('echo "<$LYNK_LOCK_NAME> <$LYNK_TABLE_NAME>"');
  const { LYNK_TABLE_NAME: table = '', ...rest } = environment();
  const named = new Started(process.execPath, [tool.path, 'run', 'a', '--table', table, ...tell], rest);
  const permit = run('b', '--permits', '2', ...tell);

  expect(await named.ended).toBe(0);
  expect(named.output).toBe(`<a> <${table}>\n`);
  expect(await permit.ended).toBe(0);
  expect(permit.output).toMatch(new RegExp(`^<b#[01]> <${table}>\n$`));
});

describe('lease and wait', () => {
  const withDefaults = (lease: string, wait: string, ...args: readonly string[]): Started =>
    new Started(process.execPath, [tool.path, 'run', 'a', ...args], {
      ...environment(),
      LYNK_LEASE_SECONDS: lease,
      LYNK_WAIT_SECONDS: wait,
    });

  test('come from the environment, unless the command line has others', async () => {
    const leaseOf = async (...args: readonly string[]): Promise<string | undefined> => {
      const running = withDefaults('77', '600', ...args, '--', 'sh', '-c', 'echo in; sleep 600 & wait');
      await running.said('in');
      Object.assign(process.env, environment());
      const { output } = await typed(['show', 'a']);
      running.signal('SIGTERM');
      await running.ended;
      return /^lease +(\d+) s$/m.exec(output)?.[1];
    };

    expect(await leaseOf()).toBe('77');
    expect(await leaseOf('--lease', '55')).toBe('55');
  });

  test('an empty variable is ignored; a wait of 0 tries once', async () => {
    await rig.putForeignEntry('a', { leaseSeconds: 600 });
    const refused = withDefaults('', '0', '--', 'true');

    expect(await refused.ended).toBe(75);
    expect(refused.complaints).toContain('was not granted at once');
  });
});

describe('signals', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s is passed on to the command, whose answer counts',
    async (signal) => {
      const name = signal.slice(3);
      const running = run(
        'a',
        ...script(`trap 'echo got ${name}; exit 42' ${name}; echo ready; while :; do sleep 0.1; done`),
      );
      await running.said('ready');
      running.signal(signal);

      expect(await running.ended).toBe(42);
      expect(running.output).toContain(`got ${name}`);
      expect(await rig.lockNames()).toEqual([]);
    },
  );

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends the waiting', async (signal) => {
    await rig.putForeignEntry('a', { leaseSeconds: 600 });
    const waiting = run('a', '--wait', '600', '--verbose', '--', 'true');
    await until(() => waiting.complaints.includes('is waited for'), 'that it waits');
    waiting.signal(signal);

    expect(await waiting.ended).toBe(128 + constants.signals[signal]);
    expect(await rig.lockNames()).toEqual(['a']);
  });
});
