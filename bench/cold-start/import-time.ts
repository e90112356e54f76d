import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { shuffled } from './shuffled.js';

const run = promisify(execFile);

/** Prints the time and the processor time of one import in a fresh process. */
const PROBE = `
const before = performance.now();
const used = process.cpuUsage();
await import(process.argv[1]);
const wallMs = performance.now() - before;
const { user, system } = process.cpuUsage(used);
console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000 }));
`;

/** The times of one import. On a busy machine, processor time is more reliable. */
export interface ImportTime {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** A bundle to measure, and the one to compare it with. */
export interface Candidate {
  readonly name: string;
  readonly code: string;
}

/**
 * The import times of each candidate, round by round. Each import has a process of its own. Each round has a new random
 * order, so that other load of the machine affects all candidates, and none always follows the same one.
 */
export async function importTimes(
  candidates: readonly Candidate[],
  rounds: number,
  folder: string,
): Promise<Map<string, ImportTime[]>> {
  const files = new Map(candidates.map(({ name }, index) => [name, join(folder, `${index}.mjs`)]));
  for (const { name, code } of candidates) writeFileSync(files.get(name) ?? '', code);
  const times = new Map(candidates.map(({ name }) => [name, [] as ImportTime[]]));
  // The first round only fills the file cache.
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, file] of shuffled([...files])) {
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', PROBE, file]);
      if (round >= 0) times.get(name)?.push(JSON.parse(stdout));
    }
  }
  return times;
}
