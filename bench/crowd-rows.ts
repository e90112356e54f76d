import { type CrowdPlan, crowd } from './crowd.js';
import type { CrowdRow } from './results.js';
import { quantile } from './statistics.js';

/** From one waiter to ten thousand. */
const WAITERS = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000];
const PLAN = { holdMs: 10, settleSeconds: 20, measureSeconds: 20, seed: 7 };

export async function crowdRows(
  waiters: readonly number[] = WAITERS,
  plan: Omit<CrowdPlan, 'waiters'> = PLAN,
): Promise<CrowdRow[]> {
  const rows: CrowdRow[] = [];
  for (const count of waiters) rows.push(await crowdRow({ ...plan, waiters: count }));
  return rows;
}

/** Requests are counted per hand-over, throttled ones per second. */
export async function crowdRow(plan: CrowdPlan): Promise<CrowdRow> {
  const { handOvers, delaysMs, reads, writes, failedWrites, throttledWrites } = await crowd(plan);
  return {
    waiters: plan.waiters,
    handOversPerSecond: handOvers / plan.measureSeconds,
    medianMs: quantile(delaysMs, 0.5),
    p95Ms: quantile(delaysMs, 0.95),
    reads: reads / handOvers,
    writes: writes / handOvers,
    failedWrites: failedWrites / handOvers,
    throttledWritesPerSecond: throttledWrites / plan.measureSeconds,
  };
}
