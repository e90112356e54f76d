/** The quantile of the values, by rank. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The 95 % confidence interval of the median: two of the values, by rank. It holds for any distribution.
 */
export function medianInterval(values: readonly number[]): readonly [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  // 1.96 standard deviations of a binomial distribution: each value is below the median with probability 0.5.
  const spread = 0.98 * Math.sqrt(sorted.length);
  const atRank = (rank: number): number => sorted[Math.min(Math.max(1, rank), sorted.length) - 1] ?? Number.NaN;
  return [atRank(Math.round(middle - spread)), atRank(Math.round(middle + spread) + 1)];
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Jain's fairness index: 1 if all are equal, 1/n if one has everything. */
export function fairness(values: readonly number[]): number {
  const squares = values.reduce((sum, value) => sum + value ** 2, 0);
  return (mean(values) ** 2 * values.length) / squares;
}

/** The time of the work, in milliseconds. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}

/** Repeats the work so many times, in a row. */
export function times(count: number, run: () => Promise<unknown>): () => Promise<void> {
  return async () => {
    for (let round = 0; round < count; round += 1) await run();
  };
}

/** The median ratio of the times of `ours` and `floor`, in pairs. */
export async function pairedRatio(
  pairs: number,
  ours: () => Promise<unknown>,
  floor: () => Promise<unknown>,
): Promise<number> {
  return (await pairedRatios(pairs, ours, floor)).wall;
}

/**
 * The median ratios of the times of `ours` and `floor`, and of their processor times, which other programs disturb less.
 * Each of `pairs` rounds measures both, in alternating order, so that other load of the machine affects both.
 */
export async function pairedRatios(
  pairs: number,
  ours: () => Promise<unknown>,
  floor: () => Promise<unknown>,
): Promise<Cost> {
  const ratios: Cost[] = [];
  for (let pair = -1; pair < pairs; pair += 1) {
    const first = pair % 2 === 0 ? await costOf(ours) : await costOf(floor);
    const second = pair % 2 === 0 ? await costOf(floor) : await costOf(ours);
    const [our, other] = pair % 2 === 0 ? [first, second] : [second, first];
    // The first pair only warms up.
    if (pair >= 0) ratios.push({ wall: our.wall / other.wall, cpu: our.cpu / other.cpu });
  }
  return { wall: median(ratios.map(({ wall }) => wall)), cpu: median(ratios.map(({ cpu }) => cpu)) };
}

/** Time and processor time of some work: in milliseconds, or as ratios. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

async function costOf(run: () => Promise<unknown>): Promise<Cost> {
  const before = process.cpuUsage();
  const wall = await timed(run);
  const { user, system } = process.cpuUsage(before);
  return { wall, cpu: (user + system) / 1000 };
}
