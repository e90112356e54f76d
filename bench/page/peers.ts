import type { Discipline } from '../peers/contestants.js';
import type { Outcome } from '../peers/tournament.js';
import type { Results } from '../results.js';
import { milliseconds, short, table } from './text.js';

export function outcomesOf({ peers }: Results): readonly Outcome[] {
  return Object.values(peers).flatMap(({ outcomes }) => outcomes);
}

export function titleOf({ name, way }: Pick<Outcome, 'name' | 'way'>): string {
  return way ? `${name}, ${way}` : name;
}

type Cell = (figures: Readonly<Record<string, number>>) => string;

function cell({ results, cannot, failures }: Outcome, discipline: Discipline, of: Cell): string {
  if (cannot[discipline]) return 'cannot';
  const figures = results[discipline];
  if (figures) return of(figures);
  return failures[discipline] ? 'failed' : 'not measured';
}

/** Writes (w), consistent reads (r), and eventually consistent ones, which cost half (h). */
const requested: Cell = ({ writes = 0, reads = 0, halfReads = 0 }) => {
  const parts = [
    [writes, 'w'],
    [reads - halfReads, 'r'],
    [halfReads, 'h'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, kind]) => `${short(count)} ${kind}`);
  return said.join(' + ') || '0';
};

export function requestsTable(results: Results): string {
  const rows = outcomesOf(results).map((outcome) => [
    nameCell(outcome),
    cell(outcome, 'cycle', requested),
    cell(outcome, 'try', requested),
    cell(outcome, 'handOver', requested),
    cell(outcome, 'lateCrash', requested),
    cell(outcome, 'minute', requested),
  ]);
  const head = [
    '',
    'cycle',
    'refused try',
    'waiter of a hand-over',
    'takeover 10 s after a crash',
    'a minute of holding',
  ];
  return table(head, rows);
}

export function timesTable(results: Results): string {
  const ms = (name: string) => (figures: Readonly<Record<string, number>>) => milliseconds(figures[name] ?? Number.NaN);
  const rows = outcomesOf(results).map((outcome) => [
    nameCell(outcome),
    cell(outcome, 'cycle', ({ ratio = Number.NaN }) => ratio.toFixed(2)),
    cell(outcome, 'handOver', ms('medianMs')),
    cell(outcome, 'handOver', ms('p95Ms')),
    cell(outcome, 'crash', ms('medianMs')),
    cell(outcome, 'lateCrash', ms('medianMs')),
  ]);
  const head = [
    '',
    'cycle, over the SDK alone',
    'hand-over, median',
    'p95',
    'crash, waited from the start',
    'crash, 10 s before',
  ];
  return table(head, rows);
}

export function callersTable(results: Results): string {
  const of = (outcome: Outcome, say: Cell): string => cell(outcome, 'callers', say);
  const rows = outcomesOf(results).map((outcome) => [
    nameCell(outcome),
    of(outcome, ({ done = 0 }) => short(done)),
    of(outcome, ({ tookMs }) => (tookMs === undefined ? 'stopped after 120 s' : milliseconds(tookMs))),
    of(outcome, ({ handOversPerSecond = 0 }) => short(handOversPerSecond)),
    of(outcome, ({ requests = 0 }) => short(requests)),
    of(outcome, ({ fairness }) => (fairness === undefined ? '' : fairness.toFixed(2))),
  ]);
  return table(['', 'cycles done', 'in', 'hand-overs a second', 'requests a cycle', 'fairness'], rows);
}

/** The reasons for `cannot` and `failed`. */
export function reasons(results: Results): string {
  const names: Readonly<Record<Discipline, string>> = {
    cycle: 'a cycle',
    try: 'a try',
    handOver: 'a hand-over',
    crash: 'a crash',
    lateCrash: 'a crash, long ago',
    minute: 'holding for a minute',
    callers: 'ten callers',
  };
  const lines = outcomesOf(results).flatMap((outcome) => {
    const said = new Map<string, string[]>();
    for (const [discipline, name] of Object.entries(names) as [Discipline, string][]) {
      const why = outcome.cannot[discipline] ?? outcome.failures[discipline];
      if (why) said.set(why, [...(said.get(why) ?? []), name]);
    }
    return [...said].map(([why, what]) => `- ${titleOf(outcome)}, ${what.join(' and ')}: ${why}`);
  });
  return lines.join('\n');
}

function nameCell(outcome: Outcome): string {
  const { name, way, version, language } = outcome;
  const title = `${name} ${version}${way ? ` (${way})` : ''}`;
  return language === 'Node.js' ? title : `${title}, ${language}`;
}
