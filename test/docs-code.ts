import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const FOLDER = '.cache/docs';
const COMPILER = 'node_modules/@typescript/native/bin/tsc';

/** Where the names are found that a page imports from. */
const PATHS = {
  'cdk-lynk': ['../../lib/index.ts'],
  'cdk-lynk/runtime': ['../../runtime/index.ts'],
  'cdk-lynk/runtime/middy': ['../../runtime/middy/index.ts'],
  'cdk-lynk/runtime/powertools': ['../../runtime/powertools/index.ts'],
  'cdk-lynk/runtime/opentelemetry': ['../../runtime/opentelemetry/index.ts'],
  'cdk-lynk/testing': ['../../runtime/testing/index.ts'],
};

/** The pages that have TypeScript in them: README.md and those in docs/. */
export function pagesWithCode(): string[] {
  const inDocs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((file) => join('docs', file));
  const pages = ['README.md', ...inDocs.filter((file) => file.endsWith('.md')).sort()];
  return pages.filter((page) => blocksOf(page).length > 0);
}

/** The TypeScript blocks of a page. */
export function blocksOf(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? '');
}

/**
 * What the compiler says of these files, each beginning with the file's name; nothing where all is
 * well. All are compiled at once: what takes time is the types that they import.
 */
export async function complaintsOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  rmSync(FOLDER, { recursive: true, force: true });
  for (const [name, code] of Object.entries(files)) {
    mkdirSync(dirname(`${FOLDER}/${name}`), { recursive: true });
    writeFileSync(`${FOLDER}/${name}`, code);
  }
  const config = { extends: '../../tsconfig.json', compilerOptions: { paths: PATHS }, include: ['**/*.ts'] };
  writeFileSync(`${FOLDER}/tsconfig.json`, JSON.stringify(config));
  const compiled = promisify(execFile)(process.execPath, [COMPILER, '-p', FOLDER, '--pretty', 'false']);
  const stdout = await compiled.then(() => '').catch((failed: { stdout: string }) => failed.stdout);
  // What is indented goes on about the line before.
  const complaints = stdout.split(/\n(?=\S)/).filter((text) => text.trim() !== '');
  return complaints.map((text) => (text.startsWith(`${FOLDER}/`) ? text.slice(FOLDER.length + 1) : text));
}
