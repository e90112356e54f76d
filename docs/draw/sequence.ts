import { STYLE } from '../../bin/timeline/style.js';

/** What happened between processes, in the order of time. */
export type Step =
  | {
      readonly atMs: number;
      readonly from: string;
      readonly to: string;
      readonly says: string;
      readonly answer: string;
      /** Whether the answer is a refusal. */
      readonly refused: boolean;
    }
  | { readonly atMs: number; readonly at: string; readonly note: string };

/** A drawing of what processes say to each other, from the top down. */
export interface Sequence {
  readonly title: string;
  readonly description: string;
  readonly names: readonly string[];
  readonly steps: readonly Step[];
}

const LANE = 230;
const LEFT = 150;
const TOP = 92;
const ROW = { message: 58, note: 40 };
const OWN_STYLE = `
.lane { stroke: #b9c0cb; stroke-dasharray: 3 4; }
.says { stroke: #1f2430; stroke-width: 1.5; }
.tip { fill: #1f2430; }
.answer { stroke: #505967; stroke-dasharray: 5 3; }
.no { fill: #c62f3b; font-weight: 600; }
.note { fill: #fff6d8; stroke: #d9c27a; }
.middle { text-anchor: middle; }
@media (prefers-color-scheme: dark) {
  .lane { stroke: #48515f; }
  .says { stroke: #e6e9ef; }
  .tip { fill: #e6e9ef; }
  .answer { stroke: #a7b0bd; }
  .no { fill: #ff6b76; }
  .note { fill: #3d3619; stroke: #75672f; }
}`;

export function drawSequence({ title, description, names, steps }: Sequence): string {
  const width = LEFT + (names.length - 1) * LANE + 130;
  const xOf = (name: string): number => LEFT + names.indexOf(name) * LANE;
  let y = TOP;
  const parts = steps.map((step) => {
    y += 'note' in step ? ROW.note : ROW.message;
    return 'note' in step ? noteAt(xOf(step.at), y, step) : message(xOf(step.from), xOf(step.to), y, step);
  });
  const height = y + 40;
  const lanes = names.map((name) => {
    const x = xOf(name);
    const label = `<text class="name middle" x="${x}" y="${TOP - 18}">${escaped(name)}</text>`;
    return `<path class="lane" d="M${x} ${TOP - 8}V${height - 14}"/>${label}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title><desc>${escaped(description)}</desc><style>${STYLE}${OWN_STYLE}</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    `<text class="heading" x="20" y="34">${escaped(title)}</text>`,
    ...lanes,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function message(from: number, to: number, y: number, step: Extract<Step, { says: string }>): string {
  const middle = (from + to) / 2;
  const tip = (x: number, at: number, way: number): string => `<path class="tip" d="M${x} ${at}l${-8 * way} -4v8z"/>`;
  const way = Math.sign(to - from);
  const answered = step.refused ? 'small middle no' : 'small middle';
  return [
    `<text class="small" x="20" y="${y + 4}">${secondsOf(step.atMs)}</text>`,
    `<path class="says" d="M${from} ${y}H${to}"/>${tip(to, y, way)}`,
    `<text class="small middle" x="${middle}" y="${y - 6}">${escaped(step.says)}</text>`,
    `<path class="answer" d="M${to} ${y + 20}H${from}"/>${tip(from, y + 20, -way)}`,
    `<text class="${answered}" x="${middle}" y="${y + 15}">${escaped(step.answer)}</text>`,
  ].join('');
}

function noteAt(x: number, y: number, { atMs, note }: Extract<Step, { note: string }>): string {
  const width = 24 + note.length * 6.6;
  // The time stands at the left.
  const middle = Math.max(x, 62 + width / 2);
  return [
    `<text class="small" x="20" y="${y + 9}">${secondsOf(atMs)}</text>`,
    `<rect class="note" x="${middle - width / 2}" y="${y - 7}" width="${width}" height="24" rx="4"/>`,
    `<text class="small middle" x="${middle}" y="${y + 9}">${escaped(note)}</text>`,
  ].join('');
}

function secondsOf(atMs: number): string {
  return `${(atMs / 1000).toFixed(1)} s`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
