import type { Finding } from './finding.js';
import type { FrontEnd } from './functions/task.js';

/** By protocol.md: what two front ends may differ by, with the defaults. */
const ALLOWED_MS = 2300;

/** How far front ends are apart. */
export interface Differences {
  readonly frontEnds: readonly FrontEnd[];
  readonly answers: number;
  /** Two of them differ by this at least: nothing else explains their answers. */
  readonly atLeastMs: number;
  /** No two of them differ by more, if the clock of the sandbox ran evenly. */
  readonly atMostMs: number;
}

/** One address asked by several sandboxes is one front end. */
export function differences(all: readonly FrontEnd[]): Differences {
  const byAddress = new Map<string, FrontEnd>();
  for (const one of all) {
    const known = byAddress.get(one.address);
    byAddress.set(one.address, {
      address: one.address,
      answers: one.answers + (known?.answers ?? 0),
      aheadAtLeastMs: Math.max(one.aheadAtLeastMs, known?.aheadAtLeastMs ?? -Infinity),
      aheadAtMostMs: Math.min(one.aheadAtMostMs, known?.aheadAtMostMs ?? Infinity),
    });
  }
  const frontEnds = [...byAddress.values()].sort((one, other) => one.aheadAtLeastMs - other.aheadAtLeastMs);
  const least = frontEnds.map(({ aheadAtLeastMs }) => aheadAtLeastMs);
  const most = frontEnds.map(({ aheadAtMostMs }) => aheadAtMostMs);
  // Several clocks behind one address contradict each other: then the bounds are the wrong way round.
  const highest = Math.max(...least, ...most);
  const lowest = Math.min(...least, ...most);
  return {
    frontEnds,
    answers: frontEnds.reduce((sum, { answers }) => sum + answers, 0),
    atLeastMs: Math.max(0, Math.max(...least) - Math.min(...most)),
    atMostMs: highest - lowest,
  };
}

export function clockFinding(found: Differences, isAws: boolean): Finding {
  const name = 'the clocks of front ends differ by less than the protocol allows';
  const { atLeastMs, atMostMs, answers, frontEnds } = found;
  const measured =
    `${answers.toLocaleString('en-US')} answers of ${frontEnds.length} addresses: two differ by ${shown(atLeastMs)} at ` +
    `least, by ${shown(atMostMs)} at most; ${shown(ALLOWED_MS)} are allowed`;
  if (atLeastMs > ALLOWED_MS) return { name, outcome: 'failed', said: measured };
  if (!isAws) return { name, outcome: 'not checked', said: `a stand-in has one clock; ${measured}` };
  return { name, outcome: 'passed', said: measured };
}

/** The table for the report: how many front ends are so far from the sandbox's clock. */
export function clockTable({ frontEnds }: Differences): string[] {
  const rows = frontEnds.map(({ answers, aheadAtLeastMs, aheadAtMostMs }, index) => {
    const [from, to] = [aheadAtLeastMs, aheadAtMostMs].map((ms) => `${Math.round(ms)} ms`);
    return `| ${index + 1} | ${answers} | ${from} | ${to} |`;
  });
  return ['| front end | answers | ahead by at least | at most |', '| --- | --- | --- | --- |', ...rows];
}

function shown(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
