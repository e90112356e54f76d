import { parseArgs } from 'node:util';
import { didYouMean } from './suggestion.js';

/** The exit codes of the tool itself; `run` also exits with the code of its command. docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** `show`: nobody holds the lock. `break`: the lock was left as it is. */
  no: 1,
  /** The command line cannot be used, as in sysexits.h. */
  usage: 64,
  /** The item of that name is no lock's entry. */
  data: 65,
  /** The table cannot be used, and another attempt would not help. */
  unusable: 69,
  /** A bug of this tool. */
  internal: 70,
  /** DynamoDB was not reached, or did not answer in time. A later run may succeed. */
  unavailable: 74,
  /** Another holds the lock. A later run may get it. */
  notGranted: 75,
  /** The lock was lost, and so the command was ended. */
  lost: 76,
  /** As in shells. */
  notExecutable: 126,
  notFound: 127,
  /** As in shells; the number of the signal is added. */
  signal: 128,
} as const;

/** A command line that cannot be used. The message names what is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** One option of a command. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** The placeholder for its value in the help; absent for a flag. */
  readonly value?: string;
  readonly help: string;
}

/** The arguments of a command, and the texts of its help. */
export interface CommandShape {
  readonly name: string;
  /** Other names that it answers to. */
  readonly aliases?: readonly string[];
  /** Its line in the list of all commands. */
  readonly summary: string;
  /** The text after the name, such as `NAME [options] -- COMMAND…`. */
  readonly synopsis: string;
  readonly about: string;
  /** The names of the arguments before `--`. */
  readonly operands: readonly string[];
  /** Whether a command to run follows after `--`. */
  readonly runsCommand?: boolean;
  /** Whether it asks DynamoDB nothing, so that it has no options for the connection. */
  readonly isLocal?: boolean;
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly (readonly [line: string, what: string])[];
}

/** Where DynamoDB is, and who asks it. */
const CONNECTION_OPTIONS: Readonly<Record<string, Option>> = {
  profile: { type: 'string', value: 'PROFILE', help: 'whose credentials and region to use, else AWS_PROFILE' },
  region: { type: 'string', value: 'REGION', help: 'the AWS region, else AWS_REGION' },
  'endpoint-url': { type: 'string', value: 'URL', help: 'where DynamoDB is, else AWS_ENDPOINT_URL_DYNAMODB' },
};

/** All options of a command, in the order of its help. */
export function optionsOf({ options, isLocal = false }: CommandShape): Readonly<Record<string, Option>> {
  const help: Option = { type: 'boolean', short: 'h', help: 'this text' };
  return { ...options, ...(isLocal ? {} : CONNECTION_OPTIONS), help };
}

/** The option that leaves out what is no result, no warning and no error. */
export function quietOption(help = 'print results, warnings and errors only'): Readonly<Record<string, Option>> {
  return { quiet: { type: 'boolean', short: 'q', help } };
}

export const TABLE_OPTION: Readonly<Record<string, Option>> = {
  table: { type: 'string', short: 't', value: 'TABLE', help: 'the lock table, else LYNK_TABLE_NAME' },
};

/** A parsed command line. */
export class CommandLine {
  private constructor(
    readonly operands: readonly string[],
    /** The arguments after `--`. */
    readonly command: readonly string[],
    private readonly values: Readonly<Record<string, string | boolean | undefined>>,
  ) {}

  /** @throws UsageError if the command line cannot be used */
  static parse(args: readonly string[], shape: CommandShape): CommandLine {
    const end = shape.runsCommand ? args.indexOf('--') : -1;
    const own = end < 0 ? args : args.slice(0, end);
    const command = end < 0 ? [] : args.slice(end + 1);
    const options = Object.fromEntries(
      Object.entries(optionsOf(shape)).map(([name, { type, short }]) => [
        name,
        short === undefined ? { type } : { type, short },
      ]),
    );
    let parsed: ReturnType<typeof parseArgs>;
    try {
      parsed = parseArgs({ args: [...own], options, allowPositionals: true, strict: true });
    } catch (error) {
      throw new UsageError(reasonOf(error, Object.keys(options)));
    }
    const line = new CommandLine(parsed.positionals, command, parsed.values as CommandLine['values']);
    if (!line.flag('help')) refuseOperands(line, shape, end >= 0);
    return line;
  }

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    if (value === '') throw new UsageError(`--${name} is empty`);
    return typeof value === 'string' ? value : undefined;
  }

  /**
   * The option's value, or else that of its environment variable, or else the fallback.
   * @throws UsageError unless the value is a number within these limits
   */
  number(name: string, fallback: number, { least, most, isWhole = false, unit = '', variable }: Limits): number {
    const given = this.text(name);
    const inherited = variable === undefined ? undefined : process.env[variable] || undefined;
    const text = given ?? inherited;
    if (text === undefined) return fallback;
    const number = text.trim() === '' ? Number.NaN : Number(text);
    if (number >= least && number <= most && (!isWhole || Number.isInteger(number))) return number;
    throw new UsageError(
      `${given === undefined ? variable : `--${name}`} is a ${isWhole ? 'whole ' : ''}number${unit && ` of ${unit}`} from ${least} to ${most}, got "${text}"`,
    );
  }
}

interface Limits {
  readonly least: number;
  readonly most: number;
  readonly isWhole?: boolean;
  /** The unit, in the plural; absent for a mere number. */
  readonly unit?: string;
  /** The environment variable that is read if the option is not given. */
  readonly variable?: string;
}

function refuseOperands(line: CommandLine, { operands, runsCommand }: CommandShape, hasEnd: boolean): void {
  const missing = operands[line.operands.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const extra = line.operands[operands.length];
  if (extra !== undefined && runsCommand && !hasEnd) {
    throw new UsageError(`unexpected "${extra}": put -- before the command to run`);
  }
  if (extra !== undefined) throw new UsageError(`unexpected argument "${extra}"`);
  if (runsCommand && line.command.length === 0) throw new UsageError('COMMAND is missing: what to run, after --');
  if (runsCommand && line.command[0] === '') throw new UsageError('COMMAND is empty');
}

/** Why the parser refused the command line, with the option's name. */
function reasonOf(error: unknown, options: readonly string[]): string {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') {
    const [option = 'an option'] = /--[a-z-]+/.exec(message) ?? [];
    return /does not take/.test(message)
      ? `${option} takes no value`
      : `${option} takes a value; one that begins with "-" goes like ${option}=-x`;
  }
  // Cuts off the advice on operands that look like options: no name here begins with a dash.
  const [first = message] = message.split('. To specify');
  const reason = `${first.charAt(0).toLowerCase()}${first.slice(1)}`.replaceAll("'", '"');
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return reason;
  const [, misspelt = ''] = /'--([^']+)'/.exec(first) ?? [];
  return reason + didYouMean(misspelt, options, '--');
}
