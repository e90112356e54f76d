import type { Requests } from '../model/hours.js';
import type { Results } from '../results.js';
import { dollars, short, table } from './text.js';

/** DynamoDB's list prices for a table on demand in us-east-1, since November 2024. */
const WRITE_DOLLARS = 0.625 / 1e6;
const READ_DOLLARS = 0.125 / 1e6;
/** A month's price, without the free tier. */
const GIGABYTE_MONTH_DOLLARS = 0.25;
const STORED_OVERHEAD_BYTES = 100;

/** A tombstone of fencing, with names and hosts as in Lambda, and without a note. */
const KEPT_ENTRY = {
  lockKey: 'account/4711/monthly-statement',
  versionNumber: '0192f3a1-7c44-8b1e-9c4d-5f6a7b8c9d0e',
  hostIdentifier: 'billing/2026/11/24/[$LATEST]0123456789abcdef0123456789abcdef/2f0c9d5e-5d2a-4c5b-8f55-0f1d2c3b4a59',
  leaseDuration: 0,
  expiresAt: 1_764_000_000,
  fencingToken: 1_764_000_000_000,
};

export function costOf({ writes, halfReads }: Requests): number {
  return writes * WRITE_DOLLARS + halfReads * 0.5 * READ_DOLLARS;
}

/** The bytes that are charged: names, values and overhead. A number has half a byte per digit, and one more byte. */
export function storedBytes(entry: Readonly<Record<string, string | number>>): number {
  const sizes = Object.entries(entry).map(([name, value]) => {
    const size = typeof value === 'number' ? Math.ceil(String(value).length / 2) + 1 : Buffer.byteLength(value);
    return Buffer.byteLength(name) + size;
  });
  return STORED_OVERHEAD_BYTES + sizes.reduce((sum, size) => sum + size, 0);
}

export function costTable({ hours, crowd }: Pick<Results, 'hours' | 'crowd'>): string {
  const row = (what: string, { writes, halfReads }: Requests, times = 1): string[] => [
    what,
    short(writes * times),
    short(halfReads * times),
    dollars(costOf({ writes, halfReads }) * times),
  ];
  const bytes = storedBytes(KEPT_ENTRY);
  const kept = (bytes * 1e6 * GIGABYTE_MONTH_DOLLARS) / 2 ** 30;
  const crowded = crowd
    .filter(({ waiters }) => [10, 100, 1000, 10_000].includes(waiters))
    .map(({ waiters, reads, writes, handOversPerSecond }) => {
      const hourly = handOversPerSecond * 3600;
      const requests = { writes: writes * hourly, halfReads: reads * hourly };
      return row(`an hour of a lock that ${short(waiters)} processes wait for, all of them together`, requests);
    });
  return table(
    ['', 'write units', 'reads of half a unit', 'dollars'],
    [
      row('a million cycles, uncontended', hours.cycle, 1e6),
      row('a million cycles, uncontended, with fencing', hours.fencedCycle, 1e6),
      row('a million tries that are refused', hours.refusedTry, 1e6),
      row('an hour of waiting', hours.waited),
      ...hours.held.map(({ leaseSeconds, requests }) => row(`an hour of holding, lease ${leaseSeconds} s`, requests)),
      ...crowded,
      ['a month of an idle table', '0', '0', '$0'],
      [`a month of a million entries that fencing keeps, ${bytes} bytes each`, '0', '0', dollars(kept)],
    ],
  );
}
