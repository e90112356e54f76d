import { mkdirSync } from 'node:fs';
import { join, parse, resolve } from 'node:path';
import { build } from 'esbuild';

/** Where the benchmark keeps what it makes and installs; ignored by git. */
export const FOLDER = resolve('.cache/bench');

/** A program as one file: a loader would take each process its seconds. Resolves to the file. */
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
