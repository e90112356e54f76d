import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** Where the names are found that a page imports from. */
const PATHS = {
  'cdk-lynk': ['../../lib/index.ts'],
  'cdk-lynk/runtime': ['../../runtime/index.ts'],
  'cdk-lynk/runtime/middy': ['../../runtime/middy/index.ts'],
  'cdk-lynk/runtime/powertools': ['../../runtime/powertools/index.ts'],
  'cdk-lynk/runtime/opentelemetry': ['../../runtime/opentelemetry/index.ts'],
  'cdk-lynk/testing': ['../../runtime/testing/index.ts'],
};

/** What the compiler says of the TypeScript blocks of a page, each as a file of its own; nothing where all is well. */
export async function compiledBlocks(page: string): Promise<string> {
  const folder = `.cache/${page.replaceAll(/\W/g, '-')}`;
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? '');
  if (blocks.length === 0) throw new Error(`${page} has no code in it`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [index, code] of blocks.entries()) writeFileSync(`${folder}/block${index}.ts`, code);
  const config = { extends: '../../tsconfig.json', compilerOptions: { paths: PATHS }, include: ['*.ts'] };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config));
  const tsc = promisify(execFile)('npx', ['tsc', '-p', folder]);
  return tsc.then(() => '').catch((failed: { stdout: string }) => failed.stdout);
}
