import { ENTRY } from '../runtime/protocol/wire.js';
import { expiryMs, jsonata, literal, type SharedByStates } from './entry-requests.js';

/**
 * The permits of a semaphore are ordinary locks: `name#0`, `name#1` and so on (docs/semaphore.md). A state machine
 * needs any one of them. The states share a variable. As for a lock, its `name` is the entry that is written next:
 * here, a permit. The variable also has these fields:
 *
 *     semaphore   the name without a number
 *     seen        each permit at the last poll: version, lease, host, and since when they are unchanged
 *     polls       polls so far
 *     canBeTaken  whether the last poll showed a permit that is free or expired
 */

/** Picks the permit that is tried first at random, so that executions that start together try different ones. */
export function anyPermit({ variable }: SharedByStates, permits: number): string {
  const name = `${variable}.name & "#" & $string($floor($random() * ${permits}))`;
  return jsonata(`$merge([${variable}, {"semaphore": $string(${variable}.name), "name": ${name}, "polls": 0}])`);
}

/** Reads all permits. */
export function lookAtPermitsRequest({ tableName, variable }: SharedByStates, permits: number): object {
  const keys = `$map([0..${permits - 1}], function($i) {{"${ENTRY.lockKey}": {"S": ${nameOf(variable)}}}})`;
  const attributes = [ENTRY.lockKey, ENTRY.versionNumber, ENTRY.leaseDuration, ENTRY.hostIdentifier];
  const projection = literal(attributes.join(', '));
  // This is an expression, because the table's name may be a token. A token cannot be the key of an object.
  const read = `{"Keys": [${keys}], "ConsistentRead": true, "ProjectionExpression": ${projection}}`;
  return { RequestItems: jsonata(`{${literal(tableName)}: ${read}}`) };
}

/**
 * The state after a poll, and the permit that is tried next: a random one of the free or expired permits. A permit that
 * was not read keeps its earlier state.
 */
export function seenPermitsKnowledge({ variable }: SharedByStates, permits: number): string {
  const whole = [`${ENTRY.versionNumber}.S`, `${ENTRY.leaseDuration}.N`, `${ENTRY.hostIdentifier}.S`];
  const isExpired = `$p.version != "" and $millis() >= ${expiryMs('$p.sinceMs', '$p.lease')}`;
  const seen =
    `function($i) {($name := ${nameOf(variable)}; $item := $items[${ENTRY.lockKey}.S = $name]; ` +
    `$isWhole := ${whole.map((value) => `$exists($item.${value})`).join(' and ')}; ` +
    `$before := ${variable}.seen[name = $name]; ` +
    `$version := $isWhole ? $item.${ENTRY.versionNumber}.S : ""; ` +
    `$lease := $isWhole ? $number($item.${ENTRY.leaseDuration}.N) : 0; ` +
    '$isSame := $before.version = $version and $before.lease = $lease; ' +
    '$name in $unread ? ($exists($before) ? $merge([$before, {"isFree": false}]) : {"name": $name, "version": "", ' +
    '"lease": 0, "host": "nobody", "sinceMs": $millis(), "isFree": false, "isMalformed": false}) : ' +
    `{"name": $name, "version": $version, "lease": $lease, "host": $isWhole ? $item.${ENTRY.hostIdentifier}.S : "nobody", ` +
    '"sinceMs": $isSame ? $before.sinceMs : $millis(), ' +
    '"isFree": $not($exists($item)) or ($isWhole and $lease = 0), "isMalformed": $exists($item) and $not($isWhole)})}';
  const next =
    '$exists($malformed) ? {"name": $malformed.name} : $exists($next) ? {"name": $next.name, ' +
    '"seenVersion": $next.isFree ? "" : $next.version, "seenLease": $next.lease, "seenSinceMs": $next.sinceMs} : {}';
  return jsonata(
    `($items := $states.result.Responses.*; $unread := [$states.result.UnprocessedKeys.*.Keys.${ENTRY.lockKey}.S]; ` +
      `$seen := [$map([0..${permits - 1}], ${seen})]; ` +
      `$takeable := [$filter($seen, function($p) {$p.isFree or (${isExpired})})]; ` +
      '$malformed := $seen[isMalformed][0]; $at := $floor($random() * $count($takeable)); $next := $takeable[$at]; ' +
      `$merge([${variable}, {"seen": $seen, "polls": ${variable}.polls + 1, ` +
      `"isMalformed": $exists($malformed), "canBeTaken": $count($takeable) > 0}, ${next}]))`,
  );
}

/** The seconds until the next poll. They grow with each poll, up to `longest` and to the end of the wait. */
export function pauseSeconds({ variable }: SharedByStates, waitSeconds: number, longest: number): string {
  const left = `$ceil(($toMillis(${variable}.waitsSince) - $millis()) / 1000) + ${waitSeconds}`;
  const pause = `$ceil($random() * $min([$power(2, $min([${variable}.polls, 10])), ${longest}]))`;
  return jsonata(`$max([1, $min([${pause}, ${left}])])`);
}

/** The name of the permit with the number `$i`. */
function nameOf(variable: string): string {
  return `${variable}.semaphore & "#" & $string($i)`;
}
