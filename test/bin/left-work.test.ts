import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processesOfPs, runningProcesses } from '../../bin/cli/processes.js';
import { Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';
import { bundled, isRunning, Started, until } from './tool.js';

jest.setTimeout(180_000);

/** Processes that a test's command has left running. They are ended after the test if the tool has failed to. */
const left = new Set<number>();
let rig: Rig;
let tool: Awaited<ReturnType<typeof bundled>>;
const folder = resolve(`.cache/cli-left/${process.pid}`);

beforeEach(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/program.sh`, PROGRAM);
});
beforeAll(async () => {
  [rig, tool] = await Promise.all([Rig.start(), bundled()]);
});
afterEach(async () => {
  if (existsSync(`${folder}/other`)) await pidIn(`${folder}/other`);
  for (const pid of left) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  left.clear();
  await Started.endAll();
  rig.proxy.forget();
  await rig.clear();
  rmSync(folder, { recursive: true, force: true });
});
afterAll(async () => {
  await rig.stop();
  tool.discard();
});

const environment = (): Record<string, string> => ({
  ...clientEnvironment(rig.proxy.endpoint),
  LYNK_TABLE_NAME: rig.tableName,
});
/** `cdk-lynk run …` in a process of its own. */
const run = (...args: readonly string[]): Started =>
  new Started(process.execPath, [tool.path, 'run', ...args], environment());
/** A shell's line on a terminal, where all that it starts is in one group. Its output includes the error output. */
const onTerminal = (line: string): Started =>
  new Started('script', ['-qec', line.replace('cdk-lynk', `${process.execPath} ${tool.path}`), '/dev/null'], {
    ...environment(),
    SHELL: '/bin/sh',
  });
const script = (text: string): readonly string[] => ['--', 'sh', '-c', text];
/** Ignores ending signals; writes its process id, and reports USR1. */
const PROGRAM = `trap '' TERM HUP INT QUIT; trap 'echo "got it"; exit' USR1
echo $$ > "$1.new"; mv "$1.new" "$1"
while :; do date +%s%3N > "$1.alive"; sleep 0.05; done`;
const program = (path: string): string => `sh ${folder}/program.sh ${path}`;
/** The process id that a program wrote. */
async function pidIn(path: string): Promise<number> {
  await until(() => existsSync(path), `that there is ${path}`);
  const pid = Number(readFileSync(path, 'utf8'));
  left.add(pid);
  return pid;
}
const hasEnded = (running: Started): Promise<void> =>
  until(() => `${running.complaints}${running.output}`.includes('has ended; lock'), 'that the command has ended');

describe('the lock is kept until the program has ended too', () => {
  test.each(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const)(
    'after %s has ended the shell alone; it is refreshed meanwhile',
    async (signal) => {
      const path = `${folder}/program`;
      const running = run('a', '--lease', '4', ...script(`${program(path)} & wait; true`));
      const pid = await pidIn(path);
      running.signal(signal);
      await hasEnded(running);
      const version = await rig.versionOf('a');

      expect(await run('a', '--wait', '5', '--', 'true').ended).toBe(75);
      expect(await rig.versionOf('a')).not.toBe(version);
      expect(isRunning(pid)).toBe(true);
      process.kill(pid, 'SIGKILL');

      expect(await running.ended).toBe(128 + constants.signals[signal]);
      expect(await rig.lockNames()).toEqual([]);
    },
  );

  test('after the command has ended by itself; this is reported once, and the exit code stays', async () => {
    const path = `${folder}/program`;
    const running = run('a', ...script(`${program(path)} & exit 3`));
    const pid = await pidIn(path);
    await hasEnded(running);
    await sleep(1000);

    expect(await rig.lockNames()).toEqual(['a']);
    process.kill(pid, 'SIGKILL');

    expect(await running.ended).toBe(3);
    expect(running.complaints).toMatch(
      new RegExp(`^cdk-lynk: sh has ended; lock "a" is kept until what it started has, too: .*sh \\(${pid}\\).*\n$`),
    );
    expect(await rig.lockNames()).toEqual([]);
  });

  test('and the program gets the signals that are sent meanwhile', async () => {
    const path = `${folder}/program`;
    const running = run('a', ...script(`${program(path)} & exit 0`));
    await pidIn(path);
    await hasEnded(running);
    running.signal('SIGUSR1');

    expect(await running.ended).toBe(0);
    expect(running.output).toBe('got it\n');
  });

  test('with --close only after an ending signal', async () => {
    const path = `${folder}/program`;
    const closed = run('a', '--close', ...script(`${program(path)} & exit 3`));
    expect(await closed.ended).toBe(3);
    expect(isRunning(await pidIn(path))).toBe(true);
    expect(await rig.lockNames()).toEqual([]);

    const told = run('a', '--close', ...script(`${program(`${path}2`)} & wait`));
    const pid = await pidIn(`${path}2`);
    told.signal('SIGTERM');
    await hasEnded(told);
    expect(await rig.lockNames()).toEqual(['a']);
    process.kill(pid, 'SIGKILL');
    expect(await told.ended).toBe(143);
  });

  test('but not for processes that have left the group, nor for zombies', async () => {
    // The process that becomes `sleep` never waits for its child, a member of the group.
    const path = `${folder}/away`;
    const away = `sh -c 'sleep 0.1 & echo $$ > ${path}; exec setsid sleep 600' > /dev/null 2>&1`;
    const running = run('a', ...script(`${away} & sleep 0.5`));

    expect(await running.ended).toBe(0);
    expect(running.complaints).toBe('');
    expect(isRunning(await pidIn(path))).toBe(true);
  });
});

describe('if the lock is lost, KILL ends the program, even if its shell has ended before', () => {
  test('because it cannot be refreshed: before the lease ends', async () => {
    const path = `${folder}/program`;
    const leaseSeconds = 8;
    const running = run('a', '--lease', String(leaseSeconds), ...script(`${program(path)} & wait`));
    const pid = await pidIn(path);
    rig.proxy.fate = () => 'silence';

    expect(await running.ended).toBe(76);
    expect(isRunning(pid)).toBe(false);
    const stampMs = Number.parseInt((await rig.versionOf('a'))?.replace('-', '').slice(0, 12) ?? '', 16);
    expect(Number(readFileSync(`${path}.alive`, 'utf8'))).toBeLessThan(stampMs + leaseSeconds * 1000);
    expect(running.complaints).not.toContain('has ended');
  });

  test.each(['deleted', 'broken'])('because its entry was %s', async (how) => {
    const path = `${folder}/program`;
    const running = run('a', '--lease', '4', ...script(`${program(path)} & wait`));
    const pid = await pidIn(path);
    if (how === 'deleted') await rig.clear();
    else await rig.factoryOfAnotherProcess().break('a', { reason: 'stuck' });

    expect(await running.ended).toBe(76);
    expect(isRunning(pid)).toBe(false);
  });

  test('because it cannot be refreshed while it is kept for the program', async () => {
    const path = `${folder}/program`;
    const running = run('a', '--lease', '4', ...script(`${program(path)} & exit 0`));
    const pid = await pidIn(path);
    await hasEnded(running);
    rig.proxy.fate = () => 'silence';

    expect(await running.ended).toBe(76);
    expect(isRunning(pid)).toBe(false);
  });

  test.each(['wait', 'exit 0'])('because the tool was killed; the shell was at "%s"', async (then) => {
    const path = `${folder}/program`;
    const running = run('a', '--lease', '8', ...script(`${program(path)} & ${then}`));
    const pid = await pidIn(path);
    if (then !== 'wait') await hasEnded(running);
    running.signal('SIGKILL');

    await until(() => !isRunning(pid), 'that the program has ended');
  });
});

test('a guardian that gets an ending signal, like all processes of a service, stays as long as the tool', async () => {
  const path = `${folder}/program`;
  const running = run('a', '--lease', '8', ...script(`${program(path)} & wait`));
  const pid = await pidIn(path);
  const shell = runningProcesses()?.find((one) => one.pid === pid)?.parentPid;
  const guardians = runningProcesses()?.filter((one) => one.parentPid === running.pid && one.pid !== shell) ?? [];
  expect(guardians).toHaveLength(1);
  for (const guardian of guardians) process.kill(guardian.pid, 'SIGTERM');
  running.signal('SIGKILL');

  await until(() => !isRunning(pid), 'that the program has ended');
});

test('a run within a run ends with it: it has a group of its own, and passes signals on', async () => {
  const path = `${folder}/program`;
  const inner = `${process.execPath} ${tool.path} run b --lease 800 --grace 200 -- ${program(path)}`;
  const running = run('a', '--lease', '4', ...script(`${inner} & wait`));
  const pid = await pidIn(path);
  await rig.remove('a');

  expect(await running.ended).toBe(76);
  // At once, and not after its own grace of 200 s.
  await until(() => !isRunning(pid), 'that the program has ended');
});

describe('on a terminal, where the group has other processes too', () => {
  /** A process that was there before the command: it is neither waited for nor ended. */
  const line = (job: string): string =>
    `${program(`${folder}/other`)} & cdk-lynk run a --lease 4 -- sh -c "${job}"; echo "code $?"; sleep 3; kill -s KILL $! && echo spared`;

  test('the lock is kept for processes that the command has left running', async () => {
    const running = onTerminal(line(`${program(`${folder}/program`)} & exit 3`));
    const [pid, other] = [await pidIn(`${folder}/program`), await pidIn(`${folder}/other`)];
    await hasEnded(running);
    await sleep(1000);

    expect(await rig.lockNames()).toEqual(['a']);
    expect(running.output).toMatch(/too: (?:(?:sh|sleep|date) \(\d+\)(?:, )?)+\r\n$/);
    expect(running.output).not.toContain(`(${other})`);
    process.kill(pid, 'SIGKILL');
    await running.said('code 3');
  });

  test('the loss of the lock ends them', async () => {
    const running = onTerminal(line(`${program(`${folder}/program`)} & wait`));
    const pid = await pidIn(`${folder}/program`);
    await rig.clear();

    await running.said('code 76');
    expect(isRunning(pid)).toBe(false);
    await running.said('spared');
  });

  test('a tool that is killed leaves none of them', async () => {
    const running = onTerminal(line(`echo \\$PPID > ${folder}/tool; ${program(`${folder}/program`)} & exit 0`));
    const pid = await pidIn(`${folder}/program`);
    await hasEnded(running);
    process.kill(Number(readFileSync(`${folder}/tool`, 'utf8')), 'SIGKILL');

    await until(() => !isRunning(pid), 'that the program has ended');
    await running.said('spared');
  });
});

test('files and `ps` list the same processes', () => {
  const mine = (all = runningProcesses()) => all?.find(({ pid }) => pid === process.pid);

  expect(mine()).toMatchObject({ parentPid: process.ppid, name: expect.stringMatching(/^\S+/) });
  const { began: _, name: __, ...rest } = mine(processesOfPs()) ?? { began: '', name: '' };
  expect(mine()).toMatchObject(rest);
});
