import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { deadLinks, htmlFiles, targetsOf } from './links.js';

const SITE = '.cache/site';
const run = promisify(execFile);

/** Fails where TypeDoc warns: of a link it cannot resolve, of what is exported without a word about it. */
beforeAll(async () => {
  rmSync(SITE, { recursive: true, force: true });
  await run('npm', ['run', '--silent', 'docs']);
});

test('no link, anchor or image of the site leads nowhere', () => {
  const pages = htmlFiles(SITE);
  expect(pages.length).toBeGreaterThan(80);
  expect(pages.flatMap((page) => targetsOf(readFileSync(page, 'utf8'))).length).toBeGreaterThan(2000);
  expect(deadLinks(SITE)).toEqual([]);
});

test('each page of docs/, and each decision, is a page of the site, by its title', () => {
  const decisions = readdirSync('docs/decisions').map((file) => `decisions/${file}`);
  const pages = [...readdirSync('docs').filter((name) => name.endsWith('.md')), ...decisions];
  expect(pages.length).toBeGreaterThan(15);
  for (const page of pages) {
    const [, title] = /^# (.+)$/m.exec(readFileSync(`docs/${page}`, 'utf8')) ?? [];
    const html = readFileSync(`${SITE}/documents/${page.replace('/', '_').replace(/md$/, 'html')}`, 'utf8');
    const [, shown] = /<title>(.*?)<\/title>/.exec(html.replaceAll('&#39;', "'").replaceAll('&quot;', '"')) ?? [];
    expect(shown).toBe(`${title?.replaceAll('`', '')} | cdk-lynk`);
  }
});

test('each entry point of the package is a module of the reference, by the name one imports', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
  const modules = readdirSync(`${SITE}/modules`).map((file) => basename(file, '.html'));
  expect(new Set(modules)).toEqual(new Set(entries.map((entry) => `cdk-lynk${entry.slice(1).replaceAll('/', '_')}`)));
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
