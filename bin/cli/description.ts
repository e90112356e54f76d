import type { LockInspection } from '../../runtime/index.js';
import { printable, type Terminal } from './terminal.js';

/** How a lock stands, in one word. */
export type State = 'held' | 'held?' | 'dead' | 'broken' | 'released' | 'free';

export function stateOf(lock: LockInspection): State {
  if (lock.isFree) return 'free';
  if (lock.looksDead) return 'dead';
  if (lock.isBroken) return 'broken';
  if (lock.isReleased) return 'released';
  return lock.looksDead === undefined ? 'held?' : 'held';
}

export function colouredState(state: State, terminal: Terminal): string {
  const colour = (
    { held: 'green', 'held?': 'green', dead: 'red', broken: 'yellow', released: 'dim', free: 'dim' } as const
  )[state];
  return terminal.colour(colour, state);
}

/** How long ago its holder wrote last, as DynamoDB counts. */
export function lastSeen({ lastSignOfLife, inspectedAt }: LockInspection): string {
  if (!lastSignOfLife || !inspectedAt) return '?';
  const agoSeconds = (inspectedAt.getTime() - lastSignOfLife.getTime()) / 1000;
  // Its clock was wrong; a second or two is what the two clocks may differ by.
  return agoSeconds < -2 ? `${duration(-agoSeconds)} ahead` : `${duration(agoSeconds)} ago`;
}

/** When the lock is free at the latest, if it stays as it is. */
export function expires({ holder }: LockInspection): string {
  if (!holder) return '';
  const seconds = Math.ceil(holder.remainingSeconds);
  return seconds <= 0 ? 'now' : `in ${duration(seconds)}`;
}

export function note({ data }: LockInspection): string {
  if (data === undefined) return '';
  return printable(typeof data === 'string' ? data : JSON.stringify(data));
}

/** Seconds as people say them: `45 s`, `12 min`, `3 h 20 min`, `5 d`. */
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
      colouredState(state, terminal) +
        (state === 'held?' ? ': whether its holder lives cannot be told at one look' : ''),
    ],
    [state === 'free' ? 'last held by' : 'holder', printable(lock.hostIdentifier)],
    ['lease', lock.isFree ? undefined : `${leaseSeconds} s`],
    [
      'last seen',
      lastSignOfLife
        ? `${lastSeen(lock)}, ${lastSignOfLife.toISOString()} by DynamoDB's clock`
        : 'its client does not tell',
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
    [
      'version',
      `${printable(version)} (${writer === 'cdk-lynk' ? 'cdk-lynk' : "another client, such as Python's lynk"})`,
    ],
  ];
  const shown = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  const width = Math.max(...shown.map(([label]) => label.length));
  return shown.map(([label, value]) => `${terminal.colour('dim', label.padEnd(width))}  ${value}\n`).join('');
}
