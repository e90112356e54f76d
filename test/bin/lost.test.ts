import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';
import { bundled, isRunning, Started, until } from './tool.js';

jest.setTimeout(180_000);

/** The command of a tool that was killed. It leads a group of its own. */
let orphan: number | undefined;
let rig: Rig;
let tool: Awaited<ReturnType<typeof bundled>>;
const folder = resolve(`.cache/cli-lost/${process.pid}`);

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  [rig, tool] = await Promise.all([Rig.start(), bundled()]);
});
afterEach(async () => {
  // In case the tool has failed to end it; the test then fails.
  if (orphan !== undefined && isRunning(orphan)) process.kill(-orphan, 'SIGKILL');
  orphan = undefined;
  await Started.endAll();
  rig.proxy.forget();
  await rig.clear();
});
afterAll(async () => {
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

describe('the loss of the lock ends the command', () => {
  const ALIVE = 'while :; do date +%s%3N > "$0"; sleep 0.05; done';

  test('before its lease ends', async () => {
    const path = `${folder}/alive`;
    const leaseSeconds = 20;
    const running = run('a', '--lease', String(leaseSeconds), '--', 'sh', '-c', `echo started; ${ALIVE}`, path);
    await running.said('started');
    // From here on there are no answers; the version that stands is the last confirmed one.
    rig.proxy.fate = () => 'silence';
    const outcome = await running.ended;
    const lastAliveMs = Number(readFileSync(path, 'utf8'));
    const stampMs = Number.parseInt((await rig.versionOf('a'))?.replace('-', '').slice(0, 12) ?? '', 16);

    expect(outcome).toBe(76);
    expect(running.complaints).toMatch(/lock "a" could not be refreshed for most of its lease; ending sh$/m);
    expect(lastAliveMs).toBeLessThan(stampMs + leaseSeconds * 1000);
  });

  test('even if it ignores TERM', async () => {
    const path = `${folder}/stubborn`;
    const running = run(
      'a',
      '--lease',
      '4',
      ...script(`trap '' TERM; echo $$ > ${path}; echo started; while :; do sleep 0.1; done`),
    );
    await running.said('started');
    rig.proxy.fate = () => 'silence';

    expect(await running.ended).toBe(76);
    expect(isRunning(Number(readFileSync(path, 'utf8')))).toBe(false);
  });

  test('at once, if the lock was broken: the command gets TERM, and the reason is printed', async () => {
    const running = run(
      'a',
      '--lease',
      '20',
      ...script("trap 'echo asked to end; exit 0' TERM; echo started; while :; do sleep 0.1; done"),
    );
    await running.said('started');
    await rig.factoryOfAnotherProcess().break('a', { reason: 'stuck' });

    expect(await running.ended).toBe(76);
    expect(running.output).toContain('asked to end');
    expect(running.complaints).toMatch(/was lost: it was broken by elsewhere\/4711: stuck\ncdk-lynk: ending sh$/m);
    expect(await rig.lockNames()).toEqual(['a']);
  });

  test('with all that a script has started', async () => {
    const path = `${folder}/grandchild`;
    const running = run(
      'a',
      '--lease',
      '20',
      ...script(`sh -c 'echo $$ > ${path}; echo started; sleep 600'; echo never`),
    );
    await running.said('started');
    const pid = Number(readFileSync(path, 'utf8'));
    expect(isRunning(pid)).toBe(true);
    await rig.clear();

    expect(await running.ended).toBe(76);
    expect(running.output).not.toContain('never');
    await until(() => !isRunning(pid), 'that the grandchild has ended');
  });
});

test('if the tool is killed, its command ends too, and the next gets the lock after lease and tolerance', async () => {
  const path = `${folder}/orphan`;
  const running = run(
    'a',
    '--lease',
    '8',
    ...script(`trap '' TERM; echo $$ > ${path}; echo started; while :; do sleep 0.1; done`),
  );
  await running.said('started');
  const pid = Number(readFileSync(path, 'utf8'));
  orphan = pid;
  expect(isRunning(pid)).toBe(true);
  running.signal('SIGKILL');
  expect(await running.ended).toBe('SIGKILL');
  const stampMs = Number.parseInt((await rig.versionOf('a'))?.replace('-', '').slice(0, 12) ?? '', 16);

  const next = run('a', '--wait', '120', ...script(`date +%s%3N; grep State /proc/${pid}/status || echo gone`));

  expect(await next.ended).toBe(0);
  const [startedMs, state] = next.output.split('\n');
  // A zombie has ended; its new parent decides when it is removed.
  expect(state).toMatch(/^(gone|State:\s[ZX] .*)$/);
  // Not before the lease was over, by DynamoDB's clock.
  expect(Number(startedMs)).toBeGreaterThan(stampMs + 8000);
});
