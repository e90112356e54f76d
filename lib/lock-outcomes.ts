import { ENTRY } from '../runtime/protocol/wire.js';
import { jsonata, literal, type SharedByStates } from './entry-requests.js';

/**
 * How a lock of a state machine can fail, as the output of the state that finds out: the error has the name that
 * the client's has, so whoever catches one of them by name catches both.
 */

/** Others held it all the time. */
export function notGranted(shared: SharedByStates, waitSeconds: number): Record<string, string> {
  const { variable } = shared;
  const holder = `$exists(${variable}.seenHost) ? ${variable}.seenHost : "nobody"`;
  const waited = literal(` was not granted within ${waitSeconds} s; when last seen, it was held by `);
  return failure('LockNotGrantedError', `${lockIn(shared)} & ${waited} & (${holder})`);
}

/** Something else is kept under the lock's name. */
export function malformed(shared: SharedByStates): Record<string, string> {
  const expected = `${ENTRY.versionNumber}, ${ENTRY.leaseDuration} and ${ENTRY.hostIdentifier}`;
  const fault = `: its entry is no lock's, which has ${expected}; it is left as it is: repair or delete it`;
  return failure('LockEntryError', `${lockIn(shared)} & ${literal(fault)}`);
}

/** The lease was over before the work was. */
export function lost(shared: SharedByStates): Record<string, string> {
  const seconds = (ms: string): string => `$string($round(${ms} / 1000, 1))`;
  const lease = seconds(`${shared.variable}.leaseMs`);
  const age = seconds(`($millis() - ${shared.variable}.sentMs)`);
  const overrun = `" was lost: its lease of " & ${lease} & " s was over, and others have taken it, before it was `;
  return failure('LockLostError', `${lockIn(shared)} & ${overrun}released, " & ${age} & " s after it was taken"`);
}

function lockIn({ tableName, variable }: SharedByStates): string {
  return `"lock '" & $string(${variable}.name) & ${literal(`' in table '${tableName}'`)}`;
}

function failure(error: string, cause: string): Record<string, string> {
  return { Error: error, Cause: jsonata(cause) };
}
