import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

test('npm start shows two workers in turn, a refreshed version, and a takeover at first sight', async () => {
  const { stdout } = await promisify(execFile)('npm', ['start']);
  const lines = stdout.split('\n');
  const at = (line: string): number => {
    expect(lines).toContain(line);
    return lines.indexOf(line);
  };

  const inOrder = (...expected: string[]): void => {
    const found = expected.map(at);
    expect(found).toEqual([...found].sort((a, b) => a - b));
  };

  const [first, second] = at('Worker-1 - Lock acquired') < at('Worker-2 - Lock acquired') ? [1, 2] : [2, 1];
  inOrder(`Worker-${first} - Starting`, `Worker-${first} - Lock acquired`, `Worker-${first} - Lock released`);
  inOrder(`Worker-${second} - Starting`, `Worker-${first} - Lock acquired`, `Worker-${second} - Lock acquired`);
  inOrder(`Worker-${second} - Lock acquired`, `Worker-${second} - Lock released`, 'Worker-3 - Starting');
  inOrder('Worker-3 - Lock acquired', 'Worker-3 - Killed', 'Worker-4 - Lock acquired', 'Worker-4 - Lock released');
  inOrder('Worker-4 - Lock released', 'Table removed: lynk-quickstart');

  const versions = lines.filter((line) => line.includes('versionNumber'));
  expect(new Set(versions).size).toBe(3);
  expect(stdout).toMatch(/At first sight: it asked [\d.]+ s after the kill .* and held \d+ ms later/);
}, 120_000);
