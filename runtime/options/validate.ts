import { LockOptionError } from '../errors.js';
import type { WaitOptions } from './held-lock.js';
import type { Lease } from './invocation-lease.js';
import type { InvocationContext } from './options.js';

/** DynamoDB's limit for a partition key. */
export const LONGEST_NAME_BYTES = 2048;
const DAY_SECONDS = 24 * 60 * 60;
const LONGEST_INVOCATION_SECONDS = 900;
/**
 * The resolution of `Date`, and one more second because the clocks of DynamoDB's servers differ (docs/protocol.md,
 * section 3).
 */
const LEAST_TOLERANCE_SECONDS = 2;
/** A note's limit as JSON text, in UTF-8 bytes. */
export const LONGEST_NOTE_BYTES = 1024;
/**
 * The longest text that is parsed as a note: the result of a single flight, and what is around it. Our clients write no
 * longer text. A deeply nested text could overflow the stack of a caller that prints it.
 */
const LONGEST_READ_LENGTH = 4096 + 64;

/**
 * Throws for an unknown option, because a misspelt option must not be ignored.
 * @throws LockOptionError that names the unknown keys
 */
export function refuseUnknown(options: unknown, known: readonly string[], where: string): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) {
    throw new LockOptionError(`the options of ${where} are an object, got ${shown(options)}`);
  }
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  const names = unknown.map((key) => `"${key}"`).join(', ');
  throw new LockOptionError(`${where} knows no option ${names}; it takes ${known.join(', ')}`);
}

/**
 * Creates a check. The check returns a valid value, and the default if the value is undefined. For any other value, it
 * throws a `LockOptionError`, which says what the option is, what was given and, if possible, what to do.
 *
 * Bundlers drop unused checks, but only those created in this file.
 */
/* @__NO_SIDE_EFFECTS__ */
export function check<T>(
  isRight: (value: unknown) => boolean,
  whatItIs: string,
  wayOut = '',
): (value: unknown, defaultValue?: T) => T {
  return (value, defaultValue) => {
    if (value === undefined && defaultValue !== undefined) return defaultValue;
    if (isRight(value)) return value as T;
    throw new LockOptionError(`${whatItIs}, got ${shown(value)}${wayOut}`);
  };
}

export const checkedLease = check<Lease>(
  (value) => value === 'invocation' || isWholeWithin(value, 1, DAY_SECONDS),
  `leaseSeconds is a whole number of seconds from 1 to ${DAY_SECONDS}`,
  '; or it is "invocation"; work may last longer than the lease, which is renewed while its holder lives',
);

export const checkedMaxInvocationLease = check<number>(
  (value) => isWholeWithin(value, 1, DAY_SECONDS),
  `maxInvocationLeaseSeconds is a whole number of seconds from 1 to ${DAY_SECONDS}`,
);

export const checkedWait = check<number>(
  (value) => isWithin(value, 0, DAY_SECONDS) || value === Infinity,
  `waitSeconds is a number of seconds from 0 (ask once) to ${DAY_SECONDS}, or Infinity`,
);

export const checkedAtLeast = check<number>(
  (value) => isWithin(value, 0, DAY_SECONDS),
  `lockAtLeastSeconds is a number of seconds from 0 to ${DAY_SECONDS}`,
  '; for work to be done only once ever, record that it is done where its result is kept',
);

export const checkedFencing = check<boolean>(isFlag, 'fencing is true or false');

export const checkedReserve = check<number>(
  (value) => isWithin(value, 0, LONGEST_INVOCATION_SECONDS),
  `releaseReserveSeconds is a number of seconds from 0 to ${LONGEST_INVOCATION_SECONDS}`,
);

export const checkedForSeconds = check<number>(
  (value) => isWithin(value, 0, Infinity),
  'forSeconds is a number of seconds, not negative',
);

export const checkedTolerance = check<number>(
  (value) => value === Infinity || isWholeWithin(value, LEAST_TOLERANCE_SECONDS, DAY_SECONDS),
  `clockToleranceSeconds is a whole number of seconds, at least ${LEAST_TOLERANCE_SECONDS}, ` +
    'or Infinity to take no lock over by its stamp',
);

export const checkedHost = check<string>(
  (value) => typeof value === 'string' && value !== '' && value.length <= 1024,
  'hostIdentifier is a text of 1 to 1,024 characters',
);

export const checkedSignal = check<AbortSignal | undefined>(
  (value) => value === undefined || value instanceof AbortSignal,
  'signal is an AbortSignal',
);

/** The signal in the options of a call that takes no other option. */
export function signalIn(options: WaitOptions | undefined, where: string): AbortSignal | undefined {
  refuseUnknown(options, ['signal'], where);
  return checkedSignal(options?.signal);
}

const checkedInvocation = check<InvocationContext | undefined>(
  (value) => value === undefined || isAble(value, 'getRemainingTimeInMillis'),
  "context is a Lambda handler's second argument",
);

/** @throws LockOptionError unless it is the context of an invocation; a durable execution lasts longer than any hold */
export function checkedContext(value: unknown): InvocationContext | undefined {
  if (!isDurable(value)) return checkedInvocation(value);
  throw new LockOptionError(
    'context is that of a durable execution: suspended, it would never release the lock, and its replay would wait ' +
      'for it; take it inside a step, with { context: context.lambdaContext }, or use cdk-lynk/runtime/durable',
  );
}

/**
 * Whether it is a `DurableContext` of AWS's SDK for durable executions. It is recognised by its methods, because the
 * SDK is not imported, and middy makes the context look like a Lambda context, too.
 */
export function isDurable(value: unknown): boolean {
  return isAble(value, 'step') && isAble(value, 'wait');
}

/** @throws LockOptionError unless it can be a partition key: well-formed text of 1 to 2,048 bytes */
export function checkedName(name: unknown): string {
  if (typeof name !== 'string') throw new LockOptionError(`a lock's name is a string, got ${shown(name)}`);
  if (name === '') throw new LockOptionError('a lock\'s name is not empty; name what it protects, like "account/42"');
  if (!isWellFormed(name)) {
    throw new LockOptionError(`a lock's name is well-formed Unicode, got a lone surrogate in ${shown(name)}`);
  }
  const bytes = Buffer.byteLength(name);
  if (bytes > LONGEST_NAME_BYTES) {
    throw new LockOptionError(
      `a lock's name has at most ${LONGEST_NAME_BYTES} UTF-8 bytes, got ${bytes} (${shown(name)}); use a digest of it`,
    );
  }
  return name;
}

/**
 * The note's JSON text, as an entry stores it. Undefined if there is no note.
 * @throws LockOptionError if it is not a JSON value, or longer than `mostBytes`
 */
export function checkedNote(data: unknown, mostBytes = LONGEST_NOTE_BYTES): string | undefined {
  if (data === undefined) return undefined;
  let text: string | undefined;
  let cause: unknown;
  try {
    text = JSON.stringify(data);
  } catch (error) {
    cause = error;
  }
  if (text === undefined) {
    const why = cause === undefined ? '' : `: ${cause instanceof Error ? cause.message : cause}`;
    throw new LockOptionError(`data is a JSON value, got ${shown(data)}${why}`, { cause });
  }
  const bytes = Buffer.byteLength(text);
  if (bytes <= mostBytes) return text;
  throw new LockOptionError(
    `data has at most ${mostBytes} bytes as JSON text, got ${bytes}; keep it elsewhere, and say here where it is`,
  );
}

/** The note in an entry's text. Undefined if it is too long or not JSON, as another client's note may be. */
export function noteFrom(text: string | undefined): unknown {
  if (text === undefined || text.length > LONGEST_READ_LENGTH) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function checkedWork<W>(value: W, where: string): W {
  if (typeof value === 'function') return value;
  throw new LockOptionError(
    `${where} takes the work to do under the lock as its last argument, a function, got ${shown(value)}`,
  );
}

export function checkedFlag(value: unknown, name: string): boolean {
  return value === undefined ? false : check<boolean>(isFlag, `${name} is true or false`)(value);
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

export function isWholeWithin(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && isWithin(value, least, most);
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean';
}

/** Whether the value has this method. */
export function isAble(value: unknown, method: string): boolean {
  return typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function';
}

export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** The value as an error message quotes it, shortened if it is long. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
