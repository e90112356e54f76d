/** One measured value and its goal: the most that it may be, or with `least` the least. */
export interface Figure {
  readonly what: string;
  readonly unit: 'requests' | 'ms' | 'ratio' | 'bytes' | '';
  readonly value: number;
  readonly goal: number;
  readonly least?: boolean;
  /** Whether it must equal the goal: a count that does not depend on the machine. */
  readonly exact?: boolean;
  /** Beyond how many times the goal the guard fails, if not beyond the usual. */
  readonly slack?: number;
  /** The single values, if they are drawn. */
  readonly samples?: readonly number[];
}

/** The guard fails beyond this many times the goal: other programs may use the machine. */
const SLACK = 1.5;

export function isMet({ value, goal, least = false }: Figure): boolean {
  return least ? value >= goal : value <= goal;
}

/** Whether the guard lets it pass. */
export function isAllowed(figure: Figure): boolean {
  const { value, goal, least = false, exact = false, slack = SLACK } = figure;
  if (exact) return value === goal;
  return least ? value * slack >= goal : value <= goal * slack;
}

/** The guard checks counts, ratios and bytes. Times depend on the machine as much as on the client. */
export function isGuarded({ unit }: Figure): boolean {
  return unit !== 'ms';
}

export function described(figure: Figure): string {
  const { what, value, unit, goal, least = false, exact = false } = figure;
  const bound = exact ? 'exactly' : least ? 'at least' : 'at most';
  return `${what}: ${value.toFixed(2)}${unit && ` ${unit}`} (${bound} ${goal})`;
}
