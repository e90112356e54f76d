import { pollDelayMs } from '../../runtime/protocol/schedule.js';
import { Prng } from '../../test/sim/engine/prng.js';
import { mean, median, quantile } from '../statistics.js';

const ROUNDS = 20_000;
/** The time of a request and its answer. */
const ROUND_TRIP_MS = 5;

/** Milliseconds to sleep before poll number `poll` (from 0). `random` is uniform in [0, 1). */
type Schedule = (poll: number, random: number) => number;

const grown = (poll: number, capMs: number, by = 1.5): number => Math.min(20 * by ** Math.min(poll, 10), capMs);
/** The client's jitter: times 0.5 to 1.5. */
const half =
  (capMs: number): Schedule =>
  (poll, random) =>
    grown(poll, capMs) * (0.5 + random);
/** The usual full jitter: times 0 to 2, which has the same average. */
const full =
  (capMs: number): Schedule =>
  (poll, random) =>
    grown(poll, capMs) * 2 * random;

const SCHEDULES: Readonly<Record<string, Schedule>> = {
  'up to 85 ms': half(85),
  'up to 170 ms': (poll, random) => pollDelayMs(poll, random),
  'up to 340 ms': half(340),
  'up to 170 ms, doubling': (poll, random) => grown(poll, 170, 2) * (0.5 + random),
  'up to 170 ms, full jitter': full(170),
  'up to 170 ms, no jitter': (poll) => grown(poll, 170),
  'every second': () => 1000,
};

export interface Polling {
  readonly schedule: string;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly requests: number;
  /** Failed writes per successful one, with ten waiters that start together. */
  readonly failedOfTen: number;
}

/** For a hold of 2.1 to 2.9 s: the time from its release to a waiter's hold, and the waiter's requests. */
export function pollings(): Polling[] {
  return Object.entries(SCHEDULES).map(([schedule, delayMs]) => {
    const prng = new Prng(11);
    const rounds = Array.from({ length: ROUNDS }, () => {
      const releasedMs = prng.between(2100, 2900);
      // The first write is refused. Then it polls until the lock is free, and writes.
      let [nowMs, requests] = [ROUND_TRIP_MS, 1];
      for (let poll = 0; ; poll += 1) {
        nowMs += delayMs(poll, prng.fraction());
        const isFree = nowMs + ROUND_TRIP_MS / 2 >= releasedMs;
        nowMs += ROUND_TRIP_MS;
        requests += 1;
        if (isFree) return { delayMs: nowMs + ROUND_TRIP_MS - releasedMs, requests: requests + 1 };
      }
    });
    const delays = rounds.map((round) => round.delayMs);
    const requests = mean(rounds.map((round) => round.requests));
    const failedOfTen = failedWrites(delayMs);
    return { schedule, medianMs: median(delays), p95Ms: quantile(delays, 0.95), requests, failedOfTen };
  });
}

/** The number of failed writes at a release, with ten waiters that start together, by one schedule for example. */
function failedWrites(delayMs: Schedule): number {
  const prng = new Prng(12);
  const rounds = Array.from({ length: ROUNDS / 10 }, () => {
    const releasedMs = prng.between(2100, 2900);
    const seenMs = Array.from({ length: 10 }, () => {
      let nowMs = prng.between(0, 20) + ROUND_TRIP_MS;
      for (let poll = 0; ; poll += 1) {
        nowMs += delayMs(poll, prng.fraction());
        if (nowMs + ROUND_TRIP_MS / 2 >= releasedMs) return nowMs + ROUND_TRIP_MS / 2;
        nowMs += ROUND_TRIP_MS;
      }
    });
    // Between the first waiter's poll and its write, others see the lock free too.
    const first = Math.min(...seenMs);
    return seenMs.filter((ms) => ms < first + ROUND_TRIP_MS).length - 1;
  });
  return mean(rounds);
}
