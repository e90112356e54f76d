import type { VirtualTime } from '../../../runtime/testing/virtual-time.js';

/** Writes one line of the trace. It is undefined if nobody reads the trace: then no text is formatted. */
export type Trace = ((who: string, what: string) => void) | undefined;

/** A trace that appends to `lines`. Each line begins with true time. */
export function keepTrace(time: VirtualTime, lines: string[]): Trace {
  return (who, what) => {
    lines.push(`${(time.nowMs / 1000).toFixed(3).padStart(7)} s  ${who.padEnd(9)} ${what}`);
  };
}

/** A version number, shortened for the trace: the end of the hold id, and the last digits of the stamp. */
export function shortVersion(version: string | undefined): string {
  if (version === undefined) return 'nothing';
  const stamp = version.slice(4, 13).replace('-', '');
  return version[14] === '8'
    ? `${version.slice(-4)}@${version[0] === '8' ? '!' : ''}${stamp}`
    : `py-${version.slice(-4)}`;
}
