import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

/** The package that carries the official runtime interface emulator, ready built. */
const SAM_CLI_VERSION = '1.170.0';
/** Lambda's own client of that interface for Node.js: what polls for invocations and calls handlers. */
const RUNTIME_CLIENT_VERSION = '4.0.2';

/** Ignored by git. */
const FOLDER = resolve('.cache/lambda');
const EMULATOR = join(FOLDER, `emulator-${SAM_CLI_VERSION}`);
const RUNTIME_CLIENT = join(FOLDER, `runtime-client-${RUNTIME_CLIENT_VERSION}`);

/** The emulator's program, once the suite's setup has run. */
export const EMULATOR_PROGRAM = join(EMULATOR, 'emulator');
/** The script that a sandbox runs: Lambda's runtime for Node.js. */
export const RUNTIME_SCRIPT = join(RUNTIME_CLIENT, 'node_modules', 'aws-lambda-ric', 'index.mjs');

/** The suite's setup: fetches and builds Lambda's runtime on first use, by the package clients as they are configured. */
export default function installRuntime(): void {
  if (process.platform !== 'linux') throw new Error("Lambda's runtime runs on Linux alone; run this suite there");
  make(EMULATOR, unpackEmulator);
  make(RUNTIME_CLIENT, buildRuntimeClient);
}

/** Under its final name there is never half of a thing, even where two runs make it at once. */
function make(folder: string, fill: (making: string) => void): void {
  if (existsSync(folder)) return;
  mkdirSync(FOLDER, { recursive: true });
  const making = mkdtempSync(join(FOLDER, 'making-'));
  try {
    fill(making);
    if (!existsSync(folder)) renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function unpackEmulator(making: string): void {
  needed('python3', 'to fetch the runtime interface emulator, which the Python package aws-sam-cli carries');
  const download = [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--only-binary=:all:',
  ];
  run(making, 'python3', [...download, '--dest', making, `aws-sam-cli==${SAM_CLI_VERSION}`]);
  const wheel = readdirSync(making).find((file) => file.endsWith('.whl'));
  if (!wheel) throw new Error('pip downloaded no wheel of aws-sam-cli');
  run(making, 'python3', ['-m', 'zipfile', '--extract', wheel, 'unpacked']);
  const machine = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  cpSync(join(making, 'unpacked', 'samcli', 'local', 'rapid', `aws-lambda-rie-${machine}`), join(making, 'emulator'));
  chmodSync(join(making, 'emulator'), 0o755);
  rmSync(join(making, 'unpacked'), { recursive: true });
  rmSync(join(making, wheel));
}

/** It has a native part, which its installation compiles: a minute or two. */
function buildRuntimeClient(making: string): void {
  for (const tool of ['cmake', 'make', 'c++', 'python3']) {
    needed(tool, "to compile Lambda's runtime client (on Debian: apt-get install cmake make g++ python3)");
  }
  writeFileSync(join(making, 'package.json'), '{ "private": true }\n');
  const install = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--foreground-scripts'];
  run(making, 'npm', [...install, `aws-lambda-ric@${RUNTIME_CLIENT_VERSION}`]);
  const addon = join(making, 'node_modules', 'aws-lambda-ric', 'rapid-client.node');
  if (!existsSync(addon))
    throw new Error('aws-lambda-ric was installed without its native part; are scripts switched off?');
}

function needed(program: string, why: string): void {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
  } catch {
    throw new Error(`${program} is needed ${why}`);
  }
}

function run(cwd: string, program: string, args: readonly string[]): void {
  try {
    execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const said = String((error as { stderr?: Buffer }).stderr ?? '').slice(-2000);
    throw new Error(`${program} ${args.join(' ')} failed; the suite cannot run without it: ${said}`, { cause: error });
  }
}
