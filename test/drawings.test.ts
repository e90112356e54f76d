import { readFileSync } from 'node:fs';
import { drawQuickstart } from '../docs/draw/quickstart.js';
import { drawSandboxLife, sandboxLife } from '../docs/draw/sandbox-life.js';
import { drawWatchedLocks } from '../docs/draw/watched-locks.js';

test.each([
  ['docs/sandbox-life.svg', drawSandboxLife],
  ['docs/quickstart.svg', drawQuickstart],
  ['docs/watched-locks.svg', drawWatchedLocks],
])('%s is what its run gives now: else npm run draw', async (path, draw) => {
  expect(await draw()).toBe(readFileSync(path, 'utf8'));
});

test('that of a sandbox’s life shows what its text says', async () => {
  const { lanes, notes } = await sandboxLife();
  const [a, b, entry] = lanes;
  const momentOf = (begin: string): number => notes.find(({ text }) => text.startsWith(begin))?.atMs ?? Number.NaN;
  const writesBetween = (from: number, to: number) =>
    a?.marks.filter(({ kind, atMs }) => kind !== 'loss' && atMs >= from && atMs < to).length;
  const frozen = momentOf('frozen between');
  const thawed = momentOf('thawed in time');
  const tooLate = momentOf('thawed too late');

  expect(writesBetween(0, frozen)).toBe(2);
  expect(entry?.doing.filter(({ fromMs, toMs }) => fromMs <= frozen && toMs > frozen)).toEqual([]);
  expect(writesBetween(momentOf('frozen while it holds, for less'), thawed)).toBe(0);
  expect(writesBetween(thawed, thawed + 100)).toBe(1);
  expect(a?.marks.filter(({ kind }) => kind === 'loss').map(({ atMs }) => atMs)).toEqual([tooLate]);
  expect(b?.holding.at(0)?.fromMs).toBe(momentOf('a whole lease'));
  // Never two holders.
  const overlaps = a?.holding.filter((one) =>
    b?.holding.some((other) => one.fromMs < other.toMs && other.fromMs < one.toMs),
  );
  expect(overlaps).toEqual([]);
});
