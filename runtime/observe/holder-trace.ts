import type { Replaced } from '../core/store.js';
import { parseVersion } from '../protocol/version.js';

/** A `traceparent` has 55. */
const LONGEST_TRACE = 128;

/** A text short enough to be kept with an entry; undefined for anything else. */
export function checkedTrace(trace: unknown): string | undefined {
  return typeof trace === 'string' && trace !== '' && trace.length <= LONGEST_TRACE ? trace : undefined;
}

/**
 * The attribute that a hold leaves for its taker. It names the hold that it is of: clients that know nothing of it
 * may leave it as it is, such as a state machine that takes the lock over, or Python that goes on with a hold.
 */
export function holderTraceText(holdId: string, trace: string): string {
  return `${holdId} ${trace}`;
}

/** What the holder of an entry left for its taker; undefined where the attribute is an earlier holder's. */
export function traceLeftBy({ version, holderTrace }: Replaced): string | undefined {
  const holdId = parseVersion(version)?.holdId;
  if (holdId === undefined || !holderTrace?.startsWith(`${holdId} `)) return undefined;
  return checkedTrace(holderTrace.slice(holdId.length + 1));
}
