/** The value below which that part of the values lies, by rank. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * Between which two of the values the median lies of all that could have been measured, 95 times in 100. By rank alone:
 * half of what is measured lies below it, however it spreads.
 */
export function medianInterval(values: readonly number[]): readonly [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  // 1.96 standard deviations of a binomial distribution: of each value lying below with a chance of one half.
  const spread = 0.98 * Math.sqrt(sorted.length);
  const atRank = (rank: number): number => sorted[Math.min(Math.max(1, rank), sorted.length) - 1] ?? Number.NaN;
  return [atRank(Math.round(middle - spread)), atRank(Math.round(middle + spread) + 1)];
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Jain's index of fairness: 1 where all are equal, 1/n where one has everything. */
export function fairness(values: readonly number[]): number {
  const squares = values.reduce((sum, value) => sum + value ** 2, 0);
  return (mean(values) ** 2 * values.length) / squares;
}

/** How long it took, in milliseconds. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}

/** The same, so many times in a row. */
export function times(count: number, run: () => Promise<unknown>): () => Promise<void> {
  return async () => {
    for (let round = 0; round < count; round += 1) await run();
  };
}

/**
 * The median of what `ours` takes in terms of what `floor` takes, both measured in each of `pairs` rounds, in
 * alternating order: what else the machine does meets both.
 */
export async function pairedRatio(
  pairs: number,
  ours: () => Promise<unknown>,
  floor: () => Promise<unknown>,
): Promise<number> {
  const ratios: number[] = [];
  for (let pair = -1; pair < pairs; pair += 1) {
    const first = pair % 2 === 0 ? await timed(ours) : await timed(floor);
    const second = pair % 2 === 0 ? await timed(floor) : await timed(ours);
    // The first pair only warms up.
    if (pair >= 0) ratios.push(pair % 2 === 0 ? first / second : second / first);
  }
  return median(ratios);
}
