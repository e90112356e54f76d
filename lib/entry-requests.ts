import { ENTRY } from '../runtime/protocol/wire.js';
import { HOLD_LENGTH } from './states-version.js';

/**
 * The requests by which a state machine acquires, polls and releases a lock (docs/step-functions.md). They are the
 * arguments of Step Functions' DynamoDB integrations. Values that are known only when a request is sent are JSONata.
 */

/** What the states of one lock share: the table of its entry, and the variable that holds their data. */
export interface SharedByStates {
  /** The table's name or ARN. */
  readonly tableName: string;
  /** The variable's name in JSONata, such as `$lynk_0123abcd`. */
  readonly variable: string;
}

/** DynamoDB may delete the entry a day after the end of the lease, as with the client. */
const KEPT_SECONDS = 24 * 60 * 60;
/** Added to an observed lease. The clocks that a state machine reads may differ by this much. */
const CLOCK_TOLERANCE_SECONDS = 3;

/** Wraps an expression for a field of a JSONata state. */
export function jsonata(expression: string): string {
  return `{% ${expression} %}`;
}

/** A text literal of JSONata. */
export function literal(text: string): string {
  return JSON.stringify(text);
}

/**
 * Acquires the lock if it is free, if its entry was observed unchanged for its whole lease, or if it is already ours.
 * It never overwrites a malformed entry, because such an entry meets none of the conditions.
 */
export function acquireRequest({ tableName, variable }: SharedByStates, leaseSeconds: number): object {
  const hold = `$substring(${variable}.hold, 0, ${HOLD_LENGTH})`;
  const isFree = [
    `${ENTRY.leaseDuration} = :zero`,
    `attribute_type(${ENTRY.versionNumber}, :text)`,
    `attribute_type(${ENTRY.hostIdentifier}, :text)`,
  ].join(' AND ');
  // Versions may only increase. Otherwise, a late duplicate of an earlier attempt would restore an old version. A
  // process that has observed that version for a whole lease would then take over from a live holder.
  const isOurs = `begins_with(${ENTRY.versionNumber}, :hold) AND ${ENTRY.versionNumber} <= :version`;
  return {
    TableName: tableName,
    Key: keyOf(variable),
    UpdateExpression:
      `SET ${ENTRY.leaseDuration} = :lease, ${ENTRY.versionNumber} = :version, ` +
      `${ENTRY.hostIdentifier} = :host, ${ENTRY.expiresAt} = :expires REMOVE ${ENTRY.fencingToken}, #data`,
    ConditionExpression:
      `attribute_not_exists(${ENTRY.lockKey}) OR (${isFree}) OR ` + `${ENTRY.versionNumber} = :expired OR (${isOurs})`,
    ExpressionAttributeNames: { '#data': ENTRY.data },
    ExpressionAttributeValues: {
      ':zero': { N: '0' },
      ':text': { S: 'S' },
      ':hold': { S: jsonata(hold) },
      ':version': { S: jsonata(`${hold} & $formatNumber($floor($millis() / 10), '000000000000')`) },
      ':expired': { S: jsonata(expiredVersion(variable)) },
      ':lease': { N: String(leaseSeconds) },
      ':host': { S: jsonata('$states.context.Execution.Id') },
      ':expires': { N: jsonata(`$string($floor($millis() / 1000) + ${leaseSeconds + KEPT_SECONDS})`) },
    },
    ReturnValues: 'UPDATED_NEW',
  };
}

/** The data after the lock is acquired: when its current version was sent. The lease starts at that time. */
export function acquiredKnowledge({ variable }: SharedByStates): string {
  const written = '$states.result.Attributes';
  const sentMs = `$number($substring(${written}.${ENTRY.versionNumber}.S, ${HOLD_LENGTH})) * 10`;
  const leaseMs = `$number(${written}.${ENTRY.leaseDuration}.N) * 1000`;
  return jsonata(`$merge([${variable}, {"sentMs": ${sentMs}, "leaseMs": ${leaseMs}}])`);
}

/** Reads the entry. */
export function lookRequest({ tableName, variable }: SharedByStates): object {
  return { TableName: tableName, Key: keyOf(variable), ConsistentRead: true };
}

/** The data after a poll: who holds the lock, and since when its version is unchanged. */
export function seenKnowledge({ variable }: SharedByStates): string {
  const whole = [`${ENTRY.versionNumber}.S`, `${ENTRY.leaseDuration}.N`, `${ENTRY.hostIdentifier}.S`];
  const isSame = `$version = ${variable}.seenVersion and $lease = ${variable}.seenLease`;
  const seen = [
    '"isMalformed": $exists($item) and $not($isWhole)',
    '"seenVersion": $version',
    '"seenLease": $lease',
    `"seenHost": $isWhole ? $item.${ENTRY.hostIdentifier}.S : "nobody"`,
    // This time is after the answer has arrived.
    `"seenSinceMs": ${isSame} ? ${variable}.seenSinceMs : $millis()`,
  ];
  return jsonata(
    `($item := $states.result.Item; $isWhole := ${whole.map((value) => `$exists($item.${value})`).join(' and ')}; ` +
      `$version := $isWhole ? $item.${ENTRY.versionNumber}.S : ""; ` +
      `$lease := $isWhole ? $number($item.${ENTRY.leaseDuration}.N) : 0; ` +
      `$merge([${variable}, {${seen.join(', ')}}]))`,
  );
}

/** Deletes the entry if it is ours, at any version, because the answer to a later write may have been lost. */
export function releaseRequest({ tableName, variable }: SharedByStates): object {
  return {
    TableName: tableName,
    Key: keyOf(variable),
    ConditionExpression: `begins_with(${ENTRY.versionNumber}, :hold)`,
    ExpressionAttributeValues: { ':hold': { S: jsonata(`$substring(${variable}.hold, 0, ${HOLD_LENGTH})`) } },
  };
}

/**
 * Whether only this acquisition can have removed its entry. The lease is not over, and the execution has not ended in
 * the meantime. (The locks of ended executions may be released.)
 */
export function isStillProtected({ variable }: SharedByStates): string {
  return `$millis() <= ${variable}.sentMs + ${variable}.leaseMs and $not(${isRedriven(variable)})`;
}

/** Whether the execution ended while it held the lock, and continues after a redrive. */
export function isRedriven(variable: string): string {
  const redriven = '$states.context.Execution.RedriveTime';
  return `($exists(${redriven}) and $toMillis(${redriven}) > ${variable}.sentMs)`;
}

/**
 * The observed version, if it was unchanged for its whole lease and a margin (docs/protocol.md, section 3, *observed*).
 * Otherwise, it is the hold's id, which is never the version of an entry.
 */
function expiredVersion(variable: string): string {
  const expiry = expiryMs(`${variable}.seenSinceMs`, `${variable}.seenLease`);
  const isExpired = `$exists(${variable}.seenVersion) and ${variable}.seenVersion != "" and $millis() >= ${expiry}`;
  return `(${isExpired}) ? ${variable}.seenVersion : ${variable}.hold`;
}

/** The time from which a version may be taken over, in milliseconds, if it has been observed since `sinceMs`. */
export function expiryMs(sinceMs: string, leaseSeconds: string): string {
  return `${sinceMs} + ${leaseSeconds} * 1000 + 250 + ${leaseSeconds} * 10 + ${CLOCK_TOLERANCE_SECONDS * 1000}`;
}

function keyOf(variable: string): object {
  return { [ENTRY.lockKey]: { S: jsonata(`$string(${variable}.name)`) } };
}
