import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';

/** What a handler may have in it, as an entry point's code. The paths are those of this repository. */
export const CODE = {
  /** What a handler has without us that uses DynamoDB itself. */
  sdk: `export {
    ConditionalCheckFailedException, DeleteItemCommand, DynamoDBClient, GetItemCommand, UpdateItemCommand,
  } from '@aws-sdk/client-dynamodb';`,
  withLock: `export { withLock } from './runtime/index.js';`,
  factory: `export { getLockFactory } from './runtime/index.js';`,
  runtime: `export * from './runtime/index.js';`,
  logger: `export { Logger } from '@aws-lambda-powertools/logger';`,
} as const;

export interface Bundle {
  readonly code: string;
  readonly bytes: number;
  readonly gzippedBytes: number;
  /** What it is made of: bytes of each file that is in it. */
  readonly parts: Readonly<Record<string, number>>;
}

/** How a bundle is made: as docs/lambda.md recommends, or as esbuild does by itself for CommonJS. */
export type Manner = 'esm' | 'cjs';

/** A bundle as `NodejsFunction` makes it, the SDK included. */
export async function bundled(code: string, manner: Manner = 'esm'): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: process.cwd() },
    outfile: 'index.mjs',
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node20',
    format: manner,
    ...(manner === 'esm' && { mainFields: ['module', 'main'], banner: { js: REQUIRE } }),
  });
  const text = outputFiles[0]?.text ?? '';
  return { code: text, bytes: Buffer.byteLength(text), gzippedBytes: gzipSync(text).length, parts: partsOf(metafile) };
}

/** CommonJS packages in an ES module still ask for Node's own modules by `require`. */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

function partsOf({ outputs }: Metafile): Record<string, number> {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  return Object.fromEntries(inputs.map(([file, { bytesInOutput }]) => [file, bytesInOutput]));
}
