import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { examplePages } from './examples.mjs';
import { pagesByGroup } from './pages.mjs';

/** What llms.txt lists: each page with its first sentence. Its form is that of llmstxt.org. */
export function llmsText() {
  const { name, description } = JSON.parse(readFileSync('package.json', 'utf8'));
  const groups = Object.entries({ ...pagesByGroup(), Examples: examplePages().map(({ name }) => name) });
  const lists = groups.map(([group, pages]) => `## ${group}\n\n${pages.map(lineOf).join('\n')}\n`);
  const agents =
    'Read [for coding agents](documents/agents.html) first: how to use the library rightly, with the traps.';
  return `# ${name}\n\n> ${description}\n\n${agents}\n\n${lists.join('\n')}`;
}

/** @param {string} page */
function lineOf(page) {
  const text = examplePages().find(({ name }) => name === page)?.text ?? readFileSync(`docs/${page}.md`, 'utf8');
  const [, title = basename(page)] = /^# (.+)$/m.exec(text) ?? [];
  const [first = ''] = text.split('\n\n').filter((block) => /^[A-Za-z`*[]/.test(block));
  const [sentence = ''] = first.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').split(/(?<=[.:])\s/);
  return `- [${title.replaceAll('`', '')}](documents/${page.replace('/', '_')}.html): ${sentence.replace(/:$/, '.')}`;
}
