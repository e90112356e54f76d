import { ENTRY } from '../runtime/protocol/wire.js';
import { HOLD_LENGTH } from './states-version.js';

/**
 * The requests with which a state machine takes, watches and releases a lock (docs/step-functions.md), as
 * arguments of Step Functions' DynamoDB integrations. What is only known when they are sent is JSONata.
 */

/** What the states of one lock share: the table of its entry, and the variable that carries what they know. */
export interface SharedByStates {
  /** Or the table's ARN. */
  readonly tableName: string;
  /** The variable, as JSONata spells it: `$lynk_0123abcd`. */
  readonly variable: string;
}

/** A day after the end of the lease, as our client has it. */
const KEPT_SECONDS = 24 * 60 * 60;
/** What an observer adds: the clocks that tell a state machine the time may differ by so much. */
const CLOCK_TOLERANCE_SECONDS = 3;

/** An expression, as a field of a JSONata state spells it. */
export function jsonata(expression: string): string {
  return `{% ${expression} %}`;
}

/** A text literal of JSONata. */
export function literal(text: string): string {
  return JSON.stringify(text);
}

/**
 * Takes the lock if it is free, if its entry has been observed for its whole lease, or if it is ours already.
 * What it writes over is an entry in order: a malformed one meets none of the conditions.
 */
export function acquireRequest({ tableName, variable }: SharedByStates, leaseSeconds: number): object {
  const hold = `$substring(${variable}.hold, 0, ${HOLD_LENGTH})`;
  const isFree = [
    `${ENTRY.leaseDuration} = :zero`,
    `attribute_type(${ENTRY.versionNumber}, :text)`,
    `attribute_type(${ENTRY.hostIdentifier}, :text)`,
  ].join(' AND ');
  // Without the order, a late duplicate of an earlier attempt would bring its version back, and whoever has
  // seen that one for a lease would take over from a living holder.
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

/** What is known once the lock is ours: when the version that stands was sent. The lease counts from there. */
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

/** What is known after a poll: who holds the lock, and since when the same version has been seen. */
export function seenKnowledge({ variable }: SharedByStates): string {
  const whole = [`${ENTRY.versionNumber}.S`, `${ENTRY.leaseDuration}.N`, `${ENTRY.hostIdentifier}.S`];
  const isSame = `$version = ${variable}.seenVersion and $lease = ${variable}.seenLease`;
  const seen = [
    '"isMalformed": $exists($item) and $not($isWhole)',
    '"seenVersion": $version',
    '"seenLease": $lease',
    `"seenHost": $isWhole ? $item.${ENTRY.hostIdentifier}.S : "nobody"`,
    // The answer has arrived by now.
    `"seenSinceMs": ${isSame} ? ${variable}.seenSinceMs : $millis()`,
  ];
  return jsonata(
    `($item := $states.result.Item; $isWhole := ${whole.map((value) => `$exists($item.${value})`).join(' and ')}; ` +
      `$version := $isWhole ? $item.${ENTRY.versionNumber}.S : ""; ` +
      `$lease := $isWhole ? $number($item.${ENTRY.leaseDuration}.N) : 0; ` +
      `$merge([${variable}, {${seen.join(', ')}}]))`,
  );
}

/** Deletes the entry if it is ours, at any version: the answer to a later write may have been lost. */
export function releaseRequest({ tableName, variable }: SharedByStates): object {
  return {
    TableName: tableName,
    Key: keyOf(variable),
    ConditionExpression: `begins_with(${ENTRY.versionNumber}, :hold)`,
    ExpressionAttributeValues: { ':hold': { S: jsonata(`$substring(${variable}.hold, 0, ${HOLD_LENGTH})`) } },
  };
}

/**
 * Whether nobody but this acquisition can have ended its entry: the lease is not over, and the execution has not ended
 * meanwhile, after which its locks may be given back.
 */
export function isStillProtected({ variable }: SharedByStates): string {
  return `$millis() <= ${variable}.sentMs + ${variable}.leaseMs and $not(${isRedriven(variable)})`;
}

/** Whether the execution ended while it held the lock, and goes on by a redrive. */
export function isRedriven(variable: string): string {
  const redriven = '$states.context.Execution.RedriveTime';
  return `($exists(${redriven}) and $toMillis(${redriven}) > ${variable}.sentMs)`;
}

/**
 * The version seen, once it has stood for its whole lease and a margin (docs/protocol.md, section 3,
 * *observed*); else the hold itself, which is the version of no entry.
 */
function expiredVersion(variable: string): string {
  const expiry = expiryMs(`${variable}.seenSinceMs`, `${variable}.seenLease`);
  const isExpired = `$exists(${variable}.seenVersion) and ${variable}.seenVersion != "" and $millis() >= ${expiry}`;
  return `(${isExpired}) ? ${variable}.seenVersion : ${variable}.hold`;
}

/** From when on a version may be taken over, whose lease has been seen since then. */
export function expiryMs(sinceMs: string, leaseSeconds: string): string {
  return `${sinceMs} + ${leaseSeconds} * 1000 + 250 + ${leaseSeconds} * 10 + ${CLOCK_TOLERANCE_SECONDS * 1000}`;
}

function keyOf(variable: string): object {
  return { [ENTRY.lockKey]: { S: jsonata(`$string(${variable}.name)`) } };
}
