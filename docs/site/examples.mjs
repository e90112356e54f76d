import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';

const FOLDER = 'examples';
/** What a reader's own code imports in place of the source. */
const IMPORTS = [
  [/(['"])(?:\.\.\/)+runtime\/index\.js\1/g, "'cdk-lynk/runtime'"],
  [/(['"])(?:\.\.\/)+runtime\/testing\/index\.js\1/g, "'cdk-lynk/testing'"],
  [/(['"])(?:\.\.\/)+runtime\/(\w+)\/index\.js\1/g, "'cdk-lynk/runtime/$2'"],
  [/(['"])(?:\.\.\/)+lib\/index\.js\1/g, "'cdk-lynk'"],
];
const LANGUAGES = { '.ts': 'ts', '.py': 'python', '.yml': 'yaml' };

/**
 * A page for each example that has a stack or is a test to copy: what examples/README.md says of it, and its files.
 * @returns {{ name: string, path: string, text: string }[]}
 */
export function examplePages() {
  const table = readFileSync(join(FOLDER, 'README.md'), 'utf8');
  return [...table.matchAll(/^\| \[`([\w-]+)`\]\([\w-]+\/\) +\| (.+?) +\|$/gm)]
    .filter(([, name]) => name !== 'quickstart')
    .map(([, name = '', summary = '']) => ({
      name: `examples/${name}`,
      path: join(FOLDER, name, 'README.md'),
      text: pageOf(name, summary),
    }));
}

/** @param {string} name @param {string} summary */
function pageOf(name, summary) {
  const files = filesOf(join(FOLDER, name)).map((path) => {
    const code = IMPORTS.reduce((text, [from, to]) => text.replaceAll(from, to), readFileSync(path, 'utf8'));
    return `## ${path.slice(FOLDER.length + name.length + 2)}\n\n\`\`\`\`${LANGUAGES[extname(path)]}\n${code}\`\`\`\`\n`;
  });
  const sentence = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  return `# Example: ${name}\n\n${sentence} It is in \`examples/${name}\`, and a test runs it.\n\n${files.join('\n')}`;
}

/** Handlers first, then what they use, stacks, tests. @param {string} folder @returns {string[]} */
function filesOf(folder) {
  const rank = (/** @type {string} */ path) =>
    ['handler.', '', 'stack.', '.test.'].findLastIndex(
      (part) => path.includes(part) && (part || !path.includes('handler.')),
    );
  return readdirSync(folder)
    .flatMap((file) =>
      statSync(join(folder, file)).isDirectory() ? filesOf(join(folder, file)) : [join(folder, file)],
    )
    .filter((path) => extname(path) in LANGUAGES && !path.endsWith('.config.ts'))
    .sort((one, other) => rank(one) - rank(other) || one.localeCompare(other));
}
