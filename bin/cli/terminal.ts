import { createInterface } from 'node:readline/promises';

type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';

const CODES: Readonly<Record<Colour, readonly [on: number, off: number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** Where a command reads and writes. */
export interface Terminal {
  readonly isInteractive: boolean;
  /** Columns; undefined where it is none. */
  readonly width: number | undefined;
  print(text: string): void;
  complain(text: string): void;
  colour(colour: Colour, text: string): string;
  /** Asks a yes-or-no question; no is the default. */
  confirm(question: string): Promise<boolean>;
}

/** That of this process. Colours only where a person looks, and does not mind them (https://no-color.org). */
export function systemTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  // Whoever reads our output has stopped, as `head` does: there is nothing more to say.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  // Whoever read our complaints has stopped: that must not end what runs under a lock, nor its exit code.
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

/** Says one line on the error output. What a message quotes may be anybody's: it makes up no line, nor a colour. */
export function say(terminal: Terminal, message: string): void {
  terminal.complain(`cdk-lynk: ${printable(message)}\n`);
}

/** Control characters, and others that show nothing themselves: they move the cursor, or turn what follows around. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** JSON text that is safe to print, and stands for the same: such characters only ever stand in its strings. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value).replace(HARMFUL, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** What others wrote, safe to print. */
export function printable(text: string): string {
  return text.replace(HARMFUL, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
