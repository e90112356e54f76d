import { ENTRY } from '../runtime/protocol/wire.js';
import { isRedriven, jsonata, literal, type SharedByStates } from './entry-requests.js';

/**
 * The failures of a state machine's lock, as the output of the state that detects them. Each error has the same name as
 * the client's error, so code that catches one of them by name catches both.
 */

const ATTRIBUTES = `${ENTRY.versionNumber}, ${ENTRY.leaseDuration} and ${ENTRY.hostIdentifier}`;
const MALFORMED = `: its entry is no lock's, which has ${ATTRIBUTES}; it is left as it is: repair or delete it`;

/** The lock was not granted: others held it all the time, or its entry is malformed. */
export function notGranted(shared: SharedByStates, waitSeconds: number): Record<string, string> {
  const { variable } = shared;
  const waited = literal(` was not granted within ${waitSeconds} s; when last seen, it was held by `);
  const held = `${waited} & ($exists(${variable}.seenHost) ? ${variable}.seenHost : "nobody")`;
  const choose = (ifMalformed: string, otherwise: string): string =>
    `(${variable}.isMalformed ? ${ifMalformed} : ${otherwise})`;
  return {
    Error: jsonata(choose(literal('LockEntryError'), literal('LockNotGrantedError'))),
    Cause: jsonata(`${lockIn(shared)} & ${choose(literal(MALFORMED), held)}`),
  };
}

/** No permit was granted: others held all of them all the time, or the entry of one is malformed. */
export function noPermit(shared: SharedByStates, waitSeconds: number, permits: number): Record<string, string> {
  const { variable } = shared;
  const { Error: error } = notGranted(shared, waitSeconds) as { readonly Error: string };
  const whose = `"semaphore '" & ${variable}.semaphore & ${literal(`' in table '${shared.tableName}'`)}`;
  const held = literal(
    ` was not granted within ${waitSeconds} s; when last seen, its ${permits} permits were held by `,
  );
  const hosts = `$join($distinct(${variable}.seen[isFree = false].host), ", ")`;
  const holders = `(${variable}.seen[isFree = false] ? ${hosts} : "nobody")`;
  return {
    Error: error,
    Cause: jsonata(
      `${variable}.isMalformed ? ${lockIn(shared)} & ${literal(MALFORMED)} : ${whose} & ${held} & ${holders}`,
    ),
  };
}

/** The lock was lost: its lease ended before the work, or the execution ended and was redriven. */
export function lost(shared: SharedByStates): Record<string, string> {
  const seconds = (ms: string): string => `$string($round(${ms} / 1000, 1))`;
  const lease = seconds(`${shared.variable}.leaseMs`);
  const age = seconds(`($millis() - ${shared.variable}.sentMs)`);
  const overrun = `"its lease of " & ${lease} & " s was over, and others have taken it, before it was released, " & ${age} & " s after it was taken"`;
  const redriven = literal('the execution ended while it held it, and a redrive does not take it again');
  const cause = `${lockIn(shared)} & " was lost: " & (${isRedriven(shared.variable)} ? ${redriven} : ${overrun})`;
  return { Error: 'LockLostError', Cause: jsonata(cause) };
}

function lockIn({ tableName, variable }: SharedByStates): string {
  return `"lock '" & $string(${variable}.name) & ${literal(`' in table '${tableName}'`)}`;
}
