import { drawAxis, type Scale } from './axis.js';
import { drawLegend, isHolder, MEANING } from './legend.js';
import { box, escaped, fitted, line, number, sign, widthOf, write } from './shapes.js';
import { STYLE } from './style.js';
import type { Lane, Mark, MarkKind, Span, Timeline } from './timeline.js';

const WIDTH = 800;
const MARGIN = 20;
const HEADING_Y = 32;
const BAND = 24;
const BAR = 10;
const LANE_GAP = 14;
const NOTE_HEIGHT = 23;
/** The least distance between two numbers. */
const NUMBER_APART = 21;
const REFRESHES_APART = 9;
const NARROWEST_NAME = 60;
const WIDEST_NAME = 200;

/** The texts of a drawing. */
export interface Caption {
  readonly title: string;
  /** For people who cannot see it. */
  readonly description: string;
}

/** Texts beside the signs of the most important marks. */
const SAID: Readonly<Partial<Record<MarkKind, string>>> = { kill: 'killed', takeover: 'takes over' };

/** A timeline as an SVG document. The same timeline always gives the same text. */
export function drawTimeline(timeline: Timeline, { title, description }: Caption): string {
  const { lanes, notes, startedAt } = timeline;
  const endMs = Math.max(timeline.endMs, 1);
  const names = lanes.map(({ name }) => fitted(name, 'name', WIDEST_NAME));
  const origin = MARGIN + 14 + Math.max(NARROWEST_NAME, ...names.map((name) => widthOf(name, 'name')));
  const x = (ms: number): number =>
    origin + ((WIDTH - MARGIN - 14 - origin) * Math.min(Math.max(ms, 0), endMs)) / endMs;
  const scale: Scale = { endMs, startedAt, x };

  const parts: string[] = [];
  let y = HEADING_Y + (notes.length > 0 ? 58 : 22);
  for (const [index, lane] of lanes.entries()) {
    parts.push(...drawLane(lane, names[index] ?? '', y, scale));
    y += heightOf(lane) + LANE_GAP;
  }
  const guides = drawNumbers(notes, { top: HEADING_Y + 26, bottom: y - LANE_GAP / 2, x });
  parts.push(...drawAxis(scale, y));
  y += 50;
  for (const [index, { text }] of notes.entries()) {
    parts.push(number(index + 1, MARGIN + 10, y), write('', MARGIN + 28, y + 5, text));
    y += NOTE_HEIGHT;
  }
  if (notes.length > 0) y += 10;
  const legend = drawLegend(lanes, { left: MARGIN, top: y, width: WIDTH - 2 * MARGIN });
  const height = Math.ceil(y + legend.height);

  const size = `viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">
<title>${escaped(title)}</title>
<desc>${escaped(description)}</desc>
<style>${STYLE}
</style>
${ICE}
${box('ground', 0.5, 0.5, WIDTH - 1, height - 1)}
${[write('heading', MARGIN, HEADING_Y, title), ...guides, ...parts, ...legend.parts].join('\n')}
</svg>
`;
}

const ICE = `<defs><pattern id="ice" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect class="ice-ground" width="9" height="9"/><line class="ice-line" x1="0" y1="0" x2="0" y2="9"/></pattern></defs>`;

/** The bar of the holding is below the band, and the writes are below the bar. */
const BAR_TOP = BAND + 4;

function heightOf({ holding, marks }: Lane): number {
  if (holding.length > 0) return BAR_TOP + BAR + 10;
  return marks.some(({ kind }) => kind === 'write' || kind === 'refresh') ? BAND + 10 : BAND;
}

function drawLane(lane: Lane, name: string, top: number, scale: Scale): string[] {
  const { doing, holding, marks } = lane;
  const { endMs, x } = scale;
  const hasBar = holding.length > 0;
  const heights: Heights = {
    band: top + BAND / 2,
    bar: top + (hasBar ? BAR_TOP + BAR / 2 : BAND + 7),
    writes: top + (hasBar ? BAR_TOP + BAR + 6 : BAND + 7),
  };
  return [
    write('name', MARGIN, top + 17, name),
    box('row', x(0), top, x(endMs) - x(0), BAND),
    ...doing.flatMap((span) => drawSpan(span, top, BAND, x)),
    ...holding.flatMap((span) => drawSpan(span, top + BAR_TOP, BAR, x)),
    ...apart(marks, x).flatMap((mark) => drawMark(mark, doing, heights, scale)),
  ];
}

function drawSpan(span: Span, y: number, height: number, x: Scale['x']): string[] {
  const { look, label } = span;
  const left = x(span.fromMs);
  // At least 2 wide, so that a short span can be seen too.
  const rect = box(look, left, y, Math.max(2, x(span.toMs) - left), height, label);
  const text = height < BAND ? '' : textIn(span, x);
  if (text === '') return [rect];
  return [rect, write(isHolder(look) ? 'on-holder' : 'inside', middleOf(span, x), y + 16, text, 'middle')];
}

/** Drops refreshes that would overlap an earlier one. */
function apart(marks: readonly Mark[], x: Scale['x']): Mark[] {
  let before = -Infinity;
  return marks.filter(({ kind, atMs }) => {
    if (kind !== 'refresh') return true;
    if (x(atMs) - before < REFRESHES_APART) return false;
    before = x(atMs);
    return true;
  });
}

/** The text in a span: its label, cut off if needed, or the meaning of its look if all of it fits. */
function textIn({ fromMs, toMs, look, label }: Span, x: Scale['x']): string {
  const width = x(toMs) - x(fromMs) - 6;
  if (label !== undefined) return fitted(label, 'bold', width);
  const says = isHolder(look) ? '' : MEANING[look];
  return widthOf(says, 'small') <= width ? says : '';
}

function middleOf({ fromMs, toMs }: Span, x: Scale['x']): number {
  return (x(fromMs) + x(toMs)) / 2;
}

/** The vertical positions of a lane's signs. */
interface Heights {
  readonly band: number;
  readonly bar: number;
  readonly writes: number;
}

function drawMark({ atMs, kind }: Mark, doing: readonly Span[], heights: Heights, { endMs, x }: Scale): string[] {
  const { band, bar, writes } = heights;
  const at = x(atMs);
  const said = SAID[kind];
  if (said === undefined) return [sign(kind, at, kind === 'write' ? writes : bar)];
  // On the left of a takeover, where nothing happens; on the right of other signs, if there is room.
  const width = widthOf(said, 'bold');
  const isBefore = kind === 'takeover' || at + 12 + width > x(endMs);
  const middle = at + (isBefore ? -1 : 1) * (11 + width / 2);
  const isInTheWay = doing.some((span) => {
    const half = widthOf(textIn(span, x), 'small') / 2;
    return half > 0 && Math.abs(middleOf(span, x) - middle) < half + width / 2;
  });
  if (isInTheWay) return [sign(kind, at, band)];
  return [sign(kind, at, band), write(`said said-${kind}`, middle, band + 4, said, 'middle')];
}

/** The notes' numbers in a row, each with a line to its moment. Numbers of close moments are side by side. */
function drawNumbers(
  notes: Timeline['notes'],
  { top, bottom, x }: { readonly top: number; readonly bottom: number; readonly x: Scale['x'] },
): string[] {
  let before = -Infinity;
  return notes.flatMap(({ atMs }, index) => {
    const at = x(atMs);
    const place = Math.max(at, before + NUMBER_APART);
    before = place;
    return [line('guide', [place, top + 9], [at, top + 24], [at, bottom]), number(index + 1, place, top)];
  });
}
