import { type Figure, isMet } from '../figure.js';
import type { Results, Run } from '../results.js';
import { costTable } from './cost.js';
import { callersTable, reasons, requestsTable, timesTable } from './peers.js';
import { milliseconds, short, table } from './text.js';

/** Renews the page between each pair of markers: `<!-- NAME -->` and `<!-- end -->`. */
export function renewed(page: string, results: Results): string {
  const used = new Set<string>();
  const parts = partsOf(results);
  const text = page.replaceAll(/<!-- (results: [^>]+?) -->\n[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`the page wants "${name}", which no result gives`);
    used.add(name);
    return `<!-- ${name} -->\n\n${part}\n\n<!-- end -->`;
  });
  for (const name of Object.keys(parts)) if (!used.has(name)) throw new Error(`the page has no place for "${name}"`);
  return text;
}

function partsOf(results: Results): Readonly<Record<string, string>> {
  const { pollings, fractions, retryings, timeOuts } = results.defaults;
  return {
    'results: goals': `${ranOn(results.goals.run)}\n\n${goalsTable(results.goals.figures)}`,
    'results: peers': [
      peersRanOn(results.peers),
      requestsTable(results),
      timesTable(results),
      callersTable(results),
      reasons(results),
    ].join('\n\n'),
    'results: crowd': table(
      [
        'processes that wait',
        'hand-overs a second',
        'median',
        'p95',
        'reads',
        'writes',
        'that fail',
        'throttled writes/s',
      ],
      results.crowd.map((row) => [
        short(row.waiters),
        row.handOversPerSecond.toFixed(1),
        milliseconds(row.medianMs),
        milliseconds(row.p95Ms),
        row.reads.toFixed(1),
        row.writes.toFixed(1),
        row.failedWrites.toFixed(1),
        short(row.throttledWritesPerSecond),
      ]),
    ),
    'results: cost': costTable(results),
    'results: polling': table(
      ['polls', 'delay, median', 'p95', 'requests', 'of ten waiters: writes that fail'],
      pollings.map(({ schedule, medianMs, p95Ms, requests, failedOfTen }) => [
        schedule,
        milliseconds(medianMs),
        milliseconds(p95Ms),
        requests.toFixed(1),
        failedOfTen.toFixed(2),
      ]),
    ),
    'results: refreshing': table(
      ['refreshes after', 'writes for an hour', 'outage that no hold is lost to'],
      fractions.map(({ fraction, writesPerHour, outageMs }) => [
        `${fraction} of a lease`,
        short(writesPerHour),
        milliseconds(outageMs),
      ]),
    ),
    'results: retrying': table(
      ['tries again', 'attempts', 'holds that survive'],
      retryings.map(({ way, attempts, survived }) => [way, attempts.toFixed(1), `${(survived * 100).toFixed(0)} %`]),
    ),
    'results: time limits': table(
      ['lease', 'the first attempt may take', 'attempts before the deadline'],
      timeOuts.map(({ leaseSeconds, firstMs, attempts }) => [
        `${leaseSeconds} s`,
        milliseconds(firstMs),
        String(attempts),
      ]),
    ),
  };
}

function goalsTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { what, value, goal, unit, least = false } = figure;
    return [what, `${least ? '≥' : '≤'} ${said(goal, unit)}`, said(value, unit), isMet(figure) ? 'yes' : '**no**'];
  });
  return table(['', 'goal', 'measured', 'met'], rows);
}

function said(value: number, unit: Figure['unit']): string {
  if (unit === 'ms') return milliseconds(value);
  if (unit === 'requests') return `${short(value)} ${value === 1 ? 'request' : 'requests'}`;
  if (unit === 'bytes') return `${short(value)} bytes`;
  if (unit === 'ratio') return `${value.toFixed(2)} ×`;
  return short(value);
}

/** One text if all was measured in one run, or else one a language. */
function peersRanOn(peers: Results['peers']): string {
  const runs = Object.entries(peers).map(([language, { run }]) => ({ language, said: ranOn(run) }));
  if (new Set(runs.map(({ said }) => said)).size === 1) return runs[0]?.said ?? '';
  return runs.map(({ language, said }) => `${language}: ${said}`).join('\n\n');
}

function ranOn({ date, node, cpus, load, platform, server }: Run): string {
  const busy =
    load > cpus / 2
      ? ` The machine had other things to do (a load of ${load.toFixed(1)} before it began): times are too long, and ratios vague.`
      : '';
  const where = `Node.js ${node.replace('v', '')}, ${cpus} processors (${platform}), ${server} on loopback`;
  return `Measured on ${date}: ${where}.${busy}`;
}
