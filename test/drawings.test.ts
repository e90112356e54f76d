import { readFileSync } from 'node:fs';
import { CHOICES, drawChoosing, OTHERWISE } from '../docs/draw/choosing.js';
import { drawDurableLife, durableLife } from '../docs/draw/durable-life.js';
import { drawLateHolder, drawTakeover, drawWaiting, lateHolder, takeover, waiting } from '../docs/draw/meetings.js';
import { drawQuickstart } from '../docs/draw/quickstart.js';
import { drawSandboxLife, sandboxLife } from '../docs/draw/sandbox-life.js';
import type { Step } from '../docs/draw/sequence.js';
import { drawWatchedLocks } from '../docs/draw/watched-locks.js';

test.each([
  ['docs/choosing.svg', drawChoosing],
  ['docs/sandbox-life.svg', drawSandboxLife],
  ['docs/durable-life.svg', drawDurableLife],
  ['docs/quickstart.svg', drawQuickstart],
  ['docs/watched-locks.svg', drawWatchedLocks],
  ['docs/takeover.svg', drawTakeover],
  ['docs/waiting.svg', drawWaiting],
  ['docs/late-holder.svg', drawLateHolder],
])('%s is what its run gives now: else npm run draw', async (path, draw) => {
  expect(await draw()).toBe(readFileSync(path, 'utf8'));
});

test('the page on choosing has the questions of its picture, and what each leads to', () => {
  const page = readFileSync('docs/choosing.md', 'utf8');
  const listed = [...page.matchAll(/^\d\. \*\*(.+)\*\* /gm)].map(([, question]) => question);

  expect(listed).toEqual(CHOICES.map(({ question }) => question));
  expect(page).toContain(`take [${OTHERWISE.use}]`);
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

test('that of a durable execution’s life shows what its text says', async () => {
  const { lanes, notes } = await durableLife();
  const [execution, other, entry] = lanes;
  const momentOf = (begin: string): number => notes.find(({ text }) => text.startsWith(begin))?.atMs ?? Number.NaN;
  const isSuspended = (atMs: number) =>
    execution?.doing.some(({ label, fromMs, toMs }) => label === 'suspended' && fromMs <= atMs && atMs < toMs);

  // While the other function waits, nothing of the execution runs, and the entry is the execution's.
  const waits = momentOf('an ordinary function waits');
  expect(isSuspended(waits)).toBe(true);
  expect(isSuspended(waits + 9000)).toBe(true);
  const itsOwn = entry?.doing.filter(({ label }) => label === 'execution');
  expect(itsOwn).toEqual([expect.objectContaining({ toMs: expect.closeTo(momentOf('the lock is given back'), -2) })]);
  expect(itsOwn?.[0]?.fromMs).toBeLessThanOrEqual(momentOf('a poll finds it free'));
  // The interrupted step had its lease until then.
  const lease = execution?.holding.at(1);
  expect(momentOf('waited out') - (lease?.fromMs ?? Number.NaN)).toBeGreaterThan(30_000);
  const overlaps = execution?.holding.filter((one) =>
    other?.holding.some((others) => one.fromMs < others.toMs && others.fromMs < one.toMs),
  );
  expect(overlaps).toEqual([]);
});

describe('where two processes meet', () => {
  const messages = (steps: readonly Step[]) => steps.flatMap((step) => ('says' in step ? [step] : []));

  test('a takeover comes a lease after the last refresh that was seen', async () => {
    const told = messages((await takeover()).steps);
    const refresh = told.findLast(({ says }) => says === 'write: refresh');
    const taken = told.findLast(({ says, refused }) => says === 'write: take it' && !refused);
    expect(refresh?.from).toBe('process A');
    expect(taken?.from).toBe('process B');
    expect((taken?.atMs ?? 0) - (refresh?.atMs ?? 0)).toBeGreaterThanOrEqual(6000);
  });

  test('a waiting process sees the release at a poll, and takes the lock', async () => {
    const told = messages((await waiting()).steps).map(({ from, says, answer }) => [from, says, answer]);
    expect(told.slice(-4, -1)).toEqual([
      ['process A', 'write: release', 'done'],
      ['process B', 'poll: read', 'free'],
      ['process B', 'write: take it', 'done'],
    ]);
  });

  test('the late write has the smaller token, and is refused', async () => {
    const { steps } = await lateHolder();
    const written = messages(steps).filter(({ to }) => to === 'what is protected');
    expect(written.map(({ from, refused }) => [from, refused])).toEqual([
      ['process B', false],
      ['process A', true],
    ]);
    expect(steps.at(-1)).toMatchObject({ note: 'withLock rejects: LockLostError' });
  });
});
