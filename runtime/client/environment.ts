import { LockOptionError } from '../errors.js';
import type { FactorySettings } from '../options/options.js';
import { checkedLease, checkedTolerance, checkedWait, shown } from '../options/validate.js';
import {
  CLOCK_TOLERANCE_SECONDS_VARIABLE,
  LEASE_SECONDS_VARIABLE,
  TABLE_NAME_VARIABLE,
  WAIT_SECONDS_VARIABLE,
} from '../protocol/wire.js';

/** The table that the construct names to a function. */
export function tableOfEnvironment(): string | undefined {
  return process.env[TABLE_NAME_VARIABLE];
}

/**
 * The defaults that the construct gives a function for its table's locks.
 * @throws LockOptionError that names the variable, where its value cannot be used
 */
export function defaultsOfEnvironment(): Pick<
  FactorySettings,
  'leaseSeconds' | 'waitSeconds' | 'clockToleranceSeconds'
> {
  return {
    leaseSeconds: secondsIn(LEASE_SECONDS_VARIABLE, checkedLease),
    waitSeconds: secondsIn(WAIT_SECONDS_VARIABLE, checkedWait),
    clockToleranceSeconds: secondsIn(CLOCK_TOLERANCE_SECONDS_VARIABLE, checkedTolerance),
  };
}

function secondsIn<T>(variable: string, checked: (value: unknown) => T): T | undefined {
  const text = process.env[variable];
  if (text === undefined || text === '') return undefined;
  try {
    return checked(text.trim() === '' || text === 'invocation' ? text : Number(text));
  } catch (error) {
    throw new LockOptionError(
      `the environment variable ${variable} is ${shown(text)}: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  }
}
