import type { LockInspection } from '../../runtime/index.js';
import { printable, type Terminal } from './terminal.js';

/** The widest cell on a terminal, in characters. */
const WIDEST = 48;
const GAP = '  ';
const HEADERS = ['NAME', 'STATE', 'HOLDER', 'LAST SEEN', 'EXPIRES', 'NOTE'] as const;
const STATE_COLUMN = 1;

/** The state of a lock, in one word. */
export type State = 'held' | 'held?' | 'dead' | 'broken' | 'released' | 'free';

export function stateOf(lock: LockInspection): State {
  if (lock.isFree) return 'free';
  if (lock.looksDead) return 'dead';
  if (lock.isBroken) return 'broken';
  if (lock.isReleased) return 'released';
  return lock.looksDead === undefined ? 'held?' : 'held';
}

function colouredState(state: State, terminal: Terminal): string {
  const colour = (
    { held: 'green', 'held?': 'green', dead: 'red', broken: 'yellow', released: 'dim', free: 'dim' } as const
  )[state];
  return terminal.colour(colour, state);
}

/** How long ago the holder wrote last, by DynamoDB's clock. */
function lastSeen({ lastSignOfLife, inspectedAt }: LockInspection): string {
  if (!lastSignOfLife || !inspectedAt) return 'unknown';
  const agoSeconds = (inspectedAt.getTime() - lastSignOfLife.getTime()) / 1000;
  // The holder's clock is wrong. A difference of 2 s is normal.
  return agoSeconds < -2 ? `${duration(-agoSeconds)} ahead` : `${duration(agoSeconds)} ago`;
}

/** When the lock is free at the latest, if nobody refreshes it. */
export function expires({ holder }: LockInspection): string {
  if (!holder) return '';
  const seconds = Math.ceil(holder.remainingSeconds);
  return seconds <= 0 ? 'now' : `in ${duration(seconds)}`;
}

function note({ data }: LockInspection): string {
  if (data === undefined) return '';
  return printable(typeof data === 'string' ? data : JSON.stringify(data));
}

/** A duration for people: `45 s`, `12 min`, `3 h 20 min`, `5 d`. */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}

/** The lock as several lines for a person. */
export function inFull(lock: LockInspection, terminal: Terminal): string {
  const { lastSignOfLife, deadSince, leaseSeconds, fencingToken, writer, version } = lock;
  const state = stateOf(lock);
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['lock', terminal.colour('bold', printable(lock.name))],
    ['table', lock.tableName],
    [
      'state',
      colouredState(state, terminal) + (state === 'held?' ? ': one poll cannot show whether its holder lives' : ''),
    ],
    [state === 'free' ? 'last held by' : 'holder', printable(lock.hostIdentifier)],
    ['lease', lock.isFree ? undefined : `${leaseSeconds} s`],
    [
      'last seen',
      lastSignOfLife
        ? `${lastSeen(lock)}, ${lastSignOfLife.toISOString()} by DynamoDB's clock`
        : 'not recorded: the entry has no time in it',
    ],
    ['dead since', state === 'dead' ? deadSince?.toISOString() : undefined],
    [
      'expires',
      lock.isFree
        ? undefined
        : `${expires(lock)}${state === 'held' || state === 'held?' ? ' at the latest, unless refreshed' : ''}`,
    ],
    ['note', note(lock) || undefined],
    ['token', fencingToken === undefined ? undefined : String(fencingToken)],
    ['version', `${printable(version)} (${writer === 'cdk-lynk' ? 'cdk-lynk' : "not of cdk-lynk's client"})`],
  ];
  const shown = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  const width = Math.max(...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `${terminal.colour('dim', label.padEnd(width))}  ${value}\n`).join('');
}

/** Locks as a table for people. On a terminal, rows are cut to its width; elsewhere nothing is cut off. */
export function tableOf(locks: readonly LockInspection[], terminal: Terminal): string {
  const cells = locks.map((lock) => {
    const state = stateOf(lock);
    return [printable(lock.name), state, printable(lock.hostIdentifier), lastSeen(lock), expires(lock), note(lock)];
  });
  const { width } = terminal;
  const fitted = cells.map((row) => row.map((cell) => (width === undefined ? cell : shortened(cell, WIDEST))));
  const widths = HEADERS.map((header, column) =>
    Math.max(header.length, ...fitted.map((row) => lengthOf(row[column]))),
  );
  const before = widths.slice(0, -1).reduce((sum, one) => sum + one + GAP.length, 0);
  const lastWidth = width === undefined ? Infinity : Math.max(8, width - before);
  const line = (row: readonly string[], coloured: (cell: string, column: number) => string): string => {
    const padded = row.map((cell, column) => {
      const isLast = column === row.length - 1;
      const shown = isLast ? shortened(cell, lastWidth) : cell;
      const padding = isLast ? '' : ' '.repeat((widths[column] ?? 0) - lengthOf(cell));
      return coloured(shown, column) + padding;
    });
    return `${padded.join(GAP).trimEnd()}\n`;
  };
  const head = line(HEADERS, (cell) => terminal.colour('bold', cell));
  const body = fitted.map((row) =>
    line(row, (cell, column) => (column === STATE_COLUMN ? colouredState(cell as never, terminal) : cell)),
  );
  return head + body.join('');
}

function lengthOf(text = ''): number {
  return [...text].length;
}

function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, Math.max(0, most - 1)).join('')}…`;
}
