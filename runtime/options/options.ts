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
   * Seconds after which others may take the lock over if its holder dies. A live holder renews its lease. A whole
   * number from 1 to 86,400.
   *
   * Or `'invocation'`: the remaining time of the Lambda invocation (`context`), up to `maxInvocationLeaseSeconds`. Then
   * no refresh is needed. But after a crash, others wait until the invocation would have ended.
   * @default 10, or the factory's
   */
  readonly leaseSeconds?: Lease | undefined;
  /**
   * The longest lease that `'invocation'` may take, in seconds. It is also the longest time that others wait after a
   * crash. An invocation that lasts longer refreshes its lease. A whole number from 1 to 86,400.
   * @default 60, or the factory's
   */
  readonly maxInvocationLeaseSeconds?: number | undefined;
  /**
   * The longest time that `acquire` and `withLock` wait for the lock, in seconds. 0 means a single try. Up to 86,400,
   * or `Infinity`.
   * @default 30, or the factory's
   */
  readonly waitSeconds?: number | undefined;
  /**
   * Seconds for which the lock stays taken after it was granted, even if it is released earlier. If two triggers start
   * a scheduled job a moment apart, the second one finds the lock taken. The release does not wait for this. If the
   * work fails, the lock is free at once, so that a retry can run. A rate limit has to count failed calls as well:
   * catch the error within the work. From 0 to 86,400. The time that is left at the release is rounded up to whole
   * seconds.
   * @default 0: the lock is free once it is released
   */
  readonly lockAtLeastSeconds?: number | undefined;
  /**
   * Whether each hold gets a `fencingToken` that is greater than all earlier ones. All clients of the lock must turn it
   * on (docs/fencing.md).
   * @default false, or the factory's
   */
  readonly fencing?: boolean | undefined;
}

/** The options of a semaphore. */
export interface SemaphoreOptions extends Pick<LockOptions, 'leaseSeconds' | 'waitSeconds'> {
  /**
   * How many holders may have a permit at the same time. A whole number from 1 to 100, because one request to DynamoDB
   * reads all permits, and at most 100 items.
   */
  readonly permits: number;
}

/** The options of a single flight. */
export interface SingleFlightOptions
  extends Pick<LockOptions, 'leaseSeconds' | 'waitSeconds'>,
    Pick<AcquireOptions, 'signal' | 'context'> {
  /**
   * The greatest age of a result, in seconds since its work was done. Up to 86,400, and more than
   * `clockToleranceSeconds` (3), because a result may be older than it seems by that much.
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
   * The context of the Lambda invocation that needs the lock. The hold ends with the invocation at the latest. The
   * client never waits during the last `releaseReserveSeconds`. In a step of a durable execution, pass the step's
   * `lambdaContext`. The context of the durable execution itself is rejected with a `LockOptionError`.
   */
  readonly context?: InvocationContext | undefined;
  /**
   * Seconds before the end of the invocation at which `held.signal` aborts with an `InvocationEndingError`. They are
   * kept free for the release. From 0 to 900. Without a `context` it has no effect.
   * @default 1
   */
  readonly releaseReserveSeconds?: number | undefined;
  /**
   * A note for processes that do not get the lock (`holder.data`), and for people who read the table. A JSON value, at
   * most 1,024 bytes as JSON text. `held.refresh({ data })` changes it.
   * @default none
   */
  readonly data?: unknown;
  /** Overrides the lock's setting for this call. See `LockOptions`. */
  readonly lockAtLeastSeconds?: number | undefined;
}

/** The options of `deserializeLock`. */
export interface DeserializeOptions extends TryOptions {
  /** Overrides the factory's setting for this call. See `LockOptions`. */
  readonly fencing?: boolean | undefined;
}

/** The options of one `acquire`. */
export interface AcquireOptions extends TryOptions {
  /** Overrides the lock's setting for this call. See `LockOptions`. */
  readonly waitSeconds?: number | undefined;
}

/** The settings of a factory, for every kind of store. */
export interface FactorySettings extends Omit<LockOptions, 'lockAtLeastSeconds'> {
  /**
   * The largest clock difference between two of DynamoDB's servers, in seconds. A lock is taken over by the age of its
   * timestamp only if the lease ended at least this long ago. A whole number from 2 to 86,400. `Infinity` turns the
   * rule off, for the holder and for contenders (docs/protocol.md, section 3).
   * @default 3
   */
  readonly clockToleranceSeconds?: number | undefined;
  /**
   * The name of the holder, for people who read the table. 1 to 1,024 characters.
   * @default in Lambda `function/log-stream/request-id`, elsewhere `hostname/pid`
   */
  readonly hostIdentifier?: string | undefined;
  /**
   * The logger that gets a line for each event. Lost locks are warnings. Acquisitions and releases are information. The
   * rest is for debugging.
   * @default warnings of lost locks go to the console
   */
  readonly logger?: Logger | undefined;
  /**
   * The target of counts and times: `emfMetrics()`, or the Metrics of Powertools for AWS Lambda.
   * @default none
   */
  readonly metrics?: LockMetrics | undefined;
  /**
   * The observers that get every event of the factory's locks, for instance to trace them.
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
