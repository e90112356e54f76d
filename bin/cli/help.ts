import { type CommandShape, type Option, optionsOf } from './command-line.js';

/** The help of the tool as a whole. */
export function overview(shapes: readonly CommandShape[]): string {
  const commands = rows(shapes.map(({ name, summary }) => [name, summary]));
  return `cdk-lynk: distributed locks on DynamoDB, on the command line

Usage: cdk-lynk COMMAND …

Commands:
${commands}

Options:
${rows([
  ['-h, --help', 'this text; after a command, the help of that command'],
  ['--version', 'the version of this tool'],
])}

Region, endpoint and credentials come from the usual AWS environment.
`;
}

/** The help of one command. */
export function helpOf(shape: CommandShape): string {
  const { name, synopsis, about, examples } = shape;
  return `Usage: cdk-lynk ${name} ${synopsis}

${about}

Options:
${rows(Object.entries(optionsOf(shape)).map(([long, option]) => [spelled(long, option), option.help]))}

Examples:
${examples.map(([line, what]) => `  # ${what}\n  ${line}`).join('\n')}
`;
}

function spelled(long: string, { short, value }: Option): string {
  const names = `${short === undefined ? '    ' : `-${short}, `}--${long}`;
  return value === undefined ? names : `${names} ${value}`;
}

function rows(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([left]) => left.length));
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
