import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Comment, Converter, JSX, PageEvent, ReflectionKind, RendererEvent } from 'typedoc';
import { entryPoints, GROUPS } from './pages.mjs';

/** Files that a browser would not show by the name they have: `.ts` is a film to a web server. */
const SOURCE = /\.(?:ts|mjs|py|md|ya?ml|pml)$/;

/** @param {import('typedoc').Application} app */
export function load(app) {
  const importedAs = new Map(Object.entries(entryPoints()).map(([name, path]) => [dirname(path), { name, path }]));

  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection) => {
    const entry = importedAs.get(reflection.name);
    if (!entry || !reflection.kindOf(ReflectionKind.Module)) return;
    reflection.name = entry.name;
    const text = summaryOf(entry.path);
    reflection.comment = new Comment([{ kind: 'text', text }]);
  });

  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, page) => {
    const group = Object.entries(GROUPS).find(([, pages]) => pages.includes(page.name))?.[0];
    page.frontmatter.group = group ?? 'Guides';
  });

  app.renderer.on(RendererEvent.BEGIN, ({ project }) => {
    // Addresses are made from the files' names by now; people read the titles.
    for (const page of project.documents ?? []) page.name = titleOf(`docs/${page.name}.md`);
  });

  // The theme folds every group up, and remembers what a reader did about it.
  app.renderer.hooks.on('head.begin', () => {
    const open = Object.keys(GROUPS).filter((group) => group !== 'Decisions');
    const html = `for (const group of ${JSON.stringify(open)}) localStorage.getItem('tsd-accordion-' + group) ?? localStorage.setItem('tsd-accordion-' + group, 'true')`;
    return JSX.createElement('script', null, JSX.createElement(JSX.Raw, { html }));
  });

  app.renderer.on(PageEvent.END, (page) => {
    page.contents = page.contents?.replace(/(<a [^>]*href="[^"#]*media\/[^"#]+)"/g, (link, target) =>
      SOURCE.test(target) ? `${target}.txt"` : link,
    );
  });

  app.renderer.on(RendererEvent.END, ({ outputDirectory }) => {
    const media = join(outputDirectory, 'media');
    for (const file of existsSync(media) ? readdirSync(media) : []) {
      if (SOURCE.test(file)) renameSync(join(media, file), join(media, `${file}.txt`));
    }
  });
}

/**
 * What an entry point says of itself in its first line, after its name.
 * @param {string} path
 */
function summaryOf(path) {
  const summary = /^\/\*\* [\w/-]+: (.+) \*\//.exec(readFileSync(path, 'utf8'))?.[1];
  if (summary === undefined) throw new Error(`${path} does not begin with what it is`);
  return summary.charAt(0).toUpperCase() + summary.slice(1);
}

/** @param {string} path */
function titleOf(path) {
  const title = /^# (.+)$/m.exec(readFileSync(path, 'utf8'))?.[1];
  if (title === undefined) throw new Error(`${path} has no title`);
  return title.replaceAll('`', '');
}
