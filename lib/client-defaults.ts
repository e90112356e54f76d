import { type Duration, Tokenization } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import {
  CLOCK_TOLERANCE_SECONDS_VARIABLE,
  LEASE_SECONDS_VARIABLE,
  WAIT_SECONDS_VARIABLE,
} from '../runtime/protocol/wire.js';
import type { Known } from './known-props.js';
import { refusal } from './refusal.js';

/** Defaults of the client. Connected functions get them through their environment. */
export interface LynkClientDefaults {
  /**
   * The time after which others may take over the lock of a dead holder. A live holder refreshes its lease. Whole
   * seconds, from 1 to 86,400.
   *
   * @default - the client's default, 10 seconds
   */
  readonly leaseDuration?: Duration;

  /**
   * The longest time that `withLock` and `acquire` wait for a lock. `Duration.seconds(0)` tries once. Up to a day.
   *
   * @default - the client's default, 30 seconds
   */
  readonly waitDuration?: Duration;

  /**
   * The largest clock difference between two of DynamoDB's servers that the client tolerates. The client waits this
   * much longer before it takes a lock over by the age of its last refresh. A larger value delays takeovers from dead
   * holders. Whole seconds, from 2 to 86,400.
   *
   * @default - the client's default, 3 seconds
   */
  readonly clockTolerance?: Duration;
}

/** The client's default lease. A test compares it with the client's own constant. */
export const CLIENT_LEASE_SECONDS = 10;

const DAY_SECONDS = 24 * 60 * 60;

/** Each default, its range, and the environment variable that passes it to a function. */
const DEFAULTS = {
  leaseDuration: { variable: LEASE_SECONDS_VARIABLE, least: 1, whole: true },
  waitDuration: { variable: WAIT_SECONDS_VARIABLE, least: 0, whole: false },
  clockTolerance: { variable: CLOCK_TOLERANCE_SECONDS_VARIABLE, least: 2, whole: true },
} as const;

/** The props of `LynkClientDefaults`. */
export const KNOWN_DEFAULTS: Known<LynkClientDefaults> = {
  leaseDuration: true,
  waitDuration: true,
  clockTolerance: true,
};

const NAMES = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[];

/** Picks the client defaults out of these props. */
export function clientDefaultsOf(props: LynkClientDefaults): LynkClientDefaults {
  return Object.fromEntries(NAMES.filter((name) => props[name] !== undefined).map((name) => [name, props[name]]));
}

/** Throws for a duration that the client would reject when it starts. */
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

/** The environment variables that pass these defaults, by name. */
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

/** The seconds of a resolved duration, with fractions. */
export function secondsOf(duration: Duration): number {
  return duration.toMilliseconds({ integral: false }) / 1000;
}
