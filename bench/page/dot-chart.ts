import { line, write } from '../../bin/timeline/shapes.js';
import { logarithmic } from './scale.js';
import { type Caption, dot, svgDocument } from './shapes.js';
import { milliseconds } from './text.js';

/** Two times of one contestant. A missing one is labelled as missing. */
export interface DotRow {
  readonly name: string;
  readonly values: readonly [number | undefined, number | undefined];
  readonly missing?: string;
}

const WIDTH = 960;
const [LEFT, RIGHT, TOP, ROW] = [400, 60, 62, 26];

/** The times of all contestants, one a row, on a logarithmic axis of milliseconds. */
export function drawDotChart(caption: Caption, names: readonly [string, string], rows: readonly DotRow[]): string {
  const all = rows.flatMap(({ values }) => values.filter((value) => value !== undefined));
  const scale = logarithmic(Math.max(1, Math.min(...all)), Math.max(...all));
  const x = (value: number): number => LEFT + (WIDTH - RIGHT - LEFT) * scale.at(Math.max(1, value));
  const bottom = TOP + rows.length * ROW;
  return svgDocument(WIDTH, bottom + 44, caption, [
    write('heading', 20, 28, caption.title),
    ...names.flatMap((name, index) => [
      dot(`mark-${index}`, LEFT + 6 + index * 250, 44),
      write('small', LEFT + 16 + index * 250, 48, name),
    ]),
    ...scale.ticks.flatMap((tick) => [
      line('grid', [x(tick), TOP], [x(tick), bottom]),
      write('small', x(tick), bottom + 18, milliseconds(tick).replace('.00', '').replace('.0', ''), 'middle'),
    ]),
    line('axis', [LEFT, bottom], [WIDTH - RIGHT, bottom]),
    ...rows.flatMap(({ name, values, missing = '' }, index) => {
      const y = TOP + index * ROW + ROW / 2;
      const there = values.flatMap((value, which) => (value === undefined ? [] : [{ value, which }]));
      const right = Math.max(LEFT, ...there.map(({ value }) => x(value)));
      const said = there.length > 0 ? there.map(({ value }) => milliseconds(value)).join(', ') : missing;
      const isNarrow = right > WIDTH - 180;
      return [
        write(index === 0 ? 'heading' : '', LEFT - 14, y + 4, name, 'end'),
        line('grid', [LEFT, y], [WIDTH - RIGHT, y]),
        ...there.map(({ value, which }) => dot(`mark-${which}`, x(value), y)),
        isNarrow
          ? write('small', Math.min(...there.map(({ value }) => x(value))) - 10, y - 3, said, 'end')
          : write('small', right + 10, y - 3, said),
      ];
    }),
  ]);
}
