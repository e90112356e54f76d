import type { MarkKind } from './timeline.js';

/** The greatest average width of a character: a drawing cannot measure the reader's fonts. */
const OF_TEXT = { heading: 9.4, name: 8.6, bold: 7.6, small: 6.9 } as const;

/** The width of a text, estimated rather too wide than too narrow. */
export function widthOf(text: string, size: keyof typeof OF_TEXT): number {
  return [...text].length * OF_TEXT[size];
}

/** As much of a text as fits, with an ellipsis if it is cut off; an empty text if fewer than 4 characters fit. */
export function fitted(text: string, size: keyof typeof OF_TEXT, width: number): string {
  if (widthOf(text, size) <= width) return text;
  const room = Math.floor(width / OF_TEXT[size]) - 1;
  return room < 4 ? '' : `${[...text].slice(0, room).join('')}…`;
}

export function write(look: string, x: number, y: number, text: string, anchor?: 'middle' | 'end'): string {
  const place = anchor ? ` text-anchor="${anchor}"` : '';
  return `<text${look && ` class="${look}"`} x="${px(x)}" y="${px(y)}"${place}>${escaped(text)}</text>`;
}

export function box(look: string, x: number, y: number, width: number, height: number, tip?: string): string {
  const place = `class="${look}" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="2"`;
  return tip === undefined ? `<rect ${place}/>` : `<rect ${place}><title>${escaped(tip)}</title></rect>`;
}

export function line(look: string, ...points: readonly (readonly [x: number, y: number])[]): string {
  return `<polyline class="${look}" points="${points.map(([x, y]) => `${px(x)},${px(y)}`).join(' ')}"/>`;
}

export function number(value: number, x: number, y: number): string {
  return `<circle class="number" cx="${px(x)}" cy="${px(y)}" r="9"/>${write('digit', x, y + 4, String(value))}`;
}

/** The sign of a mark, with its middle at this point. */
export function sign(kind: MarkKind, x: number, y: number): string {
  switch (kind) {
    case 'write':
      return `<path class="write" d="M${px(x - 4)} ${px(y - 4)}h8l-4 8z"/>`;
    case 'refresh':
      return `<circle class="refresh" cx="${px(x)}" cy="${px(y)}" r="3.5"/>`;
    case 'takeover':
      return `<path class="takeover" d="M${px(x)} ${px(y - 7)}l7 7l-7 7l-7 -7z"/>`;
    case 'loss':
    case 'kill':
      return `<path class="${kind}" d="M${px(x - 5)} ${px(y - 5)}l10 10m0 -10l-10 10"/>`;
  }
}

/** Rounds to tenths, so that the text is the same on every machine. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Escapes a text for XML. Characters that XML cannot contain become a replacement character. */
export function escaped(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
