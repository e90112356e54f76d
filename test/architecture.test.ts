import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { drawArchitecture, FOLDERS } from '../docs/draw/architecture.js';

const page = readFileSync('docs/architecture.md', 'utf8');

/** The folders right below this one. */
const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [`${folder}${entry.name}/`] : [],
  );

test('the picture is the one that npm run draw draws', () => {
  expect(readFileSync('docs/architecture.svg', 'utf8')).toBe(drawArchitecture());
});

test('picture and page name every folder of the client, and none that is gone', () => {
  const drawn = FOLDERS.map(({ path }) => path);
  const ofClient = drawn.filter((path) => path.startsWith('runtime/') && path !== 'runtime/');
  expect(new Set(ofClient)).toEqual(new Set(foldersIn('runtime/')));
  const named = new Set(
    [...page.matchAll(/`((?:runtime|lib|bin|test|docs|bench|examples)\/(?:\w+\/)*)`/g)].map(([, path]) => path),
  );
  for (const path of [...foldersIn('runtime/'), 'lib/', 'bin/', 'test/', 'docs/', 'bench/', 'examples/']) {
    expect(named).toContain(path);
  }
  expect([...drawn, ...named].filter((path) => !existsSync(String(path)))).toEqual([]);
});

test('each file on the way of a call exists, and the page tells of the same ones in the same order', () => {
  const way = FOLDERS.flatMap(({ path, steps = [] }) => steps.map(({ file }) => join(path, file)));
  expect(way.filter((file) => !existsSync(file))).toEqual([]);
  const told = [...page.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file]) => file);
  expect(told).toEqual(way);
});

test('each file that the page speaks of exists', () => {
  const files = [...page.matchAll(/`((?:\w+\/)+[\w.-]+\.ts)`/g)].map(([, file]) => String(file));
  expect(files.length).toBeGreaterThan(12);
  expect(files.filter((file) => !existsSync(file))).toEqual([]);
});

test.each(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'examples/README.md'])(
  'what %s links to in this repository is there',
  (file) => {
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => String(link));
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => !existsSync(join(dirname(file), link)))).toEqual([]);
  },
);

test('from the README, one link leads to the rule of the takeover', () => {
  const [, link] =
    /\[[^\]]*take over[^\]]*\]\((docs\/protocol\.md#[\w-]+)\)/.exec(readFileSync('README.md', 'utf8')) ?? [];
  expect(link).toBe('docs/protocol.md#3-taking-over');
  expect(readFileSync('docs/protocol.md', 'utf8')).toMatch(/^## 3\. Taking over$/m);
});
