import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SITE } from './build.js';

const FOLDERS = ['functions', 'classes', 'interfaces', 'types', 'modules'];
const pages = (folder: string): string[] => readdirSync(join(SITE, folder)).map((file) => join(SITE, folder, file));
const html = (page: string): string => readFileSync(page, 'utf8');

const textOf = (part: string): string =>
  part
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
const commentsOf = (part: string): string[] =>
  [...part.matchAll(/<div class="tsd-comment tsd-typography">(.*?)<\/div>/gs)].map(([, text = '']) => textOf(text));
/** The text of the page's own column, without the navigation beside it. */
const contentOf = (page: string): string =>
  /<div class="col-content">(.*?)<div class="col-sidebar">/s.exec(html(page))?.[1] ?? '';

/** The items of the lists of parameters of a part of a page, without those of the functions that they take. */
function parametersOf(part: string): { readonly name: string; readonly hasText: boolean }[] {
  const lists = part.matchAll(/<ul class="tsd-parameter-list">(.*?)<\/ul>/gs);
  return [...lists].flatMap(([, list = '']) =>
    [...list.matchAll(/<li>(.*?)(?=<li>|$)/gs)].map(([, item = '']) => ({
      name: /<span class="tsd-kind-parameter">(.*?)<\/span>/.exec(item)?.[1] ?? textOf(item).slice(0, 40),
      hasText: commentsOf(item).some((text) => text !== ''),
    })),
  );
}

test('each function opens with what it does, not with what its module is', () => {
  const modules = pages('modules').map((page) => commentsOf(contentOf(page))[0] ?? '');
  expect(modules).toHaveLength(8);
  for (const page of pages('functions')) {
    const [first = ''] = commentsOf(contentOf(page));
    expect(first).not.toBe('');
    expect(first).not.toMatch(/^cdk-lynk[\w/]*: /);
    expect(modules).not.toContain(first);
  }
});

test('each parameter has a text', () => {
  const found = FOLDERS.flatMap((folder) =>
    pages(folder).flatMap((page) => parametersOf(contentOf(page)).map((parameter) => ({ page, ...parameter }))),
  );
  expect(found.length).toBeGreaterThan(200);
  expect(found.filter(({ hasText }) => !hasText).map(({ page, name }) => `${page}: ${name}`)).toEqual([]);
});

test('what overloads have in common is told once', () => {
  for (const name of ['withLock', 'tryWithLock', 'withLocks']) {
    const page = join(SITE, `functions/cdk-lynk_runtime.${name}.html`);
    const names = parametersOf(contentOf(page)).map((parameter) => parameter.name);
    expect(names.slice(1)).toEqual(['work', 'options']);
    expect(contentOf(page).match(/tsd-returns-title/g)).toHaveLength(1);
    const comments = commentsOf(contentOf(page));
    expect(new Set(comments).size).toBe(comments.length);
  }
});

test('an entry point lists what it exports under headings, each with a sentence', () => {
  const page = contentOf(join(SITE, 'modules/cdk-lynk_runtime.html'));
  const headings = [...page.matchAll(/<h2[^>]*>([^<]+)/g)].map(([, heading]) => heading);
  expect(headings.slice(0, 2)).toEqual(['Taking locks', 'Errors']);
  const summaries = [...page.matchAll(/<dd class="tsd-member-summary">(.*?)<\/dd>/gs)].map(([, text = '']) =>
    textOf(text),
  );
  expect(summaries.length).toBeGreaterThan(60);
  expect(summaries).not.toContain('');
});

test('the examples are highlighted', () => {
  const withExample = pages('functions').filter((path) => contentOf(path).includes('>Example<'));
  expect(withExample.length).toBeGreaterThan(15);
  for (const page of withExample) {
    expect(contentOf(page)).toMatch(/<pre><code class="[^"]*"><span class="hl-/);
  }
  expect(existsSync(join(SITE, 'assets/highlight.css'))).toBe(true);
});
