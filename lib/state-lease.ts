import type { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { secondsOf } from './client-defaults.js';
import { refusal } from './refusal.js';
import { type GraphJson, worstDurationOf } from './worst-duration.js';

/**
 * The lease is this much longer than the steps can take. It covers the time from the request that acquired the lock to
 * the first step, the time between steps, and the time that Step Functions takes to notice a timeout.
 *
 *     sent         first step                       last step's timeout     lease end
 *       │◄── start ──►│◄──── steps, at worst ────────────►│◄── rest ──►│
 *     ──┴─────────────┴───────────────────────────────────┴────────────┴──►
 */
const GRACE_SECONDS = 30;
/**
 * The part of it that may have passed when the first step starts. If more has passed, the lock is acquired again first.
 */
export const START_SECONDS = 15;

const HOUR_SECONDS = 60 * 60;
const DAY_SECONDS = 24 * HOUR_SECONDS;
/** The longest duration of an execution. */
const YEAR_SECONDS = 365 * DAY_SECONDS;

/**
 * The lease of the lock's entry. `steps` is `undefined` if states are chained by hand; then the lease has to be given.
 */
export function leaseSecondsOf(scope: IConstruct, given: Duration | undefined, steps: GraphJson | undefined): number {
  const seconds = given && wholeSecondsOf(scope, given);
  if (!steps) {
    if (seconds !== undefined) return seconds;
    const way = `what the states between \`acquire\` and \`release\` take at worst, and ${GRACE_SECONDS} s`;
    throw refusal(scope, `\`leaseDuration\` has to be given where states are chained by hand: ${way}`);
  }
  const worst = worstDurationOf(steps);
  if (worst.unknown !== undefined) {
    throw refusal(scope, `the lease has to outlast the protected steps, but ${worst.unknown}`);
  }
  const least = worst.seconds + GRACE_SECONDS;
  const reason = `the protected steps may take ${worst.seconds} s (${worst.parts.join('; ') || 'none takes time'})`;
  if (seconds !== undefined && seconds < least) {
    throw refusal(
      scope,
      `\`leaseDuration\` is ${seconds} s, but ${reason}: a lease outlasts them by ${GRACE_SECONDS} s, so it is at ` +
        `least ${least} s; shorten \`taskTimeout\` or retries of the steps, or leave \`leaseDuration\` out`,
    );
  }
  if (least > DAY_SECONDS) throw refusal(scope, `${reason}, but a lease lasts ${DAY_SECONDS} s at most`);
  return seconds ?? least;
}

/** How long the state machine waits for the lock. */
export function waitSecondsOf(scope: IConstruct, given: Duration | undefined): number {
  if (given === undefined) return HOUR_SECONDS;
  const seconds = resolvedSecondsOf(scope, 'waitDuration', given);
  if (seconds >= 0 && seconds <= YEAR_SECONDS) return seconds;
  throw refusal(scope, `\`waitDuration\` is a number of seconds from 0 to a year, got ${seconds} s`);
}

function wholeSecondsOf(scope: IConstruct, lease: Duration): number {
  const seconds = resolvedSecondsOf(scope, 'leaseDuration', lease);
  if (Number.isInteger(seconds) && seconds > GRACE_SECONDS && seconds <= DAY_SECONDS) return seconds;
  const range = `from ${GRACE_SECONDS + 1} to ${DAY_SECONDS}`;
  throw refusal(scope, `\`leaseDuration\` is a whole number of seconds ${range}, got ${seconds} s`);
}

function resolvedSecondsOf(scope: IConstruct, prop: string, duration: Duration): number {
  if (!duration.isUnresolved()) return secondsOf(duration);
  throw refusal(scope, `\`${prop}\` has to be known at synth, got a token`);
}
