import { line, widthOf, write } from './shapes.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS = [
  ['d', DAY],
  ['h', HOUR],
  ['min', MINUTE],
] as const;
/** Possible seconds from one tick to the next. */
const STEPS = [1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE]
  .concat([1, 2, 3, 6, 12, 24].map((hours) => hours * HOUR))
  .concat([2, 7, 14, 28, 91, 364].map((days) => days * DAY));
const GAP = 14;

/** The position of each moment on the axis. */
export interface Scale {
  readonly endMs: number;
  readonly startedAt?: Date | undefined;
  readonly x: (ms: number) => number;
}

/** The axis below the lanes, with as many ticks as can be read. */
export function drawAxis({ endMs, startedAt, x }: Scale, y: number): string[] {
  const startMs = startedAt?.getTime() ?? 0;
  const widest = widthOf(startedAt ? '2026-01-01' : labelOf(Math.min(endMs, HOUR * 1000), 0, false), 'small');
  const perSecond = x(1000) - x(0);
  const stepMs = 1000 * (STEPS.find((seconds) => seconds * perSecond >= widest + GAP) ?? STEPS.at(-1) ?? 1);
  const parts = [line('axis', [x(0), y], [x(endMs), y])];
  for (let ms = Math.ceil(startMs / stepMs) * stepMs; ms - startMs <= endMs; ms += stepMs) {
    const at = x(ms - startMs);
    parts.push(
      line('axis', [at, y], [at, y + 5]),
      write('small', at, y + 19, labelOf(ms, stepMs, startedAt !== undefined), 'middle'),
    );
  }
  return parts;
}

/** A time of day, or the time since the beginning, in the unit of the ticks. */
function labelOf(ms: number, stepMs: number, isTimeOfDay: boolean): string {
  if (isTimeOfDay) return new Date(ms).toISOString().slice(...(stepMs < DAY * 1000 ? [11, 19] : [0, 10]));
  const [name, seconds] = UNITS.find(([, unit]) => stepMs >= unit * 1000) ?? ['s', 1];
  return `${Math.round(ms / 1000 / seconds)} ${name}`;
}
