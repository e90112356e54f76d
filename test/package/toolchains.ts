import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from '../../packaging/run.js';

/** What users run the package on, and compile against it with: the newest of each line that is supported. */
const NODES = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0' } as const;
const COMPILERS = { '5.9': '5.9.3', '6': '6.0.3', '7': '7.0.2' } as const;

export type NodeLine = keyof typeof NODES;
export type CompilerLine = keyof typeof COMPILERS;
export const NODE_LINES = [20, 22, 24] as const satisfies readonly NodeLine[];
export const COMPILER_LINES = ['5.9', '6', '7'] as const satisfies readonly CompilerLine[];

/** Kept between runs: they are half a gigabyte. */
const CACHE = resolve('.cache/toolchains');

function packageJson(): string {
  const binaries = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const nodes = NODE_LINES.map((line) => [`node-${line}`, `npm:${binaries}@${NODES[line]}`]);
  const compilers = COMPILER_LINES.map((line) => [`typescript-${line}`, `npm:typescript@${COMPILERS[line]}`]);
  return JSON.stringify({ private: true, dependencies: Object.fromEntries([...nodes, ...compilers]) });
}

/** Into a folder that bears its name only once it is whole: an installation that was cut short is begun anew. */
export async function installToolchains(): Promise<void> {
  const wanted = packageJson();
  if (existsSync(CACHE) && readFileSync(join(CACHE, 'package.json'), 'utf8') === wanted) return;
  const folder = `${CACHE}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), wanted);
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], folder);
  // npm may have put it in an order of its own.
  writeFileSync(join(folder, 'package.json'), wanted);
  rmSync(CACHE, { recursive: true, force: true });
  renameSync(folder, CACHE);
}

export function nodeOf(line: NodeLine): string {
  return join(CACHE, 'node_modules', `node-${line}`, 'bin', 'node');
}

/** The compiler's script, to be run by any Node.js. */
export function compilerOf(line: CompilerLine): string {
  return join(CACHE, 'node_modules', `typescript-${line}`, 'bin', 'tsc');
}
