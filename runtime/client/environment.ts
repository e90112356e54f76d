import { hostname } from 'node:os';
import { LockOptionError } from '../errors.js';
import type { FactorySettings } from '../options/options.js';
import { checkedLease, checkedTolerance, checkedWait, shown } from '../options/validate.js';
import {
  CLOCK_TOLERANCE_SECONDS_VARIABLE,
  LEASE_SECONDS_VARIABLE,
  TABLE_NAME_VARIABLE,
  WAIT_SECONDS_VARIABLE,
} from '../protocol/wire.js';

/** The table's name, which the construct gives to a function. */
export function tableOfEnvironment(): string | undefined {
  return process.env[TABLE_NAME_VARIABLE];
}

/**
 * The defaults for the table's locks, which the construct gives to a function.
 * @throws LockOptionError that names the variable, if its value is not allowed
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

/**
 * The `hostIdentifier` by default: in Lambda `function/log-stream/request-id`, so that the holder's log is easy to
 * find; anywhere else `hostname/pid`.
 */
export function defaultHostIdentifier(requestId: string | undefined): string {
  const { AWS_LAMBDA_FUNCTION_NAME: name, AWS_LAMBDA_LOG_STREAM_NAME: logStream } = process.env;
  if (name === undefined) return `${hostname()}/${process.pid}`;
  return [name, logStream ?? 'unknown', requestId ?? 'unknown'].join('/');
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
