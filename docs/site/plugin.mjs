import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Comment, Converter, JSX, MinimalSourceFile, PageEvent, ReflectionKind, RendererEvent } from 'typedoc';
import { llmsText } from './agents.mjs';
import { categorize } from './categories.mjs';
import { examplePages } from './examples.mjs';
import { entryPoints, GROUPS } from './pages.mjs';
import { describeParameters, summaryOfEntry, Theme, undescribedParameters } from './reference.mjs';

/** Files that a browser would not show by the name they have: `.ts` is a film to a web server. */
const SOURCE = /\.(?:ts|mjs|py|md|ya?ml|pml)$/;

/** @param {import('typedoc').Application} app */
export function load(app) {
  const importedAs = new Map(Object.entries(entryPoints()).map(([name, path]) => [dirname(path), { name, path }]));
  const examples = examplePages();
  app.renderer.defineTheme('cdk-lynk', Theme);

  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection) => {
    const entry = importedAs.get(reflection.name);
    if (!entry || !reflection.kindOf(ReflectionKind.Module)) return;
    reflection.name = entry.name;
    const text = summaryOfEntry(entry.path);
    reflection.comment = new Comment([{ kind: 'text', text }]);
  });

  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, page) => {
    const group = Object.entries(GROUPS).find(([, pages]) => pages.includes(page.name))?.[0];
    page.frontmatter.group = page.name.startsWith('examples/') ? 'Examples' : (group ?? 'Guides');
  });

  app.converter.on(Converter.EVENT_BEGIN, ({ project }) => {
    for (const { name, path, text } of examples)
      app.converter.addDocument(project, new MinimalSourceFile(text, path), name);
  });

  app.converter.on(
    Converter.EVENT_RESOLVE_BEGIN,
    ({ project }) => {
      dropCommentsOfFiles(project);
      categorize(project);
    },
    // Before TypeDoc looks for categories.
    1000,
  );

  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    describeParameters(project);
    for (const one of undescribedParameters(project)) app.logger.warn(`${one} has no text`);
  });

  app.renderer.on(RendererEvent.BEGIN, ({ project }) => {
    // Addresses are made from the files' names by now; people read the titles.
    for (const page of project.documents ?? []) {
      const example = examples.find(({ name }) => name === page.name);
      page.name = titleOf(page.name, example?.text ?? readFileSync(`docs/${page.name}.md`, 'utf8'));
    }
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
    writeFileSync(join(outputDirectory, 'llms.txt'), llmsText());
  });
}

/**
 * A file's first comment says what the file is. TypeDoc also takes it for that of the file's first export.
 * @param {import('typedoc').ProjectReflection} project
 */
function dropCommentsOfFiles(project) {
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    for (const child of module.children ?? []) {
      const text = child.comment?.summary.map((part) => part.text).join('') ?? '';
      if (text.startsWith(`${module.name}: `)) delete child.comment;
    }
  }
}

/** @param {string} name @param {string} text */
function titleOf(name, text) {
  const title = /^# (.+)$/m.exec(text)?.[1];
  if (title === undefined) throw new Error(`${name} has no title`);
  return title.replaceAll('`', '');
}
