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
  'cdk-lynk/runtime/light': ['../../runtime/light/index.ts'],
  'cdk-lynk/runtime/middy': ['../../runtime/middy/index.ts'],
  'cdk-lynk/runtime/powertools': ['../../runtime/powertools/index.ts'],
  'cdk-lynk/runtime/opentelemetry': ['../../runtime/opentelemetry/index.ts'],
  'cdk-lynk/runtime/durable': ['../../runtime/durable/index.ts'],
  'cdk-lynk/testing': ['../../runtime/testing/index.ts'],
  '@aws/durable-execution-sdk-js': ['../../test/durable-sdk.d.ts'],
};

/** The pages that have TypeScript in them: README.md and those in docs/. */
export function pagesWithCode(): string[] {
  const inDocs = readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((file) => join('docs', file));
  const pages = ['README.md', ...inDocs.filter((file) => file.endsWith('.md')).sort()];
  return pages.filter((page) => blocksOf(page).length > 0);
}

/** The TypeScript blocks of a page. */
export function blocksOf(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^```tsx?\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? '');
}

/** The sources of what the package exports. */
function sources(): string[] {
  return ['lib', 'runtime'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file)),
  );
}

/** The code of each `@example` in a comment of lib/ and runtime/, by the file's name. */
export function examplesInComments(): Map<string, string[]> {
  const found = sources().map((file): [string, string[]] => [file, examplesOf(readFileSync(file, 'utf8'))]);
  return new Map(found.filter(([, examples]) => examples.length > 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The reviewed API reports of all entries. */
export function apiReports(): string[] {
  return readdirSync('etc').map((file) => readFileSync(join('etc', file), 'utf8'));
}

/** The comment before a function's first declaration in runtime/. */
export function commentOf(name: string): string {
  const declared = new RegExp(`(/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/)\\nexport (?:async )?function ${name}\\b`);
  const texts = sources().map((file) => declared.exec(readFileSync(file, 'utf8'))?.[1]);
  return texts.find((text) => text !== undefined) ?? '';
}

/** An example goes on to the next tag, or to the end of its comment. */
export function examplesOf(source: string): string[] {
  const comments = source.match(/\/\*\*[\s\S]*?\*\//g) ?? [];
  return comments.flatMap((comment) => {
    const lines = comment.replace(/\s*\*\/$/, '').replace(/^\s*(?:\/\*)?\* ?/gm, '');
    return [...lines.matchAll(/^@example\b(?<code>[\s\S]*?)(?=^@|$(?![\s\S]))/gm)].map(({ groups }) =>
      `${groups?.['code'] ?? ''}`.replace(/^```\w*$/gm, '').trim(),
    );
  });
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
