import type { Replaced } from '../core/store.js';
import { parseVersion } from '../protocol/version.js';

/** The longest text that is kept as a trace. A `traceparent` has 55 characters. */
const LONGEST_TRACE = 128;

/** The trace, if it is a text short enough for an entry; undefined for anything else. */
export function checkedTrace(trace: unknown): string | undefined {
  return typeof trace === 'string' && trace !== '' && trace.length <= LONGEST_TRACE ? trace : undefined;
}

/**
 * The attribute that a hold leaves for its successor. It names the hold, because other clients may write the entry
 * and leave the attribute as it is: a state machine that takes the lock over, or Python that goes on with a hold.
 */
export function holderTraceText(holdId: string, trace: string): string {
  return `${holdId} ${trace}`;
}

/** The trace that the holder of the replaced entry left; undefined if the attribute is from an earlier holder. */
export function traceLeftBy({ version, holderTrace }: Replaced): string | undefined {
  const holdId = parseVersion(version)?.holdId;
  if (holdId === undefined || !holderTrace?.startsWith(`${holdId} `)) return undefined;
  return checkedTrace(holderTrace.slice(holdId.length + 1));
}
