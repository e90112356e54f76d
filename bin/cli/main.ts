import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BREAK, breakLock } from './break.js';
import { CommandLine, type CommandShape, EXIT, UsageError } from './command-line.js';
import { COMPLETION, completion } from './completion.js';
import { END_GROUP, endSharedGroup } from './guardian.js';
import { helpOf, overview } from './help.js';
import { LS, ls } from './ls.js';
import { RUN, run } from './run.js';
import { SHOW, show } from './show.js';
import { didYouMean } from './suggestion.js';
import { TABLES, tables } from './tables.js';
import { messageOf, printable, quietly, say, type Terminal } from './terminal.js';

type Command = (line: CommandLine, terminal: Terminal) => Promise<number>;

const COMMANDS: readonly (readonly [CommandShape, Command])[] = [
  [RUN, run],
  [LS, ls],
  [SHOW, show],
  [BREAK, breakLock],
  [TABLES, tables],
  [COMPLETION, async (line, terminal) => completion(line, terminal, SHAPES)],
];
const SHAPES = COMMANDS.map(([shape]) => shape);

/** Runs one command line, and resolves to the exit code. Never rejects. */
export async function main([name, ...args]: readonly string[], terminal: Terminal): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    terminal.print(overview(SHAPES));
    return EXIT.ok;
  }
  if (name === '--version') {
    terminal.print(`${versionOfPackage()}\n`);
    return EXIT.ok;
  }
  if (name === END_GROUP) return endSharedGroup(args);
  const found = COMMANDS.find(([shape]) => namesOf(shape).includes(name ?? ''));
  try {
    if (name === undefined) throw new UsageError('which command?');
    if (!found) throw new UsageError(unknown(name));
    const [shape, command] = found;
    if (asksForHelp(args)) {
      terminal.print(helpOf(shape));
      return EXIT.ok;
    }
    const line = CommandLine.parse(args, shape);
    return await command(line, line.flag('quiet') ? quietly(terminal) : terminal);
  } catch (error) {
    return complain(error, found?.[0], terminal);
  }
}

function namesOf({ name, aliases = [] }: CommandShape): readonly string[] {
  return [name, ...aliases];
}

function unknown(name: string): string {
  const suggestion = didYouMean(name, SHAPES.flatMap(namesOf));
  const names = SHAPES.map((shape) => shape.name).join(', ');
  return `there is no command "${name}"${suggestion || `; there are ${names}`}`;
}

/** Checks only the arguments before `--`: those after it belong to the command. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === '--help' || arg === '-h');
}

/** Prints what went wrong in one line, for people. Returns the exit code. */
function complain(error: unknown, shape: CommandShape | undefined, terminal: Terminal): number {
  const { name = 'Error' } = error instanceof Error ? error : {};
  say(terminal, messageOf(error));
  switch (name) {
    case 'UsageError':
      terminal.complain(`See cdk-lynk ${shape ? `${shape.name} ` : ''}--help\n`);
      return EXIT.usage;
    case 'LockOptionError':
      return EXIT.usage;
    case 'BreakRefusedError':
      return EXIT.no;
    case 'LockEntryError':
      return EXIT.data;
    case 'LockUnavailableError':
      return EXIT.unavailable;
    case 'LockTableError':
    case 'LynkError':
    case 'MissingPackageError':
      return EXIT.unusable;
    default:
      if (process.env['CDK_LYNK_DEBUG'] && error instanceof Error) {
        terminal.complain(`${error.stack?.split('\n').map(printable).join('\n')}\n`);
      }
      return EXIT.internal;
  }
}

function versionOfPackage(): string {
  for (let folder = dirname(realpathSync(process.argv[1] ?? '.')); ; folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (name === 'cdk-lynk') return version;
    } catch {
      // Not in this folder.
    }
    if (folder === dirname(folder)) return 'unknown';
  }
}
