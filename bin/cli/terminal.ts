import { createInterface } from 'node:readline/promises';

type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';

const CODES: Readonly<Record<Colour, readonly [on: number, off: number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** The input and output of a command. */
export interface Terminal {
  readonly isInteractive: boolean;
  /** Columns; undefined if the output is no terminal. */
  readonly width: number | undefined;
  /** Whether remarks are left out. */
  readonly isQuiet?: boolean;
  print(text: string): void;
  complain(text: string): void;
  colour(colour: Colour, text: string): string;
  /** Asks a yes-or-no question; no is the default. */
  confirm(question: string): Promise<boolean>;
}

/** The terminal of this process. It has colours only on a terminal, and not with NO_COLOR (https://no-color.org). */
export function systemTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  // The reader of the output has ended, like `head`: there is nothing more to do.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  // If the reader of the error output ends, the command under the lock has to go on, with its own exit code.
  stderr.on('error', () => {});
  const hasColours = stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  return {
    isInteractive: stdin.isTTY === true && stdout.isTTY === true,
    get width() {
      return stdout.isTTY ? stdout.columns : undefined;
    },
    print: (text) => void stdout.write(text),
    complain: (text) => void stderr.write(text),
    colour: (colour, text) => {
      const [on, off] = CODES[colour];
      return hasColours ? `\u001b[${on}m${text}\u001b[${off}m` : text;
    },
    confirm: async (question) => {
      const lines = createInterface({ input: stdin, output: stdout });
      try {
        return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
      } finally {
        lines.close();
      }
    },
  };
}

/** What an error says, with the reason if DynamoDB did not answer. */
export function messageOf(error: unknown): string {
  const { cause, message = String(error) } = error instanceof Error ? error : {};
  const why = cause instanceof Error ? cause.message || cause.name : '';
  return why === '' || message.includes(why) ? message : `${message}: ${why}`;
}

/** The same terminal without remarks. */
export function quietly(terminal: Terminal): Terminal {
  return Object.create(terminal, { isQuiet: { value: true } });
}

/** Prints what is good to know but is no result, no warning and no error. */
export function remark(terminal: Terminal, message: string): void {
  if (!terminal.isQuiet) say(terminal, message);
}

/** Prints one line on the error output. Control characters that the message quotes are shown, not sent. */
export function say(terminal: Terminal, message: string): void {
  terminal.complain(`cdk-lynk: ${printable(message)}\n`);
}

/** Control characters and other invisible ones: they move the cursor, or reverse the text that follows. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** JSON text that is safe to print, and has the same value: such characters are only in its strings. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value).replace(HARMFUL, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** A text by others, made safe to print. */
export function printable(text: string): string {
  return text.replace(HARMFUL, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
