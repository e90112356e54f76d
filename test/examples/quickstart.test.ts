import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

test('npm start shows two workers in turn, a refreshed version, a takeover at first sight, and draws it all', async () => {
  const { stdout, stderr } = await promisify(execFile)('npm', ['start']);
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
  // No warnings.
  expect(stderr).toBe('');

  const chapters = lines.filter((line) => /^\d\. /.test(line));
  expect(chapters.map((line) => line[0])).toEqual(['1', '2', '3']);
  inOrder(chapters[0] ?? '', 'Worker-1 - Starting', chapters[1] ?? '', 'Worker-3 - Killed', chapters[2] ?? '');
  const versions = lines.filter((line) => line.includes('versionNumber'));
  expect(new Set(versions).size).toBe(3);
  for (const holder of [`Worker-${first}`, 'Worker-3'])
    expect(stdout).toMatch(new RegExp(`hostIdentifier +${holder}/`));
  const picture = readFileSync(/^A picture of this run: (.+)$/m.exec(stdout)?.[1] ?? '', 'utf8');
  for (const name of ['Worker-1', 'Worker-2', 'Worker-3', 'Worker-4', 'my lock']) {
    expect(picture).toContain(`>${name}</text>`);
  }
  for (const said of ['waits', 'works', 'killed', 'takes over', 'lease is over']) {
    expect(picture).toContain(`>${said}</text>`);
  }
  // Two workers refreshed more than once each; one sign explains them.
  expect(picture.match(/<circle class="refresh"/g)?.length).toBeGreaterThan(4);

  expect(stdout).toMatch(/At first sight: it asked [\d.]+ s after the kill, and held the lock \d+ ms later/);
}, 120_000);
