import { setTimeout as sleep } from 'node:timers/promises';
import type { LockFactory, LockInspection, LynkError } from '../../runtime/index.js';
import { type CommandLine, type CommandShape, EXIT, quietOption, TABLE_OPTION, UsageError } from './command-line.js';
import { tableOf } from './description.js';
import { locksOf, settleConnection, tableNameOf } from './locks.js';
import { onceInterrupted } from './signals.js';
import { jsonOf, printable, say, type Terminal } from './terminal.js';
import { WatchPicture } from './watch-picture.js';

const CLEAR_SCREEN = '\u001b[2J';
const HOME = '\u001b[H';
const CLEAR_REST = '\u001b[J';

export const LS: CommandShape = {
  name: 'ls',
  aliases: ['list'],
  summary: 'list the locks that are held',
  synopsis: '[options]',
  about: `Lists the locks of a table: who holds them, when the holder wrote last, and when they are free at the
latest. It reads the whole table, eventually consistent.

STATE is held, dead (its lease ended without a refresh), broken, released (but taken for the rest of its
lease) or free. held? means that the entry has no time in it, so one poll cannot tell whether its holder
lives; with --watch, a dead one shows after a lease.`,
  operands: [],
  options: {
    ...TABLE_OPTION,
    prefix: { type: 'string', short: 'p', value: 'TEXT', help: 'only locks whose names begin like this' },
    all: { type: 'boolean', short: 'a', help: 'also free locks whose entries are kept' },
    json: { type: 'boolean', help: 'as a JSON array' },
    watch: { type: 'boolean', short: 'w', help: 'poll again and again, until interrupted' },
    interval: { type: 'string', value: 'SECONDS', help: 'from one poll to the next, with --watch (2)' },
    svg: { type: 'string', value: 'FILE', help: 'with --watch: draw who held which lock so far' },
    ...quietOption(),
  },
  examples: [
    ['cdk-lynk ls --table my-locks', 'all locks that are held'],
    ['cdk-lynk ls -t my-locks --prefix account/ --watch', 'some of them, live'],
    ['cdk-lynk ls --watch --svg locks.svg', 'and a picture of who held which lock when'],
    ["cdk-lynk ls --json | jq -r '.[] | select(.looksDead) | .name'", 'the names of locks whose holders look dead'],
  ],
};

export async function ls(line: CommandLine, terminal: Terminal): Promise<number> {
  const isWatched = line.flag('watch');
  for (const option of ['interval', 'svg']) {
    if (!isWatched && line.text(option) !== undefined) throw new UsageError(`--${option} goes with --watch`);
  }
  const intervalSeconds = line.number('interval', 2, { least: 0.1, most: 3600, unit: 'seconds' });
  settleConnection(line);
  const locks = await locksOf(line, terminal);
  if (isWatched) return watch(locks, line, terminal, intervalSeconds);
  terminal.print(shown(await collect(locks, line, terminal), line, terminal));
  return EXIT.ok;
}

/** Polls until interrupted. Goes on if DynamoDB does not answer, but not if the table cannot be used. */
async function watch(
  locks: LockFactory,
  line: CommandLine,
  terminal: Terminal,
  intervalSeconds: number,
): Promise<number> {
  const isScreen = terminal.width !== undefined && !line.flag('json');
  const path = line.text('svg');
  const picture = path === undefined ? undefined : new WatchPicture(path, tableNameOf(line));
  const interrupted = onceInterrupted();
  const { signal } = interrupted;
  try {
    for (let polls = 0; ; polls += 1) {
      let text: string;
      try {
        const found = await collect(locks, line, terminal, signal);
        picture?.add(found, Date.now());
        text = shown(found, line, terminal);
      } catch (error) {
        if (signal.aborted || (error as LynkError).name !== 'LockUnavailableError') throw error;
        text = `${printable((error as LynkError).message)}\n`;
      }
      picture?.save();
      const title = isScreen ? `${polls === 0 ? CLEAR_SCREEN : ''}${HOME}${titleOf(terminal, intervalSeconds)}` : '';
      terminal.print(isScreen ? `${title}${text.replaceAll('\n', '\u001b[K\n')}${CLEAR_REST}` : text);
      await sleep(intervalSeconds * 1000, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    picture?.save();
    return EXIT.ok;
  } finally {
    interrupted.stop();
  }
}

function titleOf(terminal: Terminal, intervalSeconds: number): string {
  const now = new Date().toISOString().slice(11, 19);
  return `${terminal.colour('dim', `${now} UTC, every ${intervalSeconds} s; Ctrl-C ends`)}\u001b[K\n`;
}

async function collect(
  locks: LockFactory,
  line: CommandLine,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<LockInspection[]> {
  const found: LockInspection[] = [];
  const onMalformed = (error: LynkError): void => say(terminal, error.message);
  const options = { prefix: line.text('prefix'), includeFree: line.flag('all'), onMalformed, signal };
  for await (const lock of locks.list(options)) found.push(lock);
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function shown(locks: readonly LockInspection[], line: CommandLine, terminal: Terminal): string {
  if (line.flag('json')) return `${jsonOf(locks)}\n`;
  if (locks.length > 0) return tableOf(locks, terminal);
  return terminal.isQuiet ? '' : 'no lock is held\n';
}
