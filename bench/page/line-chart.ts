import { line, write } from '../../bin/timeline/shapes.js';
import type { Scale } from './scale.js';

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChart {
  readonly heading: string;
  readonly x: Scale;
  readonly xName: string;
  readonly y: Scale;
  readonly series: readonly Series[];
  /** Limits of y. */
  readonly limits?: readonly { readonly at: number; readonly name: string }[];
}

export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const [LEFT, TOP, BOTTOM] = [52, 34, 40];

/** Lines over one axis. The legend of two lines is beside the heading. */
export function drawLineChart(chart: LineChart, { left, top, width, height }: Place): string[] {
  const { heading, x, y, xName, series, limits = [] } = chart;
  const [x0, y0] = [left + LEFT, top + height - BOTTOM];
  const [wide, high] = [width - LEFT - 30, height - TOP - BOTTOM];
  const atX = (value: number): number => x0 + wide * x.at(value);
  const atY = (value: number): number => y0 - high * y.at(value);
  return [
    write('heading', left + 8, top + 16, heading),
    ...(series.length > 1 ? legend(series, left + width - 30, top + 16) : []),
    ...y.ticks.flatMap((tick) => [
      line('grid', [x0, atY(tick)], [x0 + wide, atY(tick)]),
      write('small', x0 - 7, atY(tick) + 4, tickText(tick), 'end'),
    ]),
    line('axis', [x0, y0], [x0 + wide, y0]),
    ...x.ticks.flatMap((tick) => [
      line('axis', [atX(tick), y0], [atX(tick), y0 + 4]),
      write('small', atX(tick), y0 + 17, tickText(tick), 'middle'),
    ]),
    write('small', x0 + wide / 2, y0 + 33, xName, 'middle'),
    ...limits.flatMap(({ at, name }) => [
      line('limit', [x0, atY(at)], [x0 + wide, atY(at)]),
      write('small', x0 + 6, atY(at) - 5, name),
    ]),
    ...series.map(({ points }, index) =>
      line(`series-${index}`, ...points.map(([a, b]): [number, number] => [atX(a), atY(b)])),
    ),
  ];
}

function legend(series: readonly Series[], right: number, y: number): string[] {
  const parts: string[] = [];
  let x = right;
  for (const [index, { name }] of [...series.entries()].reverse()) {
    parts.push(write('small', x, y, name, 'end'));
    x -= name.length * 6.6 + 10;
    parts.push(line(`series-${index}`, [x - 18, y - 4], [x, y - 4]));
    x -= 32;
  }
  return parts;
}

function tickText(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}
