import { execFile } from 'node:child_process';
import { runSchedule } from './schedule.js';
import { workloadKindOf } from './workload/kind.js';

interface ToolRun {
  readonly code: number;
  readonly output: string;
}

/** The simulation's command line, as CI runs it. */
function runTool(...args: readonly string[]): Promise<ToolRun> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['test/sim/run.mjs', ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr });
    });
  });
}

async function traceOf(seed: number): Promise<string[]> {
  const lines: string[] = [];
  await runSchedule(seed, { lines });
  return lines;
}

test('no checker finds anything in 300 schedules', async () => {
  const { code, output } = await runTool('--schedules', '300');

  expect(output).toMatch(/sim: 300 schedules of 70 virtual seconds: \d+ schedules\/s, 0 violations/);
  expect(code).toBe(0);
}, 300_000);

test('a seed decides everything: its trace is the same each time, and no other seed has it', async () => {
  for (const seed of [1, 2, 3]) {
    const trace = await traceOf(seed);
    expect(trace.length).toBeGreaterThan(100);
    expect(await traceOf(seed)).toEqual(trace);
    expect(await traceOf(seed + 100)).not.toEqual(trace);
  }
}, 120_000);

test('schedules see the lock held, refreshed, handed over, lost, and every kind of fault', async () => {
  let seen = '';
  for (let seed = 0; seed < 40; seed += 1) seen += `${(await traceOf(seed)).join('\n')}\n`;

  const wanted = [
    /ts\d +HOLDS/,
    /py\d +HOLDS/,
    /refresh \S+ to .*: written/,
    /acquire \S+ \S+ over \S+: written/,
    /adopt .*: written/,
    /adopt .*: refused/,
    /LockLostError.*before its deadline/,
    /hears LockNotGrantedError/,
    /hears Error: cancelled/,
    /is frozen .* clock stops/,
    /is frozen .* clock runs/,
    /wall clock set by -/,
    /crashes/,
    /the request is lost/,
    /the answer is lost/,
    /throttled/,
    /a copy arrives/,
    /\(stale\)/,
    /, no Date/,
    /all others die/,
    /ask\d+ +HOLDS/,
    /ask\d+ +crashes/,
  ];
  expect(wanted.filter((what) => !what.test(seen))).toEqual([]);
  // Nobody takes a hold over before its deadline.
  expect(seen).not.toMatch(/LockLostError.*holds it now/);
}, 120_000);

test('schedules of the recipes see permits taken and refused, several locks held, and results made and shared', async () => {
  const lines: string[] = [];
  for (let seed = 0; seed < 160; seed += 1) {
    if (workloadKindOf(seed) !== 'locks') await runSchedule(seed, { lines });
  }
  const seen = lines.join('\n');

  const wanted = [
    /ts\d +HOLDS job#0/,
    /ts\d +HOLDS job#2/,
    /py\d +HOLDS job#1/,
    /readMany job#0 job#1/,
    /hears LockNotGrantedError: semaphore "job" in table "locks" was not granted .* permits are held by/,
    /ts\d +HOLDS [abc] and [abc] and [abc]/,
    /hears LockNotGrantedError: lock .*locks were requested, or none; released again: \d/,
    /hears LockLostError: (?:lock "[abc]"|permit "job#\d" of semaphore)/,
    /leave job \S+ as .*: written/,
    /ts\d +is served with a result of [0-4]\.\d+ s/,
    /ts\d +is served with a result of [1-9]\d*\.\d+ s/,
  ];
  expect(wanted.filter((what) => !what.test(seen))).toEqual([]);
}, 300_000);

test('a rule taken out is found, and its seed replays what was found', async () => {
  const rule = 'observed-by-monotonic-time';
  const searched = await runTool('--without', rule, '--schedules', '2000');
  const [, seed] = /--seed (\d+)/.exec(searched.output) ?? [];
  const [violation] = /^VIOLATION .*mutual-exclusion.*$/m.exec(searched.output) ?? [];

  expect(searched.code).toBe(1);
  expect(violation).toBeDefined();
  const replayed = await runTool('--without', rule, '--seed', String(seed));
  expect(replayed.code).toBe(1);
  expect(replayed.output).toContain(violation);
  // With the rule, the same seed has no violation.
  expect((await runTool('--seed', String(seed))).code).toBe(0);
}, 300_000);

test('each rule can be taken out: its text stands in the source once, and its replacement compiles', async () => {
  const { code, output } = await runTool('--list-rules');

  expect(output).not.toContain('not ok');
  expect(output).toContain('observed-by-monotonic-time');
  expect(code).toBe(0);
});

test('a rule that is not there cannot be taken out', async () => {
  const { code, output } = await runTool('--without', 'no-such-rule');

  expect(code).toBe(1);
  expect(output).toContain('no rule "no-such-rule"');
});
