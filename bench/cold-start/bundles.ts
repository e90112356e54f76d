import { gzipSync } from 'node:zlib';
import { type BuildOptions, build, type Metafile } from 'esbuild';

/** Entry points of handlers. The paths are those of this repository. */
export const CODE = {
  /** A handler that uses DynamoDB without this library. */
  sdk: `export {
    ConditionalCheckFailedException, DeleteItemCommand, DynamoDBClient, GetItemCommand, UpdateItemCommand,
  } from '@aws-sdk/client-dynamodb';`,
  withLock: `export { withLock } from './runtime/index.js';`,
  light: `export { withLock } from './runtime/light/index.js';`,
  factory: `export { getLockFactory } from './runtime/index.js';`,
  runtime: `export * from './runtime/index.js';`,
  logger: `export { Logger } from '@aws-lambda-powertools/logger';`,
} as const;

export interface Bundle {
  readonly code: string;
  readonly bytes: number;
  readonly gzippedBytes: number;
  /** The bytes of each file in it. */
  readonly parts: Readonly<Record<string, number>>;
  /** What it loads when it runs. */
  readonly loaded: readonly { readonly path: string; readonly kind: string; readonly external?: boolean }[];
}

/** CommonJS packages in an ES module load Node's modules by `require`. */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

/** How a bundle is made. */
const MANNERS = {
  /** As docs/lambda.md recommends. */
  cjs: { format: 'cjs', mainFields: ['module', 'main'] },
  /** As esbuild makes CommonJS by default. */
  'cjs-default': { format: 'cjs' },
  esm: { format: 'esm', mainFields: ['module', 'main'], banner: { js: REQUIRE } },
  /** The same, but node:http is required in place of imported. */
  'esm-alias': {
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE },
    alias: { 'node:http': './bench/cold-start/node-http.cjs' },
  },
} as const satisfies Record<string, BuildOptions>;
export type Manner = keyof typeof MANNERS;

/** A bundle like that of `NodejsFunction`, with the SDK. */
export async function bundled(code: string, manner: Manner = 'esm'): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: process.cwd() },
    outfile: 'index.js',
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node20',
    ...MANNERS[manner],
  });
  const text = outputFiles[0]?.text ?? '';
  return {
    code: text,
    bytes: Buffer.byteLength(text),
    gzippedBytes: gzipSync(text).length,
    parts: partsOf(metafile),
    loaded: Object.values(metafile.outputs).flatMap(({ imports }) => imports),
  };
}

function partsOf({ outputs }: Metafile): Record<string, number> {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  return Object.fromEntries(inputs.map(([file, { bytesInOutput }]) => [file, bytesInOutput]));
}
