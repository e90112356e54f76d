import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** In which order the navigation shows the pages. What is not named here stands at the end of the guides. */
export const GROUPS = {
  'Start here': ['getting-started', 'choosing', 'python', 'migrating', 'common-mistakes', 'faq', 'glossary', 'agents'],
  Guides: [
    'client',
    'lambda',
    'cdk',
    'without-cdk',
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
  /** Made from the folders (examples.mjs). */
  Examples: [],
  Decisions: readdirSync('docs/decisions').map((file) => `decisions/${basename(file, '.md')}`),
};

/** @returns {Record<string, string[]>} the pages that are there, by group, in the order of the groups */
export function pagesByGroup() {
  const there = readdirSync('docs')
    .filter((file) => file.endsWith('.md'))
    .map((file) => basename(file, '.md'));
  const named = new Set(Object.values(GROUPS).flat());
  const unnamed = there.filter((page) => !named.has(page));
  return Object.fromEntries(
    Object.entries(GROUPS).map(([group, pages]) => [
      group,
      [...pages, ...(group === 'Guides' ? unnamed : [])].filter(
        (page) => page.startsWith('decisions/') || there.includes(page),
      ),
    ]),
  );
}

/** @returns {string[]} the paths of all pages, in the order of the groups */
export function orderedPages() {
  return Object.values(pagesByGroup())
    .flat()
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
