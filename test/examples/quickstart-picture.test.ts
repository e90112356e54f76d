import type { Logged } from '../../examples/quickstart/event-log.js';
import { logOf, pictureOf } from '../../examples/quickstart/picture.js';

/** The log of a run, as it might be written; `at` is in seconds. */
const line = (at: number, who: string, what: string, more: Partial<Logged> = {}): Logged => ({
  atMs: 1_000_000 + at * 1000,
  who,
  what,
  ...more,
});
const lease = { leaseSeconds: 3 };
const RUN: readonly Logged[] = [
  line(0, 'one', 'started'),
  line(0, 'two', 'started'),
  line(1, 'one', 'requested', lease),
  line(1, 'two', 'requested', lease),
  line(2, 'all', 'go'),
  line(2, 'one', 'acquired', lease),
  line(3.5, 'one', 'refreshed', lease),
  // Who gave it back hears of that after the next one has it.
  line(5.9, 'two', 'acquired', lease),
  line(6, 'one', 'released', lease),
  line(7, 'two', 'killed'),
  line(9, 'three', 'started'),
  line(14, 'three', 'requested', lease),
  line(14, 'three', 'acquired', { ...lease, takenOverFrom: 'two/1' }),
  line(15, 'three', 'released', lease),
];

/** What of this look was drawn, as seconds of the run. */
function spans(svg: string, look: string): (readonly [from: number, to: number])[] {
  const all = [...svg.matchAll(/<rect class="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="24"/g)];
  const [, , left, , width] = all.find(([, found]) => found === 'row') ?? [];
  // To half a second after the last line.
  const second = Number(width) / 13.6;
  return all
    .filter(([, found]) => found === look)
    .map(([, , x, , wide]) => [
      (Number(x) - Number(left)) / second,
      (Number(x) + Number(wide) - Number(left)) / second,
    ]);
}
const rounded = (found: readonly (readonly [number, number])[]) =>
  found.map((ends) => ends.map((end) => Math.round(end * 10) / 10));

test('who waited, worked and held, and for how long', () => {
  const svg = pictureOf(RUN);

  expect(rounded(spans(svg, 'waiting'))).toEqual([[0, 3.9]]);
  expect(rounded(spans(svg, 'running'))).toEqual([
    [0, 4],
    [3.9, 5],
    [12, 13],
  ]);
  // The entry of the lock: whose it is; of a dead holder until the takeover, though its lease is over.
  expect(rounded(spans(svg, 'holder-0'))).toEqual([[0, 3.9]]);
  expect(rounded(spans(svg, 'holder-1'))).toEqual([[3.9, 6.9]]);
  expect(rounded(spans(svg, 'over'))).toEqual([[6.9, 12]]);
  expect(rounded(spans(svg, 'holder-2'))).toEqual([[12, 13]]);
});

test('who refreshed, was killed and took over, in signs and in words', () => {
  const svg = pictureOf(RUN);
  const count = (part: string): number => svg.split(part).length - 1;

  // One of each explains it.
  expect(count('<circle class="refresh"')).toBe(2);
  expect(count('<path class="kill"')).toBe(2);
  expect(count('<path class="takeover"')).toBe(2);
  expect(count('>killed</text>')).toBe(1);
  expect(count('>takes over</text>')).toBe(1);
  expect(count('<circle class="number"')).toBe(2 * 5);
  expect([...svg.matchAll(/<text class="name"[^>]*>([^<]*)/g)].map(([, name]) => name)).toEqual([
    'one',
    'two',
    'three',
    'my lock',
  ]);
});

test('what did not happen is not told', () => {
  const svg = pictureOf(RUN.filter(({ what, takenOverFrom }) => what !== 'killed' && takenOverFrom === undefined));

  expect(svg).not.toContain('>killed<');
  expect(svg).not.toContain('>takes over<');
});

test('the log is read as it is written, line by line', () => {
  expect(logOf(RUN.map((one) => `${JSON.stringify(one)}\n`).join(''))).toEqual(RUN);
});
