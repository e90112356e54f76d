import { mkdirSync } from 'node:fs';
import { join, parse, resolve } from 'node:path';
import { build } from 'esbuild';

/** The folder for what the benchmark builds and installs. Git ignores it. */
export const FOLDER = resolve('.cache/bench');

/** Bundles a program, as a loader would cost each process seconds. Resolves to the file. */
export async function bundled(entryPoint: string): Promise<string> {
  mkdirSync(FOLDER, { recursive: true });
  const outfile = join(FOLDER, `${parse(entryPoint).name}.mjs`);
  await build({
    entryPoints: [entryPoint],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['@aws-sdk/*'],
  });
  return outfile;
}
