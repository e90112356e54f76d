import type { LockHolder, LockLostError } from '../errors.js';

/** One attempt to get a lock. The hold that it leads to keeps the same object. */
export interface LockAttempt {
  /** The lock's name; for a semaphore the semaphore's, as the permit is not known yet. */
  readonly lockName: string;
  /** The table's name, or its ARN if the factory was given one. */
  readonly tableName: string;
  /** Who wants the lock, as the lock's entry will say. */
  readonly hostIdentifier: string;
  /** The lease that the hold will have, in seconds. */
  readonly leaseSeconds: number;
  /** The request id of the Lambda invocation, if a `context` was given. */
  readonly requestId: string | undefined;
}

/** What every event has. */
export interface LockEventOf<T extends string> {
  /** What happened. */
  readonly type: T;
  /** The attempt that it happened to. All events of one attempt have the same object. */
  readonly attempt: LockAttempt;
}

/** A caller wants the lock. No request has been sent yet. */
export type LockRequestedEvent = LockEventOf<'requested'>;

/** Another holds the lock, and the caller waits. Reported once for each attempt at most. */
export interface LockWaitingEvent extends LockEventOf<'waiting'> {
  /** Who holds it; undefined if another caller of this process is still asking for it. */
  readonly holder: LockHolder | undefined;
}

/** The lock is held. */
export interface LockAcquiredEvent extends LockEventOf<'acquired'> {
  /** Seconds from the caller's request until the lock was held. */
  readonly waitSeconds: number;
  /** How many requests for the lock were sent to DynamoDB: reads, and writes that try to take it. */
  readonly attempts: number;
  /** The former holder's `hostIdentifier`, if its lease had run out; undefined if the lock was free. */
  readonly takenOverFrom: string | undefined;
  /** What `traceOf` returned for the former holder, if the lock was taken over from it or handed over by it. */
  readonly formerTrace?: string | undefined;
}

/** The attempt ended without the lock. */
export interface LockNotGrantedEvent extends LockEventOf<'not-granted'> {
  /** Seconds from the caller's request until its end. */
  readonly waitSeconds: number;
  /** How many requests for the lock were sent to DynamoDB. */
  readonly attempts: number;
  /** Who held it when it was last seen; undefined if no holder was seen. */
  readonly holder: LockHolder | undefined;
  /**
   * The error that the caller gets: a `LockNotGrantedError` if another holds the lock, a `LockUnavailableError` if
   * DynamoDB did not answer. Undefined if a single try found the lock held, which is no error.
   */
  readonly error: unknown;
}

/** The attempt ended without the lock, which is not needed any more: `singleFlight` got another caller's result. */
export interface LockServedEvent extends LockEventOf<'served'> {
  /** Seconds from the caller's request until its end. */
  readonly waitSeconds: number;
  /** How many requests for the lock were sent to DynamoDB. */
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
  /** Seconds that were left until the old deadline when the confirmation came. */
  readonly remainedSeconds: number;
}

/** A refresh failed, or got no answer in time. It is tried again until the deadline. */
export interface LockRefreshFailedEvent extends LockEventOf<'refresh-failed'> {
  /** Why it failed. */
  readonly error: unknown;
  /** Seconds until the deadline. */
  readonly remainingSeconds: number;
}

/** The hold ended before it was released. */
export interface LockLostEvent extends LockEventOf<'lost'> {
  /** Seconds for which the lock was held. */
  readonly heldSeconds: number;
  /** Says why, by its `reason`. */
  readonly error: LockLostError;
}

/** The hold of a sticky lock ended between two uses, while no work ran under it. */
export interface LockLapsedEvent extends LockEventOf<'lapsed'> {
  /** Seconds for which the lock was held. */
  readonly heldSeconds: number;
  /** Says why, by its `reason`. */
  readonly error: LockLostError;
}

/** The lock was released. */
export interface LockReleasedEvent extends LockEventOf<'released'> {
  /** Seconds for which the lock was held. */
  readonly heldSeconds: number;
}

/** The hold has ended, but its release was not confirmed: the entry may block others for one more lease. */
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
 * What happens to an attempt to get a lock, and to the hold that it leads to:
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
   * Runs the work of a `withLock`, for instance inside a context: calls `work` at once, and returns what it returns.
   * Whatever this method does, the work runs exactly once, and its caller gets its own outcome.
   * @param attempt the hold that the work runs under
   * @param work to be called once
   */
  runWork?<T>(attempt: LockAttempt, work: () => T): T;
  /**
   * The text that the lock's entry keeps for whoever takes the lock over from this hold, such as a `traceparent`.
   * At most 128 characters; a longer text is not kept.
   */
  traceOf?(attempt: LockAttempt): string | undefined;
}

/** Calls a function of the user's that must not be able to break a lock: its errors and rejections are ignored. */
export function harmlessly(call: () => unknown): void {
  try {
    unheard(call());
  } catch {
    // It cannot be logged: the logger itself may be what fails.
  }
}

/** Returns what a function of the user's returned. If that is a promise, its rejection is ignored. */
export function unheard<T>(outcome: T): T {
  const { then } = (outcome ?? {}) as { readonly then?: unknown };
  if (typeof then === 'function') void Promise.resolve(outcome).catch(() => {});
  return outcome;
}
