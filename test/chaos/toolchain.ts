import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** Everything that the suite installs or builds for itself; ignored by git. */
export const CHAOS_FOLDER = resolve('.cache/chaos');

/** The newest that Go's module proxy has under this path. */
const TOXIPROXY = { path: 'github.com/Shopify/toxiproxy/v2/cmd/server', version: 'v2.5.0' };
const LYNK_VERSION = '0.3.1';

/** The path of Toxiproxy's server, built by Go on first use. */
export function toxiproxy(): string {
  const folder = join(CHAOS_FOLDER, 'bin', `toxiproxy-${TOXIPROXY.version}`);
  const server = join(folder, 'server');
  if (!existsSync(server)) {
    execFileSync('go', ['install', `${TOXIPROXY.path}@${TOXIPROXY.version}`], {
      env: { ...process.env, GOBIN: folder },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return server;
}

/** The path of the judge of histories, in judge/. Built each time: Go knows whether anything changed. */
export function porcupineJudge(): string {
  const judge = join(CHAOS_FOLDER, 'bin', 'judge');
  const cwd = fileURLToPath(new URL('judge', import.meta.url));
  execFileSync('go', ['build', '-o', judge, '.'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  return judge;
}

/** The path of a Python that has lynk. */
export function pythonWithLynk(): string {
  const folder = join(CHAOS_FOLDER, 'venv');
  const python = join(folder, 'bin', 'python');
  const complete = join(folder, `lynk-${LYNK_VERSION}`);
  if (!existsSync(complete)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(CHAOS_FOLDER, { recursive: true });
    execFileSync('python3', ['-m', 'venv', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `lynk==${LYNK_VERSION}`];
    execFileSync(python, install, { stdio: ['ignore', 'ignore', 'inherit'] });
    writeFileSync(complete, '');
  }
  return python;
}

/** The TypeScript worker in one file: workers are killed and started often, and a loader takes its second each time. */
export function bundledWorker(folder: string): string {
  const outfile = join(folder, 'worker.cjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('worker/main.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
  });
  return outfile;
}
