import type { LockHolder, LockLostError } from '../errors.js';

/** One attempt to acquire a lock. The resulting hold keeps the same object. */
export interface LockAttempt {
  /** The lock's name. For a semaphore, it is the semaphore's name, because the permit is not known yet. */
  readonly lockName: string;
  /** The table's name, or its ARN if the factory was given one. */
  readonly tableName: string;
  /** The identifier of the process that wants the lock, as in the lock's entry. */
  readonly hostIdentifier: string;
  /** The lease that the hold will have, in seconds. */
  readonly leaseSeconds: number;
  /** The request id of the Lambda invocation, if a `context` was given. */
  readonly requestId: string | undefined;
}

/** The fields of every event. */
export interface LockEventOf<T extends string> {
  /** What happened. */
  readonly type: T;
  /** The attempt that the event belongs to. All events of one attempt have the same object. */
  readonly attempt: LockAttempt;
}

/** A caller wants the lock. No request has been sent yet. */
export type LockRequestedEvent = LockEventOf<'requested'>;

/** Another process holds the lock, and the caller waits. Reported at most once for each attempt. */
export interface LockWaitingEvent extends LockEventOf<'waiting'> {
  /** The holder. Undefined if another caller in this process is still acquiring the lock. */
  readonly holder: LockHolder | undefined;
}

/** The lock is held. */
export interface LockAcquiredEvent extends LockEventOf<'acquired'> {
  /** Seconds from the caller's request until the lock was held. */
  readonly waitSeconds: number;
  /** The number of requests for the lock that were sent to DynamoDB: reads, and writes that try to acquire it. */
  readonly attempts: number;
  /** The former holder's `hostIdentifier` if its lease had ended. Undefined if the lock was free. */
  readonly takenOverFrom: string | undefined;
  /**
   * The text that `traceOf` returned for the former holder, if the lock was taken over from it or handed over by it.
   */
  readonly formerTrace?: string | undefined;
}

/** The attempt ended without the lock. */
export interface LockNotGrantedEvent extends LockEventOf<'not-granted'> {
  /** Seconds from the caller's request until its end. */
  readonly waitSeconds: number;
  /** The number of requests for the lock that were sent to DynamoDB. */
  readonly attempts: number;
  /** The holder when the lock was last seen. Undefined if no holder was seen. */
  readonly holder: LockHolder | undefined;
  /**
   * The error that the caller gets. It is a `LockNotGrantedError` if another process holds the lock, and a
   * `LockUnavailableError` if DynamoDB did not answer. Undefined if a single try found the lock held, which is not an
   * error.
   */
  readonly error: unknown;
}

/** The attempt ended without the lock because `singleFlight` got another caller's result. */
export interface LockServedEvent extends LockEventOf<'served'> {
  /** Seconds from the caller's request until its end. */
  readonly waitSeconds: number;
  /** The number of requests for the lock that were sent to DynamoDB. */
  readonly attempts: number;
}

/** A refresh was confirmed in time. */
export interface LockRefreshedEvent extends LockEventOf<'refreshed'> {
  /** Seconds until the new deadline. */
  readonly remainingSeconds: number;
}

/** A refresh was confirmed more than a quarter of the lease after it was due. The lock was nearly lost. */
export interface LockRefreshedLateEvent extends LockEventOf<'refreshed-late'> {
  /** Seconds between when the refresh was due and when it was confirmed. */
  readonly lateSeconds: number;
  /** Seconds from the confirmation until the old deadline. */
  readonly remainedSeconds: number;
}

/** A refresh failed, or got no answer in time. The client retries it until the deadline. */
export interface LockRefreshFailedEvent extends LockEventOf<'refresh-failed'> {
  /** The reason for the failure. */
  readonly error: unknown;
  /** Seconds until the deadline. */
  readonly remainingSeconds: number;
}

/** The hold ended before it was released. */
export interface LockLostEvent extends LockEventOf<'lost'> {
  /** Seconds for which the lock was held. */
  readonly heldSeconds: number;
  /** The error, whose `reason` says why the hold ended. */
  readonly error: LockLostError;
}

/** The hold of a sticky lock ended between two uses, while no work ran under it. */
export interface LockLapsedEvent extends LockEventOf<'lapsed'> {
  /** Seconds for which the lock was held. */
  readonly heldSeconds: number;
  /** The error, whose `reason` says why the hold ended. */
  readonly error: LockLostError;
}

/** The lock was released. */
export interface LockReleasedEvent extends LockEventOf<'released'> {
  /** Seconds for which the lock was held. */
  readonly heldSeconds: number;
}

/** The hold has ended, but its release was not confirmed. The entry may block others for one more lease. */
export interface LockReleaseFailedEvent extends LockEventOf<'release-failed'> {
  /** Seconds for which the lock was held. */
  readonly heldSeconds: number;
  /** Why the release was not confirmed. */
  readonly error: unknown;
}

/** The lock was handed over by `serialize`. */
export interface LockHandedOverEvent extends LockEventOf<'handed-over'> {
  /** Seconds for which the lock was held. */
  readonly heldSeconds: number;
}

/**
 * The events of an attempt to acquire a lock, and of the resulting hold:
 *
 *     requested ─► [waiting] ─┬─► not-granted
 *                             ├─► served
 *                             └─► acquired ─► (refreshed | refreshed-late | refresh-failed)*
 *                                               ─► released | release-failed | handed-over | lapsed | lost
 */
export type LockEvent =
  | LockRequestedEvent
  | LockWaitingEvent
  | LockAcquiredEvent
  | LockNotGrantedEvent
  | LockServedEvent
  | LockRefreshedEvent
  | LockRefreshedLateEvent
  | LockRefreshFailedEvent
  | LockLostEvent
  | LockLapsedEvent
  | LockReleasedEvent
  | LockReleaseFailedEvent
  | LockHandedOverEvent;

/**
 * Observes the locks of a factory (option `observers`). It is called synchronously, in the asynchronous context of
 * the attempt. Its errors and rejections are ignored, so that it cannot break a lock.
 *
 * @example
 * import { getLockFactory, type LockObserver } from 'cdk-lynk/runtime';
 *
 * const losses: LockObserver = {
 *   onLockEvent: (event) => {
 *     if (event.type === 'lost') console.error(event.attempt.lockName, event.error.reason);
 *   },
 * };
 * export const factory = getLockFactory('my-locks', { observers: [losses] });
 */
export interface LockObserver {
  /** Gets each event as it happens. */
  onLockEvent(event: LockEvent): void;
  /**
   * Runs the work of a `withLock`, for instance inside a context. It has to call `work` at once, and return its result.
   * Whatever this method does, the work runs exactly once, and the caller gets the work's own result or error.
   * @param attempt the hold that the work runs under
   * @param work the work, to be called once
   */
  runWork?<T>(attempt: LockAttempt, work: () => T): T;
  /**
   * Returns a text for the next holder, such as a `traceparent`. The lock's entry stores it. A process that takes the
   * lock over from this hold reads it. At most 128 characters; a longer text is not stored.
   */
  traceOf?(attempt: LockAttempt): string | undefined;
}

/** Calls a user's function and ignores its errors and rejections, so that it cannot break a lock. */
export function harmlessly(call: () => unknown): void {
  try {
    unheard(call());
  } catch {
    // It cannot be logged: the logger itself may be what fails.
  }
}

/** Returns the result of a user's function. If it is a promise, its rejection is ignored. */
export function unheard<T>(outcome: T): T {
  const { then } = (outcome ?? {}) as { readonly then?: unknown };
  if (typeof then === 'function') void Promise.resolve(outcome).catch(() => {});
  return outcome;
}
