import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Prints how long one import takes in a process that has done nothing else, and how much of a processor. */
const PROBE = `
const before = performance.now();
const used = process.cpuUsage();
await import(process.argv[1]);
const wallMs = performance.now() - before;
const { user, system } = process.cpuUsage(used);
console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }));
`;

/** What one import took. On a busy machine processor time says more. */
export interface ImportTime {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** A bundle to be measured, and the one that its figures are compared with. */
export interface Candidate {
  readonly name: string;
  readonly code: string;
}

/**
 * What each candidate's import took, round by round. Each in a process of its own, all in an order
 * drawn anew for each round: whatever slows the machine down for a while slows all of them, and none always
 * comes after the same other one.
 */
export async function importTimes(
  candidates: readonly Candidate[],
  rounds: number,
  folder: string,
): Promise<Map<string, ImportTime[]>> {
  const files = new Map(candidates.map(({ name }, index) => [name, join(folder, `${index}.mjs`)]));
  for (const { name, code } of candidates) writeFileSync(files.get(name) ?? '', code);
  const times = new Map(candidates.map(({ name }) => [name, [] as ImportTime[]]));
  // The first round fills the file cache, and is not counted.
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, file] of shuffled([...files])) {
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', PROBE, file]);
      if (round >= 0) times.get(name)?.push(JSON.parse(stdout));
    }
  }
  return times;
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}
