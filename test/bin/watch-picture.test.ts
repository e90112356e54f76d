import { WatchPicture } from '../../bin/cli/watch-picture.js';
import type { LockInspection } from '../../runtime/index.js';

const EPOCH_MS = Date.UTC(2026, 0, 5, 3);

/** A lock as one poll may show it: held by `host`, as of `version`. */
function lock(name: string, host: string, version: string, more: Partial<LockInspection> = {}): LockInspection {
  const held = { name, hostIdentifier: host, version, holdId: `${name} ${host}`, leaseSeconds: 10, looksDead: false };
  return { isFree: false, isBroken: false, isReleased: false, ...held, ...more } as LockInspection;
}
const dead = { looksDead: true };

/** The picture after polls two seconds apart, each with what it showed. */
function drawn(...polls: readonly (readonly LockInspection[])[]): string {
  const picture = new WatchPicture('never-written.svg', 'my-locks');
  for (const [index, locks] of polls.entries()) picture.add(locks, EPOCH_MS + index * 2000);
  return picture.draw();
}

const LANES = /<text class="name" x="[\d.]+" y="([\d.]+)">([^<]*)</g;
/** The spans of each lane, as seconds. */
function lanes(svg: string): Record<string, [look: string, from: number, to: number][]> {
  const boxes = [...svg.matchAll(/<rect class="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="24"/g)].map(
    ([, look = '', x, y, width]) => ({ look, x: Number(x), y: Number(y), width: Number(width) }),
  );
  const row = boxes.find(({ look }) => look === 'row') ?? { x: 0, width: 1 };
  const [, from = '', to = ''] = /(\d\d:\d\d:\d\d) to .*(\d\d:\d\d:\d\d) UTC</.exec(svg) ?? [];
  const perSecond = row.width / ((Date.parse(`2026-01-05T${to}Z`) - Date.parse(`2026-01-05T${from}Z`)) / 1000);
  const second = (x: number): number => Math.round((x - row.x) / perSecond);
  return Object.fromEntries(
    [...svg.matchAll(LANES)].map(([, y, name]) => [
      name,
      boxes
        .filter((one) => one.y === Number(y) - 17 && one.look !== 'row')
        .map(({ look, x, width }) => [look, second(x), second(x + width)]),
    ]),
  );
}
const count = (svg: string, part: string): number => svg.split(part).length - 1;

test('a hold is one stretch in its holder’s colour, with a dot for each refresh', () => {
  const svg = drawn([lock('a', 'x', '1')], [lock('a', 'x', '2')], [lock('a', 'x', '2')], [lock('a', 'x', '3')]);

  expect(lanes(svg)).toEqual({ a: [['holder-0', 0, 6]] });
  // The legend has one more.
  expect(count(svg, '<circle class="refresh"')).toBe(3);
  expect(svg).toContain('>x</text>');
});

test('a released lock is free until the next holder, who has another colour', () => {
  const svg = drawn([lock('a', 'x', '1')], [lock('a', 'x', '1')], [], [], [lock('a', 'y', '2')], [lock('a', 'y', '2')]);

  expect(lanes(svg)).toEqual({
    a: [
      ['holder-0', 0, 4],
      ['holder-1', 8, 10],
    ],
  });
  expect(svg).not.toContain('takes over');
});

test('a dead holder’s entry stays until the takeover', () => {
  const gone = [lock('a', 'x', '1', dead)];
  const svg = drawn([lock('a', 'x', '1')], gone, gone, gone, [lock('a', 'y', '2')], [lock('a', 'y', '2')]);

  expect(lanes(svg)).toEqual({
    a: [
      ['holder-0', 0, 2],
      ['over', 2, 8],
      ['holder-1', 8, 10],
    ],
  });
  expect(count(svg, '<path class="takeover"')).toBe(2);
});

test('a holder has one colour for all its locks; each hold is a stretch of its own', () => {
  const svg = drawn(
    [lock('a', 'x', '1'), lock('b', 'x', '1')],
    [lock('a', 'x', '2', { holdId: 'another' }), lock('b', 'y', '2')],
    [lock('a', 'x', '2', { holdId: 'another' }), lock('b', 'y', '2')],
  );

  expect(lanes(svg)).toEqual({
    a: [
      ['holder-0', 0, 2],
      ['holder-0', 2, 4],
    ],
    b: [
      ['holder-0', 0, 2],
      ['holder-1', 2, 4],
    ],
  });
});

test('a client that does not record when it writes is recognized by its name', () => {
  const python = { holdId: undefined, looksDead: undefined };
  const svg = drawn([lock('a', 'py', 'v4', python)], [lock('a', 'py', 'another v4', python)]);

  expect(lanes(svg)).toEqual({ a: [['holder-0', 0, 2]] });
  expect(count(svg, '<circle class="refresh"')).toBe(2);
});

test('broken; released but taken; free but kept', () => {
  const svg = drawn(
    ...[1, 2].map(() => [
      lock('broken', 'x', '1', { isBroken: true }),
      lock('free', 'x', '1', { isFree: true }),
      lock('kept', 'x', '1', { isReleased: true }),
    ]),
  );

  expect(lanes(svg)).toEqual({ broken: [['broken', 0, 2]], free: [], kept: [['kept', 0, 2]] });
});

test('of many locks, those that changed last are drawn; the size stays bounded for days', () => {
  const many = (index: number) => Array.from({ length: 30 }, (_, of) => lock(`${index}-${of}`, 'x', '1'));
  const svg = drawn(many(1), many(2), many(3));
  const names = Object.keys(lanes(svg));
  expect(names).toHaveLength(40);
  expect(names.filter((name) => name.startsWith('1-'))).toEqual([]);
  expect(names.filter((name) => name.startsWith('3-'))).toHaveLength(30);

  const polls = (length: number) => Array.from({ length }, (_, at) => [lock('a', `host-${at % 2}`, String(at))]);
  expect(drawn(...polls(20_000)).length).toBeLessThan(3 * drawn(...polls(300)).length);
});

test('of a hold that lasts for days, the last refreshes are remembered', () => {
  const svg = drawn(...Array.from({ length: 3000 }, (_, at) => [lock('a', 'x', String(at))]));
  const [first] = [...svg.matchAll(/<circle class="refresh" cx="([\d.]+)"/g)].map(([, x]) => Number(x));
  expect(lanes(svg)).toEqual({ a: [['holder-0', 0, 5998]] });
  expect(first).toBeGreaterThan(400);
});

test('without a lock there is a picture too', () => {
  const svg = drawn([], []);
  expect(svg).toContain('no lock was held');
  expect(svg).toContain('>Locks of my-locks, 2026-01-05 03:00:00 to 03:00:02 UTC</text>');
});

test('names are escaped', () => {
  expect(drawn([lock('a\u202e<b', 'x\u0007', '1')], [])).toContain('>a\\u{202e}&lt;b</text>');
});
