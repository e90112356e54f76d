import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The first and the newest release of the Python package. 0.1.0 cannot hand a lock over. */
export const LYNK_VERSIONS = ['0.3.1', '0.1.0'] as const;
export type LynkVersion = (typeof LYNK_VERSIONS)[number];

/** Ignored by git. */
const FOLDER = resolve('.cache/interop');

/** The path of a Python that has this version of lynk, once the suite's setup has run. */
export function pythonWith(version: LynkVersion): string {
  return join(FOLDER, version, 'bin', 'python');
}

/** The suite's setup: installs lynk from the package index that pip is configured for, on first use. */
export default function installLynk(): void {
  for (const version of LYNK_VERSIONS) {
    if (!existsSync(pythonWith(version))) install(version);
  }
}

/** Under its final name there is never half a virtual environment, even where two runs make it at once. */
function install(version: LynkVersion): void {
  mkdirSync(FOLDER, { recursive: true });
  const making = mkdtempSync(join(FOLDER, 'making-'));
  try {
    run('python3', '-m', 'venv', making);
    run(join(making, 'bin', 'python'), '-m', 'pip', 'install', '--disable-pip-version-check', `lynk==${version}`);
    if (existsSync(pythonWith(version))) return;
    // Left over where the Python that it was made with is gone.
    rmSync(join(FOLDER, version), { recursive: true, force: true });
    renameSync(making, join(FOLDER, version));
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function run(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
