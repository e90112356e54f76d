import { covers, type Part } from './parts.js';
import type { Mutant, Report } from './report.js';
import { type Explained, lineOf, type Survivor, survivorOf } from './survivors.js';

/** Something that has to be so, and, where it is not, why. */
export interface Check {
  readonly name: string;
  readonly faults: readonly string[];
}

/** What has to be true of a part's report: files were mutated, enough is found, and the rest is explained. */
export function judge(part: Part, report: Report, explained: readonly Explained[]): Check[] {
  const files = Object.entries(report.files).filter(([, { mutants }]) => mutants.some(isValid));
  const checks = files.map(([file, { source, mutants }]) => {
    const found = mutants.filter(isFound).length;
    return {
      name: `${file}: ${found} of ${mutants.filter(isValid).length} mutants found${unjudged(mutants)}`,
      faults: disagreements(file, source, mutants, explained),
    };
  });
  for (const pattern of part.files) {
    if (!files.some(([file]) => covers(pattern, file))) checks.push({ name: pattern, faults: ['nothing was mutated'] });
  }
  const score = scoreOf(files.flatMap(([, { mutants }]) => mutants));
  checks.push({
    name: `${part.name}: a score of ${score.toFixed(1)} %`,
    // Not a number, where there is nothing to be found.
    faults: score >= part.leastScore ? [] : [`at least ${part.leastScore} % are called for`],
  });
  return checks;
}

/** What the list explains although nothing of that name was mutated. */
export function judgeList(explained: readonly Explained[], reports: readonly Report[]): Check {
  const mutated = new Set(reports.flatMap(({ files }) => Object.keys(files)));
  const unknown = new Set(explained.map(({ file }) => file).filter((file) => !mutated.has(file)));
  return { name: 'survivors.md', faults: [...unknown].map((file) => `${file || 'no file'} was not mutated`) };
}

/** Percent. */
function scoreOf(mutants: readonly Mutant[]): number {
  return (100 * mutants.filter(isFound).length) / mutants.filter(isValid).length;
}

/** Survivors without an explanation, and explanations without a survivor: each line stands for one. */
function disagreements(
  file: string,
  source: string,
  mutants: readonly Mutant[],
  explained: readonly Explained[],
): string[] {
  const lines = explained.filter((one) => one.file === file).map(lineOf);
  const faults: string[] = [];
  const take = (survivor: Survivor): boolean => {
    const index = lines.indexOf(lineOf(survivor));
    if (index >= 0) lines.splice(index, 1);
    return index >= 0;
  };
  for (const mutant of mutants.filter(isSurvivor)) {
    const survivor = survivorOf(file, source, mutant);
    if (!take(survivor)) faults.push(`not found, line ${mutant.location.start.line}: ${lineOf(survivor)}`);
  }
  for (const mutant of mutants.filter(isUnjudged)) take(survivorOf(file, source, mutant));
  return [...faults, ...lines.map((line) => `explained, but there is no such survivor: ${line}`)];
}

/** Killed by a test that failed, or it ran in circles: then its code was run far more often than without it. */
function isFound({ status, statusReason }: Mutant): boolean {
  return status === 'Killed' || (status === 'Timeout' && statusReason?.startsWith('Hit limit') === true);
}

/**
 * Its tests did not end in time, which may be the machine's fault: it counts neither way. Stryker would count it as
 * found, and a machine that is slow enough would find everything.
 */
function isUnjudged(mutant: Mutant): boolean {
  return mutant.status === 'Timeout' && !isFound(mutant);
}

function unjudged(mutants: readonly Mutant[]): string {
  const count = mutants.filter(isUnjudged).length;
  return count === 0 ? '' : `, ${count} more not judged in time`;
}

function isSurvivor({ status }: Mutant): boolean {
  return status === 'Survived' || status === 'NoCoverage';
}

function isValid(mutant: Mutant): boolean {
  return isFound(mutant) || isSurvivor(mutant);
}
