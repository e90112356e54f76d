import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';

/**
 * What a worker writes down about its sections, one JSON object a line. A section is one attempt to work
 * under a lock, from the call that acquires it to the answer to its release. The Python worker writes the
 * same lines.
 *
 * `at` is read before the thing it tells about happens, but for `refused` and `released`, where it is read
 * after. A worker may be stopped between that reading and the line: the line then comes late, its time is right.
 */
export type JournalLine = { readonly at: number; readonly section: string } & (
  | { readonly event: 'acquire'; readonly lock: string }
  /** The acquire ended without the lock. In doubt: a request of it had no answer, and may have landed. */
  | { readonly event: 'refused'; readonly inDoubt: boolean; readonly why: string }
  /** A check passed: from `at` until `until` the worker believes that it holds the lock. */
  | { readonly event: 'held'; readonly until: number }
  | { readonly event: 'read'; readonly value: number }
  /** The counter was written, or the write came too late to count. */
  | { readonly event: 'wrote'; readonly value: number; readonly accepted: boolean }
  /** A check failed: the worker stops believing. */
  | { readonly event: 'lost'; readonly why: string }
  /** The worker stops believing, and gives the lock back. */
  | { readonly event: 'release' }
  | { readonly event: 'released'; readonly confirmed: boolean }
);

/** Microseconds of the machine's monotonic clock, which all processes share, Python's `time.monotonic_ns` included. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** A file that gets one line at a time. What is written stays, however the process ends. */
export class Journal {
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'a');
  }

  write(line: object): void {
    writeSync(this.file, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.file);
  }
}

/** The lines of a journal. Its writer may have been killed before the first line, or in the middle of the last. */
export function readJournal<T>(path: string): T[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  const torn = lines.pop();
  if (torn) appendFileSync(`${path}.torn`, torn);
  return lines.map((line) => JSON.parse(line) as T);
}
