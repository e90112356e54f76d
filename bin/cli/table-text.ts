import type { LockInspection } from '../../runtime/index.js';
import { colouredState, expires, lastSeen, note, stateOf } from './description.js';
import { printable, type Terminal } from './terminal.js';

/** What a cell of these columns may take on a terminal. */
const WIDEST = 48;
const GAP = '  ';
const HEADERS = ['NAME', 'STATE', 'HOLDER', 'LAST SEEN', 'EXPIRES', 'NOTE'] as const;
const STATE_COLUMN = 1;

/** Locks as a table for people. On a terminal no row is longer than the line; elsewhere nothing is cut off. */
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
