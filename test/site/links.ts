import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ELSEWHERE = /^(?:[a-z][a-z+.-]*:|\/\/)/i;

/** The links of a built site that lead nowhere: each as `page -> target`. Other sites' pages are not fetched. */
export function deadLinks(site: string): string[] {
  const dead = new Set<string>();
  for (const page of htmlFiles(site)) {
    for (const target of targetsOf(readFileSync(page, 'utf8'))) {
      if (!ELSEWHERE.test(target) && !isThere(page, target)) dead.add(`${relative(site, page)} -> ${target}`);
    }
  }
  return [...dead];
}

export function htmlFiles(site: string): string[] {
  return readdirSync(site, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.html'))
    .map((file) => join(site, file));
}

/** What a page links to, and the images, styles and scripts that it loads. */
export function targetsOf(html: string): string[] {
  const single = [...html.matchAll(/<[a-z][^>]*?\s(?:href|src)="([^"]*)"/gi)].map(([, target]) => target ?? '');
  const sets = [...html.matchAll(/<[a-z][^>]*?\ssrcset="([^"]*)"/gi)].flatMap(([, set]) => (set ?? '').split(','));
  const all = [...single, ...sets.map((candidate) => candidate.trim().split(/\s/)[0] ?? '')];
  return all.map((target) => target.replaceAll('&amp;', '&')).filter((target) => target !== '' && target !== '#');
}

function isThere(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : join(dirname(page), decodeURIComponent(path.split('?')[0] ?? ''));
  if (!existsSync(file) || !statSync(file).isFile()) return false;
  return anchor === undefined || anchor === '' || idsOf(file).has(decodeURIComponent(anchor));
}

const known = new Map<string, ReadonlySet<string | undefined>>();

/** Also those of a file of symbols, from which the theme draws its icons. */
function idsOf(file: string): ReadonlySet<string | undefined> {
  const ids =
    known.get(file) ??
    new Set([...readFileSync(file, 'utf8').matchAll(/<[a-z][^>]*?\sid="([^"]*)"/gi)].map(([, id]) => id));
  known.set(file, ids);
  return ids;
}
