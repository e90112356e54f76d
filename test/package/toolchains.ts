import { join, resolve } from 'node:path';
import { installOnce } from '../../packaging/install.js';

/** What users run the package on, and compile against it with: the newest of each line that is supported. */
const NODES = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0' } as const;
const COMPILERS = { '5.9': '5.9.3', '6': '6.0.3', '7': '7.0.2' } as const;

export type NodeLine = keyof typeof NODES;
export type CompilerLine = keyof typeof COMPILERS;
export const NODE_LINES = [20, 22, 24] as const satisfies readonly NodeLine[];
export const COMPILER_LINES = ['5.9', '6', '7'] as const satisfies readonly CompilerLine[];

/** Kept between runs: they are half a gigabyte. */
const CACHE = resolve('.cache/toolchains');

export async function installToolchains(): Promise<void> {
  const binaries = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const nodes = NODE_LINES.map((line) => [`node-${line}`, `npm:${binaries}@${NODES[line]}`]);
  const compilers = COMPILER_LINES.map((line) => [`typescript-${line}`, `npm:typescript@${COMPILERS[line]}`]);
  await installOnce(CACHE, Object.fromEntries([...nodes, ...compilers]));
}

export function nodeOf(line: NodeLine): string {
  return join(CACHE, 'node_modules', `node-${line}`, 'bin', 'node');
}

/** The compiler's script, to be run by any Node.js. */
export function compilerOf(line: CompilerLine): string {
  return join(CACHE, 'node_modules', `typescript-${line}`, 'bin', 'tsc');
}
