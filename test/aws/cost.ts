import type { Counts } from './functions/counts.js';

/** US dollars, as AWS's pages list them for us-east-1. Other Regions are up to twice as dear. */
const PRICES = {
  writeUnit: 0.625e-6,
  readUnit: 0.125e-6,
  invocation: 0.2e-6,
  gigabyteSecond: 16.6667e-6,
  logGigabyte: 0.5,
};
/** Of 1024 MB each. */
const GIGABYTES = 1;
/** More than an invocation writes to its log. */
const LOG_BYTES = 5_000;

const READS = ['GetItem', 'BatchGetItem', 'Query', 'Scan'];
/** What an invocation that timed out had sent, which it cannot say any more: an acquire, and a few refreshes. */
const OF_ONE_WITHOUT_REPORT = { UpdateItem: 20 };

/** What a run has used. */
export interface Used {
  readonly requests: readonly Counts[];
  readonly withoutReport: number;
  readonly billedMs: readonly number[];
}

/** The lines of the bill: what, how many, a unit's price, the price. */
export interface BillLine {
  readonly what: string;
  readonly count: number;
  readonly price: number;
}

/** From above: every read counts as a consistent one. Items are smaller than 1 KB, and so one unit each. */
export function bill({ requests, withoutReport, billedMs }: Used): BillLine[] {
  const assumed = Array.from({ length: withoutReport }, () => OF_ONE_WITHOUT_REPORT);
  let [reads, writes] = [0, 0];
  for (const counts of [...requests, ...assumed]) {
    for (const [operation, count] of Object.entries(counts)) {
      if (READS.includes(operation)) reads += count;
      else writes += count;
    }
  }
  const seconds = billedMs.reduce((sum, ms) => sum + ms, 0) / 1000;
  return [
    { what: 'write units of DynamoDB', count: writes, price: PRICES.writeUnit },
    { what: 'read units of DynamoDB', count: reads, price: PRICES.readUnit },
    { what: 'invocations of Lambda', count: billedMs.length, price: PRICES.invocation },
    { what: 'GB-seconds of Lambda', count: Math.ceil(seconds * GIGABYTES), price: PRICES.gigabyteSecond },
    { what: 'bytes of logs, at most', count: billedMs.length * LOG_BYTES, price: PRICES.logGigabyte / 1e9 },
  ];
}

export function totalOf(lines: readonly BillLine[]): number {
  return lines.reduce((sum, { count, price }) => sum + count * price, 0);
}
