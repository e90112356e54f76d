import { join, resolve } from 'node:path';
import { build } from 'esbuild';

/**
 * The handler as `NodejsFunction` bundles it with `format: ESM`, `mainFields: ['module', 'main']` and
 * `bundleAwsSDK`: one ES module with all that it needs.
 */
export async function bundleHandler(folder: string): Promise<void> {
  await build({
    entryPoints: [resolve('test/lambda/handler.ts')],
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
  });
}
