import { box, sign, widthOf, write } from './shapes.js';
import type { Lane, Look, MarkKind } from './timeline.js';

const ROW_HEIGHT = 22;
const SWATCH = 16;
const GAP = 18;

/** What each look of a span means. A holder's colour shows who holds; the label or the lane names the holder. */
export const MEANING: Readonly<Record<Exclude<Look, `holder-${number}`>, string>> = {
  starting: 'starts',
  waiting: 'waits',
  running: 'works',
  frozen: 'frozen',
  over: 'lease is over',
  broken: 'broken off',
  kept: 'given back, stays taken',
};

const MARKS: Readonly<Record<MarkKind, string>> = {
  write: 'takes it, gives it back',
  refresh: 'refreshes it',
  takeover: 'takes it over',
  kill: 'is killed',
  loss: 'notices that it is lost',
};

interface Item {
  readonly text: string;
  readonly signWidth: number;
  readonly draw: (x: number, y: number) => string;
}

/** The signs that these lanes use and their meanings, in as many rows as needed. */
export function drawLegend(
  lanes: readonly Lane[],
  { left, top, width }: { readonly left: number; readonly top: number; readonly width: number },
): { readonly parts: string[]; readonly height: number } {
  const parts: string[] = [];
  let [x, y] = [left, top];
  for (const { text, signWidth, draw } of itemsFor(lanes)) {
    const wide = signWidth + 6 + widthOf(text, 'small');
    if (x > left && x + wide > left + width) [x, y] = [left, y + ROW_HEIGHT];
    parts.push(draw(x, y), write('small', x + signWidth + 6, y + 4, text));
    x += wide + GAP;
  }
  return { parts, height: y - top + ROW_HEIGHT };
}

function itemsFor(lanes: readonly Lane[]): Item[] {
  const spans = lanes.flatMap(({ doing, holding }) => [...doing, ...holding]);
  const looks = new Set(spans.map(({ look }) => look));
  const kinds = new Set(lanes.flatMap(({ marks }) => marks.map(({ kind }) => kind)));
  const holders = [...looks].filter(isHolder).slice(0, 3);
  const states = Object.entries(MEANING).filter(([look]) => looks.has(look as Look));
  return [
    ...(holders.length > 0 ? [heldItem(holders)] : []),
    ...states.map(([look, text]) => ({
      text,
      signWidth: SWATCH,
      draw: (x: number, y: number) => box(look, x, y - 6, SWATCH, 12),
    })),
    ...(Object.entries(MARKS) as [MarkKind, string][])
      .filter(([kind]) => kinds.has(kind))
      .map(([kind, text]) => ({ text, signWidth: 12, draw: (x: number, y: number) => sign(kind, x + 6, y) })),
  ];
}

/** One sign for all holders, in their colours. */
function heldItem(holders: readonly string[]): Item {
  const each = holders.length > 1 ? 10 : SWATCH;
  return {
    text: 'holds the lock',
    signWidth: each * holders.length,
    draw: (x, y) => holders.map((look, index) => box(look, x + index * each, y - 6, each, 12)).join(''),
  };
}

export function isHolder(look: Look): look is `holder-${number}` {
  return look.startsWith('holder-');
}
