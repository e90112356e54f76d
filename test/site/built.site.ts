import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { inflateSync } from 'node:zlib';
import { SITE } from './build.js';
import { deadLinks, htmlFiles, targetsOf } from './links.js';

test('no link, anchor or image of the site leads nowhere', () => {
  const pages = htmlFiles(SITE);
  expect(pages.length).toBeGreaterThan(80);
  expect(pages.flatMap((page) => targetsOf(readFileSync(page, 'utf8'))).length).toBeGreaterThan(2000);
  expect(deadLinks(SITE)).toEqual([]);
});

/** What the theme's search looks things up in: lunr's index. */
interface SearchData {
  readonly rows: readonly { readonly name: string }[];
  readonly index: object;
}
const { Index } = createRequire(resolve('node_modules/typedoc/package.json'))('lunr') as {
  readonly Index: { load(index: object): { search(word: string): readonly { readonly ref: string }[] } };
};
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

test('each page of docs/, and each decision, is a page of the site, by its title', () => {
  const decisions = readdirSync('docs/decisions').map((file) => `decisions/${file}`);
  const pages = [...readdirSync('docs').filter((name) => name.endsWith('.md')), ...decisions];
  expect(pages.length).toBeGreaterThan(15);
  for (const page of pages) {
    const [, title] = /^# (.+)$/m.exec(readFileSync(`docs/${page}`, 'utf8')) ?? [];
    const html = readFileSync(`${SITE}/documents/${page.replace('/', '_').replace(/md$/, 'html')}`, 'utf8');
    const [, shown] = /<title>(.*?)<\/title>/.exec(html.replaceAll('&#39;', "'").replaceAll('&quot;', '"')) ?? [];
    expect(shown).toBe(`${title?.replaceAll('`', '')} | cdk-lynk - v${version}`);
  }
});

test('each entry point of the package is a module of the reference, by the name one imports', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
  const modules = readdirSync(`${SITE}/modules`).map((file) => basename(file, '.html'));
  expect(new Set(modules)).toEqual(new Set(entries.map((entry) => `cdk-lynk${entry.slice(1).replaceAll('/', '_')}`)));
});

test('search finds pages by the words that others use', () => {
  const [, packed = ''] = /"(.+)"/s.exec(readFileSync(`${SITE}/assets/search.js`, 'utf8')) ?? [];
  const { rows, index } = JSON.parse(inflateSync(Buffer.from(packed, 'base64')).toString()) as SearchData;
  const search = Index.load(index);
  for (const word of ['mutex', 'singleton', 'redlock', 'unlock', 'cron', 'terraform']) {
    const found = search.search(word).map(({ ref }) => rows[Number(ref)]?.name);
    expect(found.slice(0, 10)).toContain('Glossary');
  }
});

test('each example is a page, with imports of the package', () => {
  const pages = readdirSync(`${SITE}/documents`).filter((file) => file.startsWith('examples_'));
  const folders = readdirSync('examples', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders
    .map(({ name }) => `examples_${name}.html`)
    .filter((name) => name !== 'examples_quickstart.html');
  expect(pages.sort()).toEqual(names.sort());
  for (const page of pages) {
    const text = readFileSync(`${SITE}/documents/${page}`, 'utf8').replaceAll(/<[^>]+>/g, '');
    expect(text).toMatch(/from &#39;cdk-lynk|cdk-lynk run/);
    expect(text).not.toMatch(/\.\.\/(runtime|lib)\//);
  }
});

test('llms.txt lists all pages, and each address in it is there', () => {
  const targets = [...readFileSync(`${SITE}/llms.txt`, 'utf8').matchAll(/\]\(([^)]+)\)/g)].map(
    ([, target = '']) => target,
  );
  expect(targets.filter((target) => !existsSync(join(SITE, target)))).toEqual([]);
  const pages = readdirSync(`${SITE}/documents`).map((file) => `documents/${file}`);
  expect(new Set(targets)).toEqual(new Set(pages));
});

test('boxes, captions and labels of cells are in the pages', () => {
  const page = (name: string): string => readFileSync(`${SITE}/documents/${name}.html`, 'utf8');
  expect(page('common-mistakes')).toContain('class="tsd-alert tsd-alert-warning"');
  expect(page('common-mistakes')).not.toContain('[!WARNING]');
  expect(page('fencing')).toMatch(/<figure><img [^>]*>\s*<figcaption>A frozen holder/);
  expect(page('operations')).toContain('<td data-label="go to">');
});

test('what is linked as a source file has a name that browsers show as text', () => {
  const served = readdirSync(`${SITE}/media`).map((file) => file.replace(/^.*\.(?=[^.]+$)/, ''));
  expect(served).toContain('txt');
  expect(served.filter((ending) => !['txt', 'svg', 'png'].includes(ending))).toEqual([]);
});

test('a dead page, a dead anchor and a dead image are found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-links-'));
  try {
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'index.html'), '<a href="deep/page.html#there">a</a> <a href="https://a.example">b</a>');
    const images = '<source srcset="dark.svg 1x, light.svg 2x"/><img alt="" src="gone.png"/>';
    const links = '<a class="a" href="../index.html">a</a><a href="../gone.html">b</a><a href="#nowhere">c</a>';
    writeFileSync(join(folder, 'deep/page.html'), `<h1 id="there">t</h1>${links}${images}`);
    writeFileSync(join(folder, 'deep/dark.svg'), '<svg/>');

    expect(deadLinks(folder)).toEqual(
      ['../gone.html', '#nowhere', 'gone.png', 'light.svg'].map((target) => `deep/page.html -> ${target}`),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
