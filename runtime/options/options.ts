import type { LockMetrics } from '../observe/event-metrics.js';
import type { LockObserver } from '../observe/events.js';
import type { Logger } from '../observe/logger.js';
import type { Lease } from './invocation-lease.js';

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
   * `context` gives, up to `maxInvocationLeaseSeconds`: no refresh is needed then, but after a crash others wait
   * for that long.
   * @default 10, or the factory's
   */
  readonly leaseSeconds?: Lease | undefined;
  /**
   * Seconds that the lease `invocation` lasts at most, and so others wait at most after a crash; what is left of
   * the invocation beyond that is covered by refreshes. Whole, 1 to 86,400.
   * @default 60, or the factory's
   */
  readonly maxInvocationLeaseSeconds?: number | undefined;
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
   * eats its last `releaseReserveSeconds`. Inside a step of a durable execution it is the `lambdaContext`; the
   * context of the execution itself is refused.
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

export const LOCK_OPTIONS = [
  'leaseSeconds',
  'maxInvocationLeaseSeconds',
  'waitSeconds',
  'lockAtLeastSeconds',
  'fencing',
] as const;
export const SEMAPHORE_OPTIONS = ['permits', 'leaseSeconds', 'waitSeconds'] as const;
export const SINGLE_FLIGHT_OPTIONS = ['freshSeconds', 'leaseSeconds', 'waitSeconds', 'signal', 'context'] as const;
export const TRY_OPTIONS = ['signal', 'context', 'releaseReserveSeconds', 'data', 'lockAtLeastSeconds'] as const;
export const DESERIALIZE_OPTIONS = [...TRY_OPTIONS, 'fencing'] as const;
export const ACQUIRE_OPTIONS = ['waitSeconds', ...TRY_OPTIONS] as const;
export const FACTORY_SETTINGS = [
  'leaseSeconds',
  'maxInvocationLeaseSeconds',
  'waitSeconds',
  'fencing',
  'clockToleranceSeconds',
  'hostIdentifier',
  'logger',
  'metrics',
  'observers',
] as const;
