import { type Duration, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import {
  CLOCK_TOLERANCE_SECONDS_VARIABLE,
  LEASE_SECONDS_VARIABLE,
  WAIT_SECONDS_VARIABLE,
} from '../runtime/protocol/wire.js';
import type { Known } from './known-props.js';
import { refusal } from './refusal.js';

/** What the client of a table's locks does by default; it reaches functions through their environment. */
export interface LynkClientDefaults {
  /**
   * After which others may take a lock over from a holder that died. While the holder lives, its lease is
   * refreshed. Whole seconds, from 1 to 86,400.
   *
   * @default - the client's own, 10 seconds
   */
  readonly leaseDuration?: Duration;

  /**
   * For which `withLock` and `acquire` wait at most; `Duration.seconds(0)` asks once. Up to a day.
   *
   * @default - the client's own, 30 seconds
   */
  readonly waitDuration?: Duration;

  /**
   * What two of DynamoDB's front ends may differ by before a lock is taken over by the age of its last
   * refresh. Whole seconds, at least 2. A longer one makes the locks of dead holders free later.
   *
   * @default - the client's own, 3 seconds
   */
  readonly clockTolerance?: Duration;
}

/** The client's own defaults; a test compares the two. */
export const CLIENT_LEASE_SECONDS = 10;

const DAY_SECONDS = 24 * 60 * 60;

/** Each default, what it may be, and the variable that brings it to a function. */
const DEFAULTS = {
  leaseDuration: { variable: LEASE_SECONDS_VARIABLE, least: 1, whole: true },
  waitDuration: { variable: WAIT_SECONDS_VARIABLE, least: 0, whole: false },
  clockTolerance: { variable: CLOCK_TOLERANCE_SECONDS_VARIABLE, least: 2, whole: true },
} as const;

/** Its props. */
export const KNOWN_DEFAULTS: Known<LynkClientDefaults> = {
  leaseDuration: true,
  waitDuration: true,
  clockTolerance: true,
};

const NAMES = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[];

/** The defaults among these props, and nothing else of them. */
export function clientDefaultsOf(props: LynkClientDefaults): LynkClientDefaults {
  return Object.fromEntries(NAMES.filter((name) => props[name] !== undefined).map((name) => [name, props[name]]));
}

/** Refuses a duration that the client would refuse when it starts. */
export function validateClientDefaults(scope: IConstruct, defaults: LynkClientDefaults): void {
  for (const name of NAMES) {
    const duration = defaults[name];
    if (duration === undefined || duration.isUnresolved()) continue;
    const { least, whole } = DEFAULTS[name];
    const seconds = secondsOf(duration);
    if (seconds >= least && seconds <= DAY_SECONDS && (!whole || Number.isInteger(seconds))) continue;
    const kind = whole ? 'a whole number of seconds' : 'a number of seconds';
    throw refusal(scope, `\`${name}\` is ${kind} from ${least} to ${DAY_SECONDS}, got ${seconds} s`);
  }
}

/** The environment variables for them, by name. */
export function clientEnvironment(defaults: LynkClientDefaults): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const name of NAMES) {
    const duration = defaults[name];
    if (duration !== undefined) variables[DEFAULTS[name].variable] = textOf(duration);
  }
  return variables;
}

/** The duration as text for `process.env`. */
function textOf(duration: Duration): string {
  return duration.isUnresolved() ? Tokenization.stringifyNumber(duration.toSeconds()) : String(secondsOf(duration));
}

/** Of a duration that is resolved. */
export function secondsOf(duration: Duration): number {
  return duration.toMilliseconds({ integral: false }) / 1000;
}
