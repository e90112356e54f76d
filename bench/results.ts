import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import type { Figure } from './figure.js';
import type { Requests } from './model/hours.js';
import type { Polling } from './model/polling.js';
import type { Fraction, Retrying, TimeOut } from './model/refreshing.js';
import type { Language, Outcome } from './peers/tournament.js';

/** The data of docs/performance.md (page/main.ts). */
const FILE = 'bench/results.json';

/** The place and time of a measurement. */
export interface Run {
  readonly date: string;
  readonly node: string;
  readonly cpus: number;
  /** The load average of the five minutes before. Above the number of processors, times are wrong. */
  readonly load: number;
  readonly platform: string;
  readonly server: string;
}

/** One row of the simulation of crowds. Counts are per hand-over, except the throttled writes. */
export interface CrowdRow {
  readonly waiters: number;
  readonly handOversPerSecond: number;
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly reads: number;
  readonly writes: number;
  readonly failedWrites: number;
  readonly throttledWritesPerSecond: number;
}

export interface Results {
  readonly goals: { readonly run: Run; readonly figures: readonly Figure[] };
  readonly peers: Partial<Record<Language, { readonly run: Run; readonly outcomes: readonly Outcome[] }>>;
  /** Computed in virtual time from a seed: the same on each machine. */
  readonly crowd: readonly CrowdRow[];
  readonly hours: {
    readonly held: readonly { readonly leaseSeconds: number; readonly requests: Requests }[];
    readonly waited: Requests;
    readonly cycle: Requests;
    readonly fencedCycle: Requests;
    readonly refusedTry: Requests;
  };
  readonly defaults: {
    readonly pollings: readonly Polling[];
    readonly fractions: readonly Fraction[];
    readonly retryings: readonly Retrying[];
    readonly timeOuts: readonly TimeOut[];
  };
}

export function readResults(): Results {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Results) : ({} as Results);
}

/** Replaces those parts. Numbers keep four digits, more than a machine reproduces. */
export function writeResults(parts: Partial<Results>): void {
  const round = (_: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
  writeFileSync(FILE, `${JSON.stringify({ ...readResults(), ...parts }, round, 2)}\n`);
}

export function thisRun(): Run {
  const server = JSON.parse(readFileSync('test/server/package.json', 'utf8')) as {
    readonly optionalDependencies?: Readonly<Record<string, string>>;
  };
  const [name, version] = Object.entries(server.optionalDependencies ?? {})[0] ?? ['a server', 'of unknown version'];
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpus: cpus().length,
    load: loadavg()[1] ?? 0,
    platform: `${process.platform} ${process.arch}`,
    server: `${name.replace(/^@(\w+)\/.*$/, '$1')} ${version}`,
  };
}
