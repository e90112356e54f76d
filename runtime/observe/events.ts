import type { LockHolder, LockLostError } from '../errors.js';

/** Who asks for which lock: one object for an asking, and for the hold that comes of it. */
export interface LockAttempt {
  /** Of a semaphore, its name: which of its permits it will be, nobody knows yet. */
  readonly lockName: string;
  readonly tableName: string;
  /** Who asks, as its entry would say. */
  readonly hostIdentifier: string;
  readonly leaseSeconds: number;
  /** The Lambda invocation it is for, where there is one. */
  readonly requestId: string | undefined;
}

/** What every event has. */
export interface LockEventOf<T extends string> {
  readonly type: T;
  /** The same object in all events of one asking, so that they can be put together. */
  readonly attempt: LockAttempt;
}

/** A caller has begun to ask. */
export type LockRequestedEvent = LockEventOf<'requested'>;

/** The lock was first seen to be held by another; the caller goes on waiting. Once an asking at most. */
export interface LockWaitingEvent extends LockEventOf<'waiting'> {
  /** Undefined behind a caller of the same process that asks itself. */
  readonly holder: LockHolder | undefined;
}

/** The lock is held. */
export interface LockAcquiredEvent extends LockEventOf<'acquired'> {
  /** Seconds since the caller began to ask. */
  readonly waitSeconds: number;
  /** How many times DynamoDB was asked for it: writes that may take it, and looks. */
  readonly attempts: number;
  /** The `hostIdentifier` of a holder that neither released nor refreshed, and so was taken over from. */
  readonly takenOverFrom: string | undefined;
  /** What `traceOf` of the holder before said, where the lock was taken over from it, or handed over by it. */
  readonly formerTrace?: string | undefined;
}

/** The asking ended without the lock. */
export interface LockNotGrantedEvent extends LockEventOf<'not-granted'> {
  readonly waitSeconds: number;
  readonly attempts: number;
  /** Who held it when last seen; undefined where nobody was seen. */
  readonly holder: LockHolder | undefined;
  /**
   * What the caller got to hear: a `LockNotGrantedError` where another holds it, a `LockUnavailableError` where
   * DynamoDB did not answer. Undefined where a try was simply refused.
   */
  readonly error: unknown;
}

/** The asking ended without the lock, which is not wanted any more: another's result of `singleFlight` serves as well. */
export interface LockServedEvent extends LockEventOf<'served'> {
  readonly waitSeconds: number;
  readonly attempts: number;
}

/** A refresh was confirmed in good time. */
export interface LockRefreshedEvent extends LockEventOf<'refreshed'> {
  readonly remainingSeconds: number;
}

/** A refresh was confirmed more than a quarter of the lease after it was due: the lock was close to being lost. */
export interface LockRefreshedLateEvent extends LockEventOf<'refreshed-late'> {
  readonly lateSeconds: number;
  /** What the hold still had when the confirmation came. */
  readonly remainedSeconds: number;
}

/** A refresh got no answer. It is tried again until the deadline. */
export interface LockRefreshFailedEvent extends LockEventOf<'refresh-failed'> {
  readonly error: unknown;
  readonly remainingSeconds: number;
}

/** The hold ended before its time. */
export interface LockLostEvent extends LockEventOf<'lost'> {
  readonly heldSeconds: number;
  /** Its `reason` says why. */
  readonly error: LockLostError;
}

/** A sticky lock ended between two uses, with no work under it. Its `error` says why. */
export interface LockLapsedEvent extends LockEventOf<'lapsed'> {
  readonly heldSeconds: number;
  readonly error: LockLostError;
}

/** The lock was given back. */
export interface LockReleasedEvent extends LockEventOf<'released'> {
  readonly heldSeconds: number;
}

/** The lock was given back, but nobody confirmed that: its entry may block others for a lease. */
export interface LockReleaseFailedEvent extends LockEventOf<'release-failed'> {
  readonly heldSeconds: number;
  readonly error: unknown;
}

/** The lock was handed over by `serialize`. */
export interface LockHandedOverEvent extends LockEventOf<'handed-over'> {
  readonly heldSeconds: number;
}

/**
 * What happens to an asking for a lock, and to the hold that may come of it:
 *
 *     asked ─► [waiting] ─┬─► not-granted
 *                         ├─► served
 *                         └─► acquired ─► (refreshed | refreshed-late | refresh-failed)* ─┬─► released
 *                                                                                         ├─► release-failed
 *                                                                                         ├─► handed-over
 *                                                                                         ├─► lapsed
 *                                                                                         └─► lost
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

/** Watches locks. It is told at once, in the asynchronous context of the asking, and cannot break a lock. */
export interface LockObserver {
  /** Told of each event as it happens. What it throws goes no further. */
  onLockEvent(event: LockEvent): void;
  /**
   * Runs the work of a `withLock`, so that a context may be put around it: calls `work` at once, and returns what
   * that returns. Whatever else it does, the work runs once, and keeps its outcome.
   */
  runWork?<T>(attempt: LockAttempt, work: () => T): T;
  /** What the entry is to say to whoever takes the lock over from this asking's hold: a `traceparent`. */
  traceOf?(attempt: LockAttempt): string | undefined;
}

/**
 * Calls a function that is not ours to trust. What watches a lock must not be able to break it: neither an
 * error nor a rejection of it goes any further.
 */
export function harmlessly(call: () => unknown): void {
  try {
    unheard(call());
  } catch {
    // There is nobody to tell: the logger itself may be what fails.
  }
}

/** What a function that is not ours to trust gave back: where that is a promise, its rejection goes no further. */
export function unheard<T>(outcome: T): T {
  const { then } = (outcome ?? {}) as { readonly then?: unknown };
  if (typeof then === 'function') void Promise.resolve(outcome).catch(() => {});
  return outcome;
}
