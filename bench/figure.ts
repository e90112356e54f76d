/** One thing that was measured, and what it is to be at most; `least` where it is to be at least that. */
export interface Figure {
  readonly what: string;
  readonly unit: 'requests' | 'ms' | 'ratio' | 'bytes' | '';
  readonly value: number;
  readonly goal: number;
  readonly least?: boolean;
  /** A count that no machine, however busy, can change: anything but the goal is a change of the client. */
  readonly exact?: boolean;
  /** What it was drawn from, where that is worth a drawing. */
  readonly samples?: readonly number[];
}

/** How far a figure may be beyond its goal before the guard fails: the machine is not ours alone. */
const SLACK = 1.5;

export function isMet({ value, goal, least = false }: Figure): boolean {
  return least ? value >= goal : value <= goal;
}

/** Whether it is what the guard lets pass. */
export function isAllowed(figure: Figure): boolean {
  const { value, goal, least = false, exact = false } = figure;
  if (exact) return value === goal;
  return least ? value * SLACK >= goal : value <= goal * SLACK;
}

/** Times are of the machine as much as of the client: the guard goes by counts, ratios and bytes. */
export function isGuarded({ unit }: Figure): boolean {
  return unit !== 'ms';
}

export function described(figure: Figure): string {
  const { what, value, unit, goal, least = false, exact = false } = figure;
  const bound = exact ? 'exactly' : least ? 'at least' : 'at most';
  return `${what}: ${value.toFixed(2)}${unit && ` ${unit}`} (${bound} ${goal})`;
}
