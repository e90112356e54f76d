import type { LockMetrics } from '../observe/event-metrics.js';
import type { LockObserver } from '../observe/events.js';
import type { Logger } from '../observe/logger.js';
import type { Lease } from './invocation-lease.js';

/** The part of a Lambda handler's second argument that the client uses. */
export interface InvocationContext {
  /** The request id, for events, log lines and the `hostIdentifier`. */
  readonly awsRequestId?: string | undefined;
  /** Milliseconds until Lambda ends the invocation. */
  getRemainingTimeInMillis(): number;
}

/** The options of a lock. */
export interface LockOptions {
  /**
   * Seconds after which others may take the lock over if its holder dies. As long as the holder lives, its lease is
   * renewed. A whole number from 1 to 86,400.
   *
   * Or `'invocation'`: the time that is left of the Lambda invocation (`context`), up to `maxInvocationLeaseSeconds`.
   * No refresh is needed then. But after a crash, others wait until the invocation would have ended.
   * @default 10, or the factory's
   */
  readonly leaseSeconds?: Lease | undefined;
  /**
   * The longest lease, in seconds, that `'invocation'` stands for, and so the longest that others wait after a crash.
   * An invocation that lasts longer refreshes its lease. A whole number from 1 to 86,400.
   * @default 60, or the factory's
   */
  readonly maxInvocationLeaseSeconds?: number | undefined;
  /**
   * Seconds that `acquire` and `withLock` wait for the lock at most. 0 means a single try. Up to 86,400, or `Infinity`.
   * @default 30, or the factory's
   */
  readonly waitSeconds?: number | undefined;
  /**
   * Seconds for which the lock stays taken after it was granted, even if it is released earlier. If two triggers start
   * a scheduled job a moment apart, the second one finds the lock taken. The release does not wait for this. If the
   * work fails, the lock is free at once, so that a retry can do it. For a rate limit, which has to count failed calls
   * as well, catch the error within the work. From 0 to 86,400; what is left at the release is rounded up to whole
   * seconds.
   * @default 0: the lock is free once it is released
   */
  readonly lockAtLeastSeconds?: number | undefined;
  /**
   * Whether each hold gets a `fencingToken` greater than all before it. All clients of the lock must turn it on
   * (docs/fencing.md).
   * @default false, or the factory's
   */
  readonly fencing?: boolean | undefined;
}

/** The options of a semaphore. */
export interface SemaphoreOptions extends Pick<LockOptions, 'leaseSeconds' | 'waitSeconds'> {
  /**
   * How many may hold a permit at the same time. A whole number from 1 to 100: the permits are read in one request, and
   * DynamoDB reads up to 100 items in one.
   */
  readonly permits: number;
}

/** The options of a single flight. */
export interface SingleFlightOptions
  extends Pick<LockOptions, 'leaseSeconds' | 'waitSeconds'>,
    Pick<AcquireOptions, 'signal' | 'context'> {
  /**
   * How old a result may be, in seconds since its work was done. Up to 86,400, and more than `clockToleranceSeconds`
   * (3): a result may be older than it seems by that much.
   */
  readonly freshSeconds: number;
}

/** The options of one try. */
export interface TryOptions {
  /**
   * Ends the wait: the call then rejects with `signal.reason`. If the lock is held already, `held.signal` aborts with
   * the same reason.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * The context of the Lambda invocation that needs the lock. The hold ends with the invocation at the latest, and the
   * last `releaseReserveSeconds` are never spent on waiting. In a step of a durable execution, pass the step's
   * `lambdaContext`; the context of the durable execution itself is refused.
   */
  readonly context?: InvocationContext | undefined;
  /**
   * Seconds before the end of the invocation at which `held.signal` aborts with an `InvocationEndingError`. They are
   * kept free for the release. From 0 to 900. Without a `context` it has no effect.
   * @default 1
   */
  readonly releaseReserveSeconds?: number | undefined;
  /**
   * A note for those who do not get the lock (`holder.data`), and for people who look into the table. A JSON value, at
   * most 1,024 bytes as JSON text. `held.refresh({ data })` changes it.
   * @default none
   */
  readonly data?: unknown;
  /** Overrides the lock's own, for this call: see `LockOptions`. */
  readonly lockAtLeastSeconds?: number | undefined;
}

/** The options of `deserializeLock`. */
export interface DeserializeOptions extends TryOptions {
  /** Overrides the factory's, for this call: see `LockOptions`. */
  readonly fencing?: boolean | undefined;
}

/** The options of one `acquire`. */
export interface AcquireOptions extends TryOptions {
  /** Overrides the lock's own, for this call: see `LockOptions`. */
  readonly waitSeconds?: number | undefined;
}

/** The settings of a factory, wherever its locks are kept. */
export interface FactorySettings extends Omit<LockOptions, 'lockAtLeastSeconds'> {
  /**
   * How far the clocks of DynamoDB's front ends may differ, in seconds. A lock is taken over by the age of its stamp
   * only if the lease ended at least this long ago. A whole number from 2 to 86,400. `Infinity` turns the rule off, for
   * the holder and for contenders (docs/protocol.md, section 3).
   * @default 3
   */
  readonly clockToleranceSeconds?: number | undefined;
  /**
   * Who holds the locks, for people who look into the table. 1 to 1,024 characters.
   * @default in Lambda `function/log-stream/request-id`, else `hostname/pid`
   */
  readonly hostIdentifier?: string | undefined;
  /**
   * Gets a line for each event. Lost locks are warnings, who had a lock and when is information, the rest is for
   * debugging.
   * @default warnings of lost locks go to the console
   */
  readonly logger?: Logger | undefined;
  /**
   * Gets counts and times: `emfMetrics()`, or the Metrics of Powertools for AWS Lambda.
   * @default none
   */
  readonly metrics?: LockMetrics | undefined;
  /**
   * Get every event of the factory's locks, for instance to trace them.
   * @default none
   */
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
