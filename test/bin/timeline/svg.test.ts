import { drawTimeline } from '../../../bin/timeline/svg.js';
import type { Lane, Look, Mark, Timeline } from '../../../bin/timeline/timeline.js';

const CAPTION = { title: 'A title', description: 'What is in it' };

const lane = (more: Partial<Lane> = {}): Lane => ({ name: 'a', doing: [], holding: [], marks: [], ...more });
const draw = (lanes: readonly Lane[], more: Partial<Timeline> = {}): string =>
  drawTimeline({ endMs: 10_000, notes: [], lanes, ...more }, CAPTION);

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
/** The boxes with this look, in the order drawn. The last one is its sign in the legend. */
const boxes = (svg: string, look: string): Box[] =>
  [...svg.matchAll(/<rect class="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)]
    .filter(([, found]) => found === look)
    .map(([, , x, y, width, height]) => ({ x: Number(x), y: Number(y), width: Number(width), height: Number(height) }));
const texts = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? '');
const count = (svg: string, part: string): number => svg.split(part).length - 1;

test('a document has a title, and a description for people who cannot see it', () => {
  const svg = draw([lane()]);

  expect(svg).toMatch(
    /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 800 (\d+)" width="800" height="\1" role="img">/,
  );
  expect(svg).toContain('<title>A title</title>\n<desc>What is in it</desc>');
  expect(texts(svg)).toContain('A title');
});

test('time runs from left to right: place and width of a span are its time', () => {
  const svg = draw([lane({ doing: [{ fromMs: 2500, toMs: 7500, look: 'waiting' }] })]);

  const [row] = boxes(svg, 'row');
  const [waiting] = boxes(svg, 'waiting');
  if (!row || !waiting) throw new Error('not drawn');
  expect(waiting.x - row.x).toBeCloseTo(row.width / 4, 0);
  expect(waiting.width).toBeCloseTo(row.width / 2, 0);
  expect(waiting.y).toBe(row.y);
});

test('a span that begins earlier or lasts longer is cut off', () => {
  const svg = draw([lane({ doing: [{ fromMs: -5000, toMs: 50_000, look: 'running' }] })]);
  expect(boxes(svg, 'running')[0]).toEqual(boxes(svg, 'row')[0]);
});

test('a short span can be seen', () => {
  expect(boxes(draw([lane({ doing: [{ fromMs: 5000, toMs: 5001, look: 'running' }] })]), 'running')[0]?.width).toBe(2);
});

test.each<[Look, string]>([
  ['starting', 'starts'],
  ['waiting', 'waits'],
  ['running', 'works'],
  ['frozen', 'frozen'],
  ['over', 'lease is over'],
  ['broken', 'broken off'],
  ['kept', 'given back, stays taken'],
  ['holder-0', 'holds the lock'],
])('%s is drawn in its own colour, for light and for dark, and explained', (look, meaning) => {
  const svg = draw([lane({ doing: [{ fromMs: 0, toMs: 9000, look }] })]);

  expect(boxes(svg, look)).toHaveLength(2);
  expect(texts(svg)).toContain(meaning);
  const [light = '', dark = ''] = svg.split('@media (prefers-color-scheme: dark)');
  expect(light).toContain(`.${look} { fill: `);
  expect(look === 'frozen' ? dark.includes('.frozen { stroke') : dark.includes(`.${look} { fill: `)).toBe(true);
  // The legend has only what is drawn.
  expect(texts(draw([lane()]))).not.toContain(meaning);
});

test.each<[Mark['kind'], string, string]>([
  ['write', '<path class="write"', 'takes it, gives it back'],
  ['refresh', '<circle class="refresh"', 'refreshes it'],
  ['takeover', '<path class="takeover"', 'takes it over'],
  ['loss', '<path class="loss"', 'notices that it is lost'],
  ['kill', '<path class="kill"', 'is killed'],
])('a %s has its sign, which the legend explains', (kind, sign, meaning) => {
  const svg = draw([lane({ marks: [{ atMs: 5000, kind }] })]);

  expect(count(svg, sign)).toBe(2);
  expect(texts(svg)).toContain(meaning);
  expect(count(draw([lane()]), sign)).toBe(0);
});

test('important signs have words, unless they would hide others', () => {
  const marks: Mark[] = [
    { atMs: 5000, kind: 'takeover' },
    { atMs: 7000, kind: 'kill' },
  ];
  expect(texts(draw([lane({ marks })]))).toEqual(expect.arrayContaining(['takes over', 'killed']));

  const doing = [{ fromMs: 3500, toMs: 5000, look: 'waiting' as const }];
  const crowded = texts(draw([lane({ doing, marks })]));
  expect(crowded).toContain('killed');
  expect(crowded).not.toContain('takes over');
});

test('a hold is a bar below what its process does; a label is cut to fit', () => {
  const svg = draw([
    lane({
      doing: [{ fromMs: 0, toMs: 4000, look: 'holder-1', label: 'function/log-stream/request-with-a-long-name' }],
      holding: [{ fromMs: 1000, toMs: 3000, look: 'holder-0' }],
    }),
  ]);

  const [band] = boxes(svg, 'holder-1');
  const [bar, ...explained] = boxes(svg, 'holder-0');
  expect(explained).toHaveLength(1);
  expect(bar?.y).toBeGreaterThan((band?.y ?? 0) + (band?.height ?? 0));
  expect(bar?.height).toBeLessThan(band?.height ?? 0);
  expect(texts(svg)).toContainEqual(expect.stringMatching(/^function\/log-st.*…$/));
  // In full as a tip.
  expect(svg).toContain('<title>function/log-stream/request-with-a-long-name</title></rect>');
});

test('notes are numbered, and no two numbers overlap', () => {
  const notes = [0, 1, 2].map((index) => ({ atMs: 5000 + index, text: `note ${index}` }));
  const svg = draw([lane()], { notes });

  const circles = [...svg.matchAll(/<circle class="number" cx="([\d.]+)" cy="([\d.]+)" r="9"/g)];
  const above = circles.slice(0, 3).map(([, x]) => Number(x));
  expect(circles).toHaveLength(6);
  expect((above[1] ?? 0) - (above[0] ?? 0)).toBeGreaterThan(18);
  expect((above[2] ?? 0) - (above[1] ?? 0)).toBeGreaterThan(18);
  expect(texts(svg).filter((text) => text.startsWith('note '))).toEqual(['note 0', 'note 1', 'note 2']);
});

test.each([
  [4_000, '0 s', '1 s'],
  [60_000, '0 s', '5 s'],
  [3_600_000, '0 min', '5 min'],
  [12 * 3_600_000, '0 h', '1 h'],
  [30 * 24 * 3_600_000, '0 d', '7 d'],
])('over %d ms the axis begins with %s and %s, and its labels do not overlap', (endMs, ...firsts) => {
  const svg = draw([lane()], { endMs });

  const labels = [...svg.matchAll(/<text class="small" x="([\d.]+)"[^>]*text-anchor="middle">([^<]*)</g)];
  expect(labels.slice(0, 2).map(([, , text]) => text)).toEqual(firsts);
  for (const [index, [, x]] of labels.slice(1).entries()) {
    expect(Number(x) - Number(labels[index]?.[1])).toBeGreaterThan(7 * (labels[index]?.[2]?.length ?? 0));
  }
});

test('with a time of day at its beginning, the axis shows times of day', () => {
  const svg = draw([lane()], { endMs: 20_000, startedAt: new Date('2026-01-05T03:00:04.500Z') });
  expect(texts(svg)).toEqual(expect.arrayContaining(['03:00:05', '03:00:10', '03:00:15', '03:00:20']));
});

test('a name changes nothing else of the document', () => {
  const name = '<script>&"\u0007\ud800';
  const svg = draw([lane({ name, doing: [{ fromMs: 0, toMs: 9000, look: 'holder-0', label: name }] })]);

  expect(svg).not.toContain('<script');
  expect(svg).toContain('&lt;script&gt;&amp;&quot;\ufffd\ufffd');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  expect(svg).not.toMatch(/[\u0000-\u0009\u000b-\u001f]|[\ud800-\udfff]/u);
});

test('the legend has as many rows as needed, and the drawing has room for them', () => {
  const heightOf = (svg: string): number => Number(/height="(\d+)" role/.exec(svg)?.[1]);
  const looks: Look[] = ['holder-0', 'starting', 'waiting', 'running', 'frozen', 'over', 'broken', 'kept'];
  const all = looks.map((look, index) => ({ fromMs: index * 1000, toMs: (index + 1) * 1000, look }));

  const svg = draw([lane({ doing: all })]);

  expect(heightOf(svg)).toBeGreaterThan(heightOf(draw([lane({ doing: all.slice(0, 2) })])));
  const rights = [...svg.matchAll(/<text class="small" x="([\d.]+)" y="[\d.]+">([^<]*)</g)].map(
    ([, x, text]) => Number(x) + 6.9 * (text?.length ?? 0),
  );
  expect(rights.length).toBeGreaterThan(7);
  expect(Math.max(...rights)).toBeLessThan(800);
});
