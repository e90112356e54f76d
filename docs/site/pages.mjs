import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** In which order the navigation shows the pages. What is not named here stands at the end of the guides. */
export const GROUPS = {
  'Start here': ['getting-started', 'choosing', 'python', 'migrating', 'faq'],
  Guides: [
    'client',
    'lambda',
    'cdk',
    'step-functions',
    'durable',
    'scheduled-jobs',
    'fencing',
    'semaphore',
    'several-locks',
    'single-flight',
    'cli',
    'testing',
  ],
  'In production': ['operations', 'observability', 'tracing', 'security', 'errors', 'performance', 'versions'],
  'How it works': ['protocol', 'proof', 'model', 'architecture'],
  Decisions: readdirSync('docs/decisions').map((file) => `decisions/${basename(file, '.md')}`),
};

/** @returns {string[]} the paths of all pages, in the order of the groups */
export function orderedPages() {
  const there = readdirSync('docs').filter((file) => file.endsWith('.md'));
  const named = new Set(Object.values(GROUPS).flat());
  const unnamed = there.map((file) => basename(file, '.md')).filter((page) => !named.has(page));
  return Object.entries(GROUPS)
    .flatMap(([group, pages]) => (group === 'Guides' ? [...pages, ...unnamed] : pages))
    .filter((page) => page.startsWith('decisions/') || there.includes(`${page}.md`))
    .map((page) => `docs/${page}.md`);
}

/** @returns {Record<string, string>} the source of each entry point of the package, by what one imports */
export function entryPoints() {
  const { exports, name } = JSON.parse(readFileSync('package.json', 'utf8'));
  const sources = Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(
      ([
        path,
        {
          import: { types },
        },
      ]) => [`${name}${path.slice(1)}`, types.replace(/^\.\/dist\/esm\/(.*)\.d\.ts$/, '$1.ts')],
    );
  return Object.fromEntries(sources);
}
