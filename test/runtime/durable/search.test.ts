import { execFile } from 'node:child_process';

/** The simulation's command line (test/sim), with durable executions. */
function search(...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['test/sim/run.mjs', '--durable', ...args],
      { maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });
}

test('some 200 executions with crashes, lost answers and zombies: never two inside, and nobody lost untold', async () => {
  const { code, output } = await search('--schedules', '110');
  const [, crashes, zombies] = /(\d+) crashes, (\d+) zombies/.exec(output) ?? [];

  expect(output).toMatch(/110 schedules with durable executions: \d+ schedules\/s, 0 violations/);
  expect(code).toBe(0);
  expect(Number(crashes)).toBeGreaterThan(100);
  expect(Number(zombies)).toBeGreaterThan(50);
}, 300_000);

test('without the eviction of interrupted runs, two are inside', async () => {
  const { code, output } = await search('--without', 'durable-evict', '--schedules', '50');

  expect(output).toContain('both hold');
  expect(code).toBe(1);
}, 300_000);
