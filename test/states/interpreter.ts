import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const PACKAGE = 'moto[server,stepfunctions]==5.2.5';
/** Ignored by git. */
const FOLDER = resolve('.cache/states');

/** The path of a Python that has the interpreter, once the suite's setup has run. */
export const PYTHON = join(FOLDER, 'venv', 'bin', 'python');

/** The suite's setup: installs the interpreter from the package index that pip is configured for, on first use. */
export default function installInterpreter(): void {
  if (existsSync(PYTHON)) return;
  mkdirSync(FOLDER, { recursive: true });
  const making = mkdtempSync(join(FOLDER, 'making-'));
  try {
    const options = { stdio: ['ignore', 'ignore', 'inherit'] as ('ignore' | 'inherit')[] };
    execFileSync('python3', ['-m', 'venv', making], options);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PACKAGE];
    execFileSync(join(making, 'bin', 'python'), pip, options);
    // Under its final name there is never half a virtual environment.
    if (!existsSync(PYTHON)) renameSync(making, join(FOLDER, 'venv'));
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}
