import { resolve } from 'node:path';
import { build } from 'esbuild';
import { FUNCTIONS, type FunctionKind } from './names.js';
import { zipped } from './zip.js';

/** A function's code, with all that it needs, as Lambda takes it. */
export async function bundleOf(kind: FunctionKind): Promise<Buffer> {
  const { outputFiles } = await build({
    entryPoints: [resolve(`test/aws/functions/${FUNCTIONS[kind].code}.ts`)],
    write: false,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    mainFields: ['module', 'main'],
  });
  return zipped('index.js', outputFiles[0]?.text ?? '');
}
