import { readFileSync } from 'node:fs';

const PAGE = 'docs/without-cdk.md';

/** docs/without-cdk.md, as it is printed. */
const page = readFileSync(PAGE, 'utf8');

/** What the page says under this heading. */
export function section(heading: string): string {
  const from = page.indexOf(`\n## ${heading}\n`);
  if (from < 0) throw new Error(`${PAGE} has no section "${heading}"`);
  const to = page.indexOf('\n## ', from + 1);
  return page.slice(from, to < 0 ? undefined : to);
}

/** The one block of this language under this heading, also where a list indents it. */
export function block(heading: string, language: string): string {
  const found = blocks(heading, language);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`"${heading}" has ${found.length} such blocks`);
  return found[0];
}

export function blocks(heading: string, language: string): string[] {
  const fenced = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^\\1\`\`\`$`, 'gm');
  return [...section(heading).matchAll(fenced)].map(([, , text]) => text ?? '');
}

/** The rows of the first table under this heading that has this text in its first line, cell by cell. */
export function tableRows(heading: string, inHead: string): string[][] {
  const tables = section(heading).match(/(?:^\|.*\n)+/gm) ?? [];
  const table = tables.find((one) => one.split('\n')[0]?.includes(inHead)) ?? '';
  const lines = table.trim().split('\n').slice(2);
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What stands in code marks, in order. */
export function codes(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '');
}
