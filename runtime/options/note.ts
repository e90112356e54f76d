import { LockOptionError } from '../errors.js';
import { shown } from './validate.js';

/** What a holder's note may take as JSON text, in UTF-8 bytes. */
export const LONGEST_NOTE_BYTES = 1024;
/**
 * The longest text that is read as a note: a single flight's result, and what goes around it. A longer one is nobody's
 * of ours, and may be nested so deeply that whoever prints what it stands for overflows the stack.
 */
const LONGEST_READ_LENGTH = 4096 + 64;

/**
 * The JSON text of a note, as an entry keeps it; undefined where none is given.
 * @throws LockOptionError where it is no JSON value, or longer than `mostBytes`
 */
export function checkedNote(data: unknown, mostBytes = LONGEST_NOTE_BYTES): string | undefined {
  if (data === undefined) return undefined;
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (cause) {
    throw new LockOptionError(
      `data is a JSON value, got ${shown(data)}: ${cause instanceof Error ? cause.message : cause}`,
      {
        cause,
      },
    );
  }
  if (text === undefined) throw new LockOptionError(`data is a JSON value, got ${shown(data)}`);
  const bytes = Buffer.byteLength(text);
  if (bytes <= mostBytes) return text;
  throw new LockOptionError(
    `data has at most ${mostBytes} bytes as JSON text, got ${bytes}; keep it elsewhere, and say here where it is`,
  );
}

/** The note that a text stands for; undefined where it is no JSON, or too long: somebody else's may be anything. */
export function noteFrom(text: string | undefined): unknown {
  if (text === undefined || text.length > LONGEST_READ_LENGTH) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
