import { readFileSync } from 'node:fs';
import type { Mutant, Span } from './report.js';

/** A mutant that no test notices, told apart from others wherever its line moves. */
export interface Survivor {
  readonly file: string;
  readonly mutator: string;
  readonly original: string;
  readonly replacement: string;
}

/** A survivor, and why none of the tests can notice it, or need not. */
export interface Explained extends Survivor {
  readonly reason: string;
}

/** What of an original or a replacement is compared: the rest would tell nothing more apart. */
const LONGEST_TEXT = 100;

const CODE = '(`+) ?(.*?) ?';
const LINE = new RegExp(`^- (\\w+): ${CODE}\\2 → ${CODE}\\4: (\\S.*)$`);

/** The explanations in survivors.md: a heading for each file, a line for each survivor, as `lineOf` writes it. */
export function explainedIn(markdown: string): Explained[] {
  const explained: Explained[] = [];
  let file = '';
  for (const line of markdown.split('\n')) {
    if (line.startsWith('## ')) file = line.slice(3);
    if (!line.startsWith('- ')) continue;
    const [, mutator = '', , original = '', , replacement = '', reason = ''] = LINE.exec(line) ?? [];
    if (reason === '') throw new Error(`survivors.md: no survivor, or no reason: ${line}`);
    explained.push({ file, mutator, original, replacement, reason });
  }
  return explained;
}

export function readExplained(): Explained[] {
  return explainedIn(readFileSync('test/mutation/survivors.md', 'utf8'));
}

/** The mutant, as survivors.md knows it. */
export function survivorOf(file: string, source: string, mutant: Mutant): Survivor {
  return {
    file,
    mutator: mutant.mutatorName,
    original: compact(between(source, mutant.location)),
    replacement: compact(mutant.replacement ?? ''),
  };
}

/** The survivor's line in survivors.md, but for the reason. */
export function lineOf({ mutator, original, replacement }: Survivor): string {
  return `- ${mutator}: ${quoted(original)} → ${quoted(replacement)}:`;
}

function between(source: string, { start, end }: Span): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  // From the end, as both may be on one line.
  lines.push((lines.pop() ?? '').slice(0, end.column - 1));
  lines.unshift((lines.shift() ?? '').slice(start.column - 1));
  return lines.join('\n');
}

function compact(text: string): string {
  const oneLine = text.replaceAll(/\s+/g, ' ').trim();
  return oneLine.length <= LONGEST_TEXT ? oneLine : `${oneLine.slice(0, LONGEST_TEXT - 1)}…`;
}

/** As code in Markdown, whatever backticks it has. */
function quoted(text: string): string {
  if (text === '') return '` `';
  return text.includes('`') ? `\`\`\` ${text} \`\`\`` : `\`${text}\``;
}
