import { safetyMarginMs } from '../../runtime/protocol/lease.js';
import { refreshBudgetMs, refreshDueMs, refreshRetryDelayMs, retryDelayMs } from '../../runtime/protocol/schedule.js';
import { Prng } from '../../test/sim/engine/prng.js';
import { mean } from '../statistics.js';

const LEASE_SECONDS = 10;
const ROUND_TRIP_MS = 5;
const ROUNDS = 2000;

export interface Fraction {
  /** The part of the lease after which it refreshes. */
  readonly fraction: number;
  readonly writesPerHour: number;
  /** The longest outage that a hold survives, whenever the outage begins. */
  readonly outageMs: number;
}

/** What an earlier refresh costs, and how long an outage it survives. */
export function fractions(): Fraction[] {
  const deadlineMs = LEASE_SECONDS * 1000 - safetyMarginMs(LEASE_SECONDS);
  const ours = refreshDueMs(0, deadlineMs, LEASE_SECONDS) / (LEASE_SECONDS * 1000);
  return [0.25, ours, 0.75].map((fraction) => ({
    fraction,
    writesPerHour: Math.floor(3600 / (LEASE_SECONDS * fraction)),
    // An outage may begin just before a refresh is due, and has to end before the deadline of the last refresh.
    outageMs: deadlineMs - fraction * LEASE_SECONDS * 1000,
  }));
}

export interface Retrying {
  readonly way: string;
  readonly attempts: number;
  /** The part of the holds that survive an outage which ends 100 ms before their deadline. */
  readonly survived: number;
}

type Pause = (failure: number, leftMs: number, random: number) => number;

const PAUSES: Readonly<Record<string, Pause>> = {
  'shorter, the less is left (the client)': refreshRetryDelayMs,
  '25 ms doubling to 1 s': (failure, _, random) => retryDelayMs(failure, random),
  'every second': () => 1000,
  'with the next refresh alone': () => LEASE_SECONDS * 500,
};

/** Refreshes that fail at once, from the time that they are due until 100 ms before the deadline. */
export function retryings(): Retrying[] {
  const deadlineMs = LEASE_SECONDS * 1000 - safetyMarginMs(LEASE_SECONDS);
  const dueMs = refreshDueMs(0, deadlineMs, LEASE_SECONDS);
  return Object.entries(PAUSES).map(([way, pauseMs]) => {
    const prng = new Prng(13);
    const rounds = Array.from({ length: ROUNDS }, () => {
      let nowMs = dueMs;
      for (let failure = 0; ; failure += 1) {
        if (nowMs + ROUND_TRIP_MS >= deadlineMs) return { attempts: failure, survived: 0 };
        if (nowMs >= deadlineMs - 100) return { attempts: failure + 1, survived: 1 };
        nowMs += ROUND_TRIP_MS;
        nowMs += pauseMs(failure, deadlineMs - nowMs, prng.fraction());
      }
    });
    return {
      way,
      attempts: mean(rounds.map(({ attempts }) => attempts)),
      survived: mean(rounds.map(({ survived }) => survived)),
    };
  });
}

export interface TimeOut {
  readonly leaseSeconds: number;
  /** Number of attempts between the due time of a refresh and the deadline, if no answer comes. */
  readonly attempts: number;
  readonly firstMs: number;
}

/** Attempts without an answer. Each may take half of the time that is left. */
export function timeOuts(): TimeOut[] {
  return [5, 10, 30].map((leaseSeconds) => {
    const deadlineMs = leaseSeconds * 1000 - safetyMarginMs(leaseSeconds);
    let nowMs = refreshDueMs(0, deadlineMs, leaseSeconds);
    const firstMs = refreshBudgetMs(deadlineMs - nowMs);
    let attempts = 0;
    while (nowMs < deadlineMs) {
      nowMs += refreshBudgetMs(deadlineMs - nowMs);
      attempts += 1;
      if (nowMs < deadlineMs) nowMs += refreshRetryDelayMs(attempts - 1, deadlineMs - nowMs, 0.5);
    }
    return { leaseSeconds, attempts, firstMs };
  });
}
