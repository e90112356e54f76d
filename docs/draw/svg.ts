import type { Lane, Span, Timeline } from './timeline.js';

const WIDTH = 960;
const MARGIN = 24;
/** Where time begins: left of it stand the lanes' names. */
const ORIGIN = 132;
const TOP = 64;
const LANE_HEIGHT = 62;
const DOING_HEIGHT = 24;
const HOLDING_HEIGHT = 8;
const NOTE_HEIGHT = 22;

/** For light and for dark surroundings, each on a ground of its own, as a page may have the other one. */
const STYLE = `
text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2430; }
.ground { fill: #ffffff; stroke: #d5d9e0; }
.name { font-weight: 600; }
.small { font-size: 11.5px; fill: #5b6472; }
.axis, .guide { stroke: #b9c0cb; }
.guide { stroke-dasharray: 2 4; }
.starting { fill: #cfd8e6; }
.running { fill: #bfe3cb; }
.waiting { fill: #f4e3b5; }
.frozen { fill: url(#ice); stroke: #9db3cf; stroke-dasharray: 3 3; }
.ice-ground { fill: #eef3fa; }
.ice-line { stroke: #b7c9e2; stroke-width: 2; }
.process-0 { fill: #3268c8; }
.process-1 { fill: #d9742a; }
.expired { fill: #d2d6dd; }
.mark-write { fill: #1f2430; }
.mark-loss { stroke: #c62f3b; stroke-width: 2.5; fill: none; }
.number { fill: #1f2430; }
.digit { font-size: 11px; font-weight: 600; fill: #ffffff; text-anchor: middle; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ef; }
  .ground { fill: #12161d; stroke: #323945; }
  .small { fill: #9aa4b2; }
  .axis, .guide { stroke: #48515f; }
  .starting { fill: #3a4658; }
  .running { fill: #23583a; }
  .waiting { fill: #5d4c1c; }
  .frozen { stroke: #587199; }
  .ice-ground { fill: #1a2330; }
  .ice-line { stroke: #33465f; }
  .process-0 { fill: #5b93f5; }
  .process-1 { fill: #ee9350; }
  .expired { fill: #454c58; }
  .mark-write { fill: #e6e9ef; }
  .mark-loss { stroke: #ff6b76; }
  .number { fill: #e6e9ef; }
  .digit { fill: #12161d; }
}`;

/** What stands in the drawing beside what happened. */
export interface Caption {
  /** For those who cannot see it. */
  readonly title: string;
  readonly description: string;
}

/** A timeline as an SVG document; the same timeline always gives the same text. */
export function drawTimeline(timeline: Timeline, { title, description }: Caption): string {
  const { lanes, notes, endMs } = timeline;
  const x = (ms: number): number => ORIGIN + ((WIDTH - MARGIN - ORIGIN) * ms) / endMs;
  const lanesEnd = TOP + lanes.length * LANE_HEIGHT;
  const notesTop = lanesEnd + 58;
  const rows = Math.ceil(notes.length / 2);
  const height = notesTop + rows * NOTE_HEIGHT + 40;
  const parts = [
    `<title>${escaped(title)}</title>`,
    `<desc>${escaped(description)}</desc>`,
    `<style>${STYLE}\n</style>`,
    ICE,
    `<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="10"/>`,
    ...notes.map(({ atMs }) => line('guide', x(atMs), TOP - 20, x(atMs), lanesEnd)),
    ...lanes.flatMap((lane, index) => drawLane(lane, TOP + index * LANE_HEIGHT, x)),
    ...axis(endMs, lanesEnd + 8, x),
    ...notes.map(({ atMs }, index) => number(index + 1, x(atMs), TOP - 30)),
    ...notes.flatMap(({ text }, index) => {
      const left = MARGIN + 10 + (index < rows ? 0 : (WIDTH - MARGIN) / 2);
      const top = notesTop + (index % rows) * NOTE_HEIGHT;
      return [number(index + 1, left, top), write('', left + 18, top + 4, text)];
    }),
    ...legend(height - 26),
  ];
  const size = `viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">\n${parts.join('\n')}\n</svg>\n`;
}

const ICE = `<defs><pattern id="ice" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect class="ice-ground" width="9" height="9"/><line class="ice-line" x1="0" y1="0" x2="0" y2="9"/></pattern></defs>`;

function drawLane({ name, doing, holding, marks }: Lane, top: number, x: (ms: number) => number): string[] {
  const bottom = top + DOING_HEIGHT;
  return [
    write('name', MARGIN, top + 17, name),
    ...doing.map((span) => drawSpan(span, top, DOING_HEIGHT, x)),
    ...holding.map((span) => drawSpan(span, bottom + 4, HOLDING_HEIGHT, x)),
    ...marks.map(({ atMs, kind }) => (kind === 'loss' ? cross(x(atMs), bottom + 8) : arrow(x(atMs), bottom + 14))),
  ];
}

function drawSpan({ fromMs, toMs, look }: Span, y: number, height: number, x: (ms: number) => number): string {
  const width = x(toMs) - x(fromMs);
  return `<rect class="${look}" x="${px(x(fromMs))}" y="${y}" width="${px(width)}" height="${height}" rx="2"/>`;
}

function axis(endMs: number, y: number, x: (ms: number) => number): string[] {
  const parts = [line('axis', x(0), y, x(endMs), y)];
  for (let seconds = 0; seconds * 1000 <= endMs; seconds += 2) {
    const at = x(seconds * 1000);
    parts.push(line('axis', at, y, at, y + 5), write('small', at, y + 19, `${seconds} s`, 'middle'));
  }
  return parts;
}

function legend(y: number): string[] {
  const boxes = [
    ['starting', 'starts'],
    ['running', 'runs'],
    ['waiting', 'waits for the lock'],
    ['frozen', 'frozen'],
    ['process-0', 'held by A'],
    ['process-1', 'held by B'],
    ['expired', 'lease is over'],
  ] as const;
  const parts: string[] = [];
  let left = MARGIN;
  for (const [look, text] of boxes) {
    parts.push(`<rect class="${look}" x="${left}" y="${y}" width="16" height="11" rx="2"/>`);
    parts.push(write('small', left + 22, y + 10, text));
    left += 40 + text.length * 6;
  }
  parts.push(arrow(left + 4, y + 1), write('small', left + 14, y + 10, 'a write'));
  left += 66;
  parts.push(cross(left + 4, y + 6), write('small', left + 16, y + 10, 'a loss is noticed'));
  return parts;
}

function number(value: number, x: number, y: number): string {
  return `<circle class="number" cx="${px(x)}" cy="${px(y)}" r="9"/>${write('digit', x, y + 4, String(value))}`;
}

/** Points down, to the table. */
function arrow(x: number, y: number): string {
  return `<path class="mark-write" d="M${px(x - 4)} ${y}h8l-4 8z"/>`;
}

function cross(x: number, y: number): string {
  return `<path class="mark-loss" d="M${px(x - 5)} ${y - 5}l10 10m0 -10l-10 10"/>`;
}

function line(look: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${look}" x1="${px(x1)}" y1="${y1}" x2="${px(x2)}" y2="${y2}"/>`;
}

function write(look: string, x: number, y: number, text: string, anchor?: 'middle'): string {
  const place = anchor ? ` text-anchor="${anchor}"` : '';
  return `<text${look && ` class="${look}"`} x="${px(x)}" y="${px(y)}"${place}>${escaped(text)}</text>`;
}

/** Whole tenths: as fine as anybody sees, and the same everywhere. */
function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
