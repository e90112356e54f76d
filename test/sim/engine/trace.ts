import type { VirtualTime } from '../../../runtime/testing/virtual-time.js';

/** Writes one line about what happened; absent where nobody reads it, so that nothing is formatted then. */
export type Trace = ((who: string, what: string) => void) | undefined;

/** A trace that keeps its lines, each beginning with true time. */
export function keepTrace(time: VirtualTime, lines: string[]): Trace {
  return (who, what) => {
    lines.push(`${(time.nowMs / 1000).toFixed(3).padStart(7)} s  ${who.padEnd(9)} ${what}`);
  };
}

/** A version number, short enough to read: for ours the stamp's last digits, and the hold. */
export function shortVersion(version: string | undefined): string {
  if (version === undefined) return 'nothing';
  const stamp = version.slice(4, 13).replace('-', '');
  return version[14] === '8'
    ? `${version.slice(-4)}@${version[0] === '8' ? '!' : ''}${stamp}`
    : `py-${version.slice(-4)}`;
}
