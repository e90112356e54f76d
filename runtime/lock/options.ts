import { LockOptionError } from '../errors.js';
import type { LockObserver } from './events.js';
import type { Lease } from './invocation.js';
import type { Logger } from './logger.js';
import type { LockMetrics } from './metrics.js';

/** What is needed of a Lambda handler's second argument. */
export interface InvocationContext {
  readonly awsRequestId?: string | undefined;
  /** Milliseconds until Lambda ends the invocation. */
  getRemainingTimeInMillis(): number;
}

/** For one lock. */
export interface LockOptions {
  /**
   * Seconds after which others may take the lock over if its holder dies. While the holder lives, the
   * heartbeat renews it. Whole, 1 to 86,400. `invocation` covers what is left of the Lambda invocation that
   * `context` gives, up to 60 s: no refresh is needed then, but after a crash others wait for that long.
   * @default 10, or the factory's
   */
  readonly leaseSeconds?: Lease | undefined;
  /**
   * Seconds for which `acquire` and `withLock` wait at most; 0 asks once. Up to 86,400, or `Infinity`.
   * @default 30, or the factory's
   */
  readonly waitSeconds?: number | undefined;
  /**
   * Seconds for which the lock stays taken, counted from when it was granted, though it is released earlier:
   * of two triggers of a scheduled job that come a moment apart, the second finds it taken. What is left of
   * them is rounded up to whole seconds; nobody waits for it. 0 to 86,400.
   * @default 0: free once released
   */
  readonly lockAtLeastSeconds?: number | undefined;
  /**
   * Whether each hold gets a `fencingToken` greater than those before it. All clients of the lock have to
   * have it on (docs/fencing.md).
   * @default false, or the factory's
   */
  readonly fencing?: boolean | undefined;
}

/** For a semaphore. */
export interface SemaphoreOptions extends Pick<LockOptions, 'leaseSeconds' | 'waitSeconds'> {
  /**
   * How many may hold a permit at once: whole, 1 to 100. Who is free is read in one request, and DynamoDB
   * reads up to 100 items in one.
   */
  readonly permits: number;
}

/** For a single flight. */
export interface SingleFlightOptions
  extends Pick<LockOptions, 'leaseSeconds' | 'waitSeconds'>,
    Pick<AcquireOptions, 'signal' | 'context'> {
  /**
   * How old a result may be, in seconds since the work that made it settled: more than `clockToleranceSeconds`
   * (3), by which it may be older than it seems, up to 86,400.
   */
  readonly freshSeconds: number;
}

/** For one try. */
export interface TryOptions {
  /** Stops the asking, which then rejects with `signal.reason`; afterwards `held.signal` aborts with it. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The Lambda invocation that the lock is for. The hold ends with it at the latest, and waiting never
   * eats its last `releaseReserveSeconds`.
   */
  readonly context?: InvocationContext | undefined;
  /**
   * Seconds before the invocation's end at which `held.signal` aborts with an `InvocationEndingError`, so that
   * the work stops in time for the lock to be released. 0 to 900; only with `context`.
   * @default 1
   */
  readonly releaseReserveSeconds?: number | undefined;
  /**
   * A note for whoever is refused, as `holder.data`, and for people who look into the table: a JSON value,
   * at most 1 KB as text. `held.refresh({ data })` changes it.
   * @default none
   */
  readonly data?: unknown;
  /** As in `LockOptions`, for this call. */
  readonly lockAtLeastSeconds?: number | undefined;
}

/** For `deserializeLock`. */
export interface DeserializeOptions extends TryOptions {
  /** As in `LockOptions`, for this call. */
  readonly fencing?: boolean | undefined;
}

/** For one acquire. */
export interface AcquireOptions extends TryOptions {
  /** As in `LockOptions`, for this call. */
  readonly waitSeconds?: number | undefined;
}

/** For all locks of a factory, whatever they are kept in. */
export interface FactorySettings extends Omit<LockOptions, 'lockAtLeastSeconds'> {
  /**
   * Seconds that DynamoDB's front ends may differ by before a lock is taken over by the age of its stamp:
   * whole, at least 2. `Infinity` turns that rule off, for the holder and for contenders.
   * @default 3
   */
  readonly clockToleranceSeconds?: number | undefined;
  /**
   * Who holds, for people who look into the table.
   * @default in Lambda `function/log-stream/request-id`, else `hostname/pid`
   */
  readonly hostIdentifier?: string | undefined;
  /**
   * Gets a line for each event: warnings of lost locks, information on who had a lock when, the rest to debug.
   * @default warnings of lost locks go to the console
   */
  readonly logger?: Logger | undefined;
  /**
   * Gets counts and times: `emfMetrics()`, or the Metrics of Powertools for AWS Lambda.
   * @default none
   */
  readonly metrics?: LockMetrics | undefined;
  /** Told of all that happens to the factory's locks; for traces, and whatever else. */
  readonly observers?: readonly LockObserver[] | undefined;
}

export const LOCK_OPTIONS = ['leaseSeconds', 'waitSeconds', 'lockAtLeastSeconds', 'fencing'] as const;
export const SEMAPHORE_OPTIONS = ['permits', 'leaseSeconds', 'waitSeconds'] as const;
export const SINGLE_FLIGHT_OPTIONS = ['freshSeconds', 'leaseSeconds', 'waitSeconds', 'signal', 'context'] as const;
export const TRY_OPTIONS = ['signal', 'context', 'releaseReserveSeconds', 'data', 'lockAtLeastSeconds'] as const;
export const DESERIALIZE_OPTIONS = [...TRY_OPTIONS, 'fencing'] as const;
export const ACQUIRE_OPTIONS = ['waitSeconds', ...TRY_OPTIONS] as const;
export const FACTORY_SETTINGS = [
  'leaseSeconds',
  'waitSeconds',
  'fencing',
  'clockToleranceSeconds',
  'hostIdentifier',
  'logger',
  'metrics',
  'observers',
] as const;

/** DynamoDB's limit for a partition key. */
const LONGEST_NAME_BYTES = 2048;
/** As many as one transaction of DynamoDB writes, so that they can be guarded together. */
const MOST_LOCKS_AT_ONCE = 100;
/** The items that one BatchGetItem reads at most. */
const MOST_PERMITS = 100;
const DAY_SECONDS = 24 * 60 * 60;
const LONGEST_INVOCATION_SECONDS = 900;
/** The resolution of `Date`, and one more second for front ends that differ (docs/protocol.md, section 3). */
const LEAST_TOLERANCE_SECONDS = 2;

/** @throws LockOptionError that names the unknown keys; a misspelt option must not be ignored */
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

/** @throws LockOptionError unless it can be a partition key: 1 to 2,048 bytes of well-formed text */
export function checkedName(name: unknown): string {
  if (typeof name !== 'string') throw new LockOptionError(`a lock's name is a string, got ${shown(name)}`);
  if (name === '') throw new LockOptionError('a lock\'s name is not empty; name what it protects, like "account/42"');
  if (/\p{Surrogate}/u.test(name)) {
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

export function checkedLease(value: unknown): Lease {
  if (value === 'invocation') return value;
  if (isNumberWithin(value, 1, DAY_SECONDS) && Number.isInteger(value)) return value;
  throw new LockOptionError(
    `leaseSeconds is a whole number of seconds from 1 to ${DAY_SECONDS}, got ${shown(value)}; or it is "invocation"; ` +
      'work may last longer than the lease, which is renewed while its holder lives',
  );
}

/** @throws LockOptionError unless they are several lock names, each once */
export function checkedNames(names: unknown): readonly string[] {
  if (!Array.isArray(names)) throw new LockOptionError(`withLocks takes a list of lock names, got ${shown(names)}`);
  if (names.length === 0 || names.length > MOST_LOCKS_AT_ONCE) {
    throw new LockOptionError(
      `withLocks takes 1 to ${MOST_LOCKS_AT_ONCE} lock names, got ${names.length}; lock what they belong to instead`,
    );
  }
  const checked = Array.from(names, checkedName);
  const twice = [...new Set(checked.filter((name, index) => checked.indexOf(name) !== index))];
  if (twice.length === 0) return checked;
  throw new LockOptionError(
    `withLocks got ${twice.map(shown).join(', ')} more than once; nobody can hold a lock twice: name each once`,
  );
}

export function checkedPermits(value: unknown): number {
  if (isNumberWithin(value, 1, MOST_PERMITS) && Number.isInteger(value)) return value;
  throw new LockOptionError(
    `permits is a whole number from 1 to ${MOST_PERMITS}, got ${shown(value)}; for more, let callers choose between ` +
      'several semaphores',
  );
}

export function checkedWait(value: unknown): number {
  if (isNumberWithin(value, 0, DAY_SECONDS) || value === Number.POSITIVE_INFINITY) return value;
  throw new LockOptionError(
    `waitSeconds is a number of seconds from 0 (ask once) to ${DAY_SECONDS}, or Infinity, got ${shown(value)}`,
  );
}

export function checkedAtLeast(value: unknown): number {
  if (isNumberWithin(value, 0, DAY_SECONDS)) return value;
  throw new LockOptionError(
    `lockAtLeastSeconds is a number of seconds from 0 to ${DAY_SECONDS}, got ${shown(value)}; ` +
      'for work that is done once and for all, note that it is done where its result is kept',
  );
}

export function checkedFencing(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new LockOptionError(`fencing is true or false, got ${shown(value)}`);
}

export function checkedReserve(value: unknown): number {
  if (isNumberWithin(value, 0, LONGEST_INVOCATION_SECONDS)) return value;
  throw new LockOptionError(
    `releaseReserveSeconds is a number of seconds from 0 to ${LONGEST_INVOCATION_SECONDS}, got ${shown(value)}`,
  );
}

export function checkedForSeconds(value: unknown): void {
  if (typeof value === 'number' && value >= 0) return;
  throw new LockOptionError(`forSeconds is a number of seconds, not negative, got ${shown(value)}`);
}

export function checkedTolerance(value: unknown): number {
  if (value === Number.POSITIVE_INFINITY) return value;
  if (isNumberWithin(value, LEAST_TOLERANCE_SECONDS, DAY_SECONDS) && Number.isInteger(value)) return value;
  throw new LockOptionError(
    `clockToleranceSeconds is a whole number of seconds, at least ${LEAST_TOLERANCE_SECONDS}, ` +
      `or Infinity to take no lock over by its stamp, got ${shown(value)}`,
  );
}

export function checkedHost(value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= 1024) return value;
  throw new LockOptionError(`hostIdentifier is a text of 1 to 1,024 characters, got ${shown(value)}`);
}

export function checkedLogger(value: unknown): Logger {
  const logger = value as Partial<Logger> | null | undefined;
  if (typeof logger?.warn === 'function' && typeof logger.debug === 'function') return logger as Logger;
  throw new LockOptionError(`logger has the methods warn and debug, like console, got ${shown(value)}`);
}

export function checkedMetrics(value: unknown): LockMetrics {
  const metrics = value as Partial<LockMetrics> | null | undefined;
  if (typeof metrics?.singleMetric === 'function') return metrics as LockMetrics;
  throw new LockOptionError(
    `metrics has the method singleMetric, like emfMetrics() and Powertools' Metrics, got ${shown(value)}`,
  );
}

export function checkedObservers(value: unknown): readonly LockObserver[] {
  const isObserver = (one: Partial<LockObserver> | null | undefined): boolean => typeof one?.onLockEvent === 'function';
  if (Array.isArray(value) && value.every(isObserver)) return value;
  throw new LockOptionError(`observers is an array of objects with the method onLockEvent, got ${shown(value)}`);
}

export function checkedSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw new LockOptionError(`signal is an AbortSignal, got ${shown(value)}`);
}

export function checkedContext(value: unknown): InvocationContext | undefined {
  const context = value as Partial<InvocationContext> | null | undefined;
  if (context === undefined || typeof context?.getRemainingTimeInMillis === 'function') {
    return context as InvocationContext | undefined;
  }
  throw new LockOptionError(`context is a Lambda handler's second argument, got ${shown(value)}`);
}

/** How the names of the locks to list begin. */
export function checkedPrefix(value: unknown = ''): string {
  if (typeof value === 'string' && !/\p{Surrogate}/u.test(value) && Buffer.byteLength(value) <= LONGEST_NAME_BYTES) {
    return value;
  }
  throw new LockOptionError(
    `prefix is how a lock's name begins, up to ${LONGEST_NAME_BYTES} UTF-8 bytes, got ${shown(value)}`,
  );
}

/** Why a lock is broken: it stands in the table, and in the holder's log. */
export function checkedReason(value: unknown): string {
  if (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= 500 &&
    !/[\p{Cc}\p{Surrogate}]/u.test(value)
  ) {
    return value;
  }
  throw new LockOptionError(
    `break takes a reason, which the holder is told: 1 to 500 characters on one line, got ${shown(value)}`,
  );
}

export function checkedSeenVersion(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new LockOptionError(`version is one that inspect has shown, got ${shown(value)}`);
}

export function checkedFlag(value: unknown, name: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw new LockOptionError(`${name} is true or false, got ${shown(value)}`);
}

export function checkedListener<L>(value: L, name: string): L {
  if (value === undefined || typeof value === 'function') return value;
  throw new LockOptionError(`${name} is a function, got ${shown(value)}`);
}

export function checkedWork<W>(value: W, where: string): W {
  if (typeof value === 'function') return value;
  throw new LockOptionError(
    `${where} takes the work to do under the lock as its last argument, a function, got ${shown(value)}`,
  );
}

function isNumberWithin(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}

/** A value as an error message may quote it: recognisable, and never long. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
