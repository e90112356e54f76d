import { pollDelayMs } from '../../runtime/protocol/schedule.js';
import { Prng } from '../../test/sim/engine/prng.js';
import { mean, median, quantile } from '../statistics.js';

const ROUNDS = 20_000;
/** A request and its answer. */
const ROUND_TRIP_MS = 5;

/** How long to sleep before look number `look` (from 0); `random` is uniform in [0, 1). */
type Schedule = (look: number, random: number) => number;

const doubling = (look: number, capMs: number): number => Math.min(20 * 2 ** Math.min(look, 10), capMs);
/** As the client does it: times 0.5 to 1.5. */
const half =
  (capMs: number): Schedule =>
  (look, random) =>
    doubling(look, capMs) * (0.5 + random);
/** What most others do who have jitter: anything from 0 up to twice that, the same on average. */
const full =
  (capMs: number): Schedule =>
  (look, random) =>
    doubling(look, capMs) * 2 * random;

const SCHEDULES: Readonly<Record<string, Schedule>> = {
  'up to 85 ms': half(85),
  'up to 170 ms': (look, random) => pollDelayMs(look, random),
  'up to 340 ms': half(340),
  'up to 170 ms, full jitter': full(170),
  'up to 170 ms, no jitter': (look) => doubling(look, 170),
  'every second': () => 1000,
};

export interface Polling {
  readonly schedule: string;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly requests: number;
  /** With ten waiters that came together: writes that fail for each that succeeds. */
  readonly failedOfTen: number;
}

/** A waiter behind a lock that is held for 2.1 to 2.9 s: from the release to the waiter's hold, and what it asks. */
export function pollings(): Polling[] {
  return Object.entries(SCHEDULES).map(([schedule, delayMs]) => {
    const prng = new Prng(11);
    const rounds = Array.from({ length: ROUNDS }, () => {
      const releasedMs = prng.between(2100, 2900);
      // The first write is refused; then it looks until it finds the lock free, and writes.
      let [nowMs, requests] = [ROUND_TRIP_MS, 1];
      for (let look = 0; ; look += 1) {
        nowMs += delayMs(look, prng.fraction());
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

/** Ten waiters that were started together, such as by one schedule: how many write in vain at a release. */
function failedWrites(delayMs: Schedule): number {
  const prng = new Prng(12);
  const rounds = Array.from({ length: ROUNDS / 10 }, () => {
    const releasedMs = prng.between(2100, 2900);
    const seenMs = Array.from({ length: 10 }, () => {
      let nowMs = prng.between(0, 20) + ROUND_TRIP_MS;
      for (let look = 0; ; look += 1) {
        nowMs += delayMs(look, prng.fraction());
        if (nowMs + ROUND_TRIP_MS / 2 >= releasedMs) return nowMs + ROUND_TRIP_MS / 2;
        nowMs += ROUND_TRIP_MS;
      }
    });
    // From when the first one's look is carried out until its write is, others see the lock free, too.
    const first = Math.min(...seenMs);
    return seenMs.filter((ms) => ms < first + ROUND_TRIP_MS).length - 1;
  });
  return mean(rounds);
}
