import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { RULES } from './rules.mjs';

const SIM = dirname(fileURLToPath(import.meta.url));
export const ROOT = join(SIM, '..', '..');
export const RUNTIME = join(ROOT, 'runtime');
export const CACHE = join(ROOT, '.cache', 'sim');

/** Bundles the simulation with the runtime, without one rule where one is named. Returns the bundle's path. */
export async function bundle(without) {
  const rule = without === undefined ? undefined : RULES[without];
  if (without !== undefined && !rule) throw new Error(`no rule "${without}"; --list-rules prints them`);
  await mkdir(CACHE, { recursive: true });
  // Two bundles may be made at once.
  const outfile = join(CACHE, `${without ?? 'whole'}-${process.pid}.mjs`);
  const edits = new Set(rule?.edits);
  await build({
    entryPoints: [join(SIM, 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
    // The module-level factory of runtime/durable imports the SDK. No schedule uses it.
    external: ['@aws-sdk/*'],
    plugins: [
      {
        name: 'without-rule',
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, async ({ path }) => {
            const file = relative(RUNTIME, path).split(sep).join('/');
            let contents = await readFile(path, 'utf8');
            for (const edit of edits) {
              if (edit.file !== file) continue;
              contents = applied(contents, edit);
              edits.delete(edit);
            }
            return { contents, loader: 'ts' };
          });
        },
      },
    ],
  });
  if (edits.size > 0) throw new Error(`rule "${without}": not part of the bundle: ${[...edits][0].file}`);
  return outfile;
}

/** An edit that fits nowhere, or twice, would take out nothing, or something else. */
export function applied(contents, { file, find, replace }) {
  const count = contents.split(find).length - 1;
  if (count !== 1) throw new Error(`${file}: ${count} places to edit, expected 1: ${find}`);
  return contents.replace(find, () => replace);
}
