import { isBroken } from './protocol/breaking.js';

/** What every error of this library carries, so that a log line is enough to find the lock. */
export interface LynkErrorDetails {
  /** The lock's name, where the error is about one lock. */
  readonly lockName?: string | undefined;
  readonly tableName?: string | undefined;
  readonly cause?: unknown;
}

/** The base of every error this library throws. Each subclass has a `name` that stays. */
export class LynkError extends Error {
  override readonly name: string = 'LynkError';
  readonly lockName: string | undefined;
  readonly tableName: string | undefined;

  constructor(message: string, { lockName, tableName, cause }: LynkErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.lockName = lockName;
    this.tableName = tableName;
  }
}

/** Who holds a lock, as far as its entry tells. */
export class LockHolder {
  constructor(
    /** In Lambda `function/log-stream/request-id`, else `hostname/pid`; a Python client's is its host name. */
    readonly hostIdentifier: string,
    /** Seconds of the holder's lease. */
    readonly leaseSeconds: number,
    /** Seconds until the lock can be had at the latest, if its holder neither refreshes nor releases it. */
    readonly remainingSeconds: number,
    /** The note that it attached (`data`); undefined where there is none, or none that is JSON. */
    readonly data?: unknown,
  ) {}

  /** As messages and logs quote it: who, with which lease, and for about how long yet. */
  toString(): string {
    const remaining = Math.ceil(this.remainingSeconds * 10) / 10;
    return isBroken(this)
      ? `nobody: ${this.hostIdentifier} (lease ${this.leaseSeconds} s, about ${remaining} s left)`
      : `${this.hostIdentifier} (lease ${this.leaseSeconds} s, about ${remaining} s left unless refreshed)`;
  }
}

/** What a `LockNotGrantedError` carries beside. */
export interface LockNotGrantedDetails extends LynkErrorDetails {
  readonly holder?: LockHolder | undefined;
  readonly holders?: readonly LockHolder[] | undefined;
  readonly permits?: number | undefined;
}

/** Another holds the lock, or had it when it was last seen, and did not give it up in time. */
export class LockNotGrantedError extends LynkError {
  override readonly name = 'LockNotGrantedError';
  /** Who held it when last seen; undefined where nobody was seen. */
  readonly holder: LockHolder | undefined;
  /** All who held it when last seen: of a semaphore, one for each permit that was seen to be held. */
  readonly holders: readonly LockHolder[];
  /** How many permits the semaphore has, where it was one. */
  readonly permits: number | undefined;

  constructor(message: string, details: LockNotGrantedDetails) {
    super(message, details);
    const { holder, holders, permits } = details;
    this.holder = holder ?? holders?.[0];
    this.holders = holders ?? (holder ? [holder] : []);
    this.permits = permits;
  }
}

/**
 * DynamoDB could not be asked, did not answer in time, or did not confirm in time: nothing is known of who holds the
 * lock. It may pass; `cause` is the last failed request. What no attempt can get past is a `LockTableError`.
 */
export class LockUnavailableError extends LynkError {
  override readonly name = 'LockUnavailableError';
}

/**
 * A lock that was to be broken was left as it is: it has changed since it was looked at, or there is nothing
 * to break. The message says which.
 */
export class BreakRefusedError extends LynkError {
  override readonly name = 'BreakRefusedError';
  /** The version that stands now; undefined where there is no entry. */
  readonly version: string | undefined;

  constructor(message: string, details: LynkErrorDetails & { readonly version?: string | undefined }) {
    super(message, details);
    this.version = details.version;
  }
}

/**
 * Why a hold ended before its time:
 * - `deadline`: no refresh was confirmed in time (an outage, a freeze, a blocked event loop)
 * - `taken`: another holder's entry stands in the table
 * - `broken`: somebody broke it by hand; the message says who, and why
 * - `gone`: the entry was deleted by somebody else
 * - `invocation-ended`: the Lambda invocation it belongs to is over
 *
 * and, of a hold asked after its proper end: `released`, `handed-over`. A text that was handed over
 * already, or whose lock has moved on, gives `stale-hand-over`.
 */
export type LockLostReason =
  | 'deadline'
  | 'taken'
  | 'broken'
  | 'gone'
  | 'invocation-ended'
  | 'released'
  | 'handed-over'
  | 'stale-hand-over';

/** The lock is not held any more. Also the reason that `held.signal` aborts with. */
export class LockLostError extends LynkError {
  override readonly name = 'LockLostError';
  readonly reason: LockLostReason;
  /** From `withLock`: what the work resolved to, although the lock was lost before it settled. */
  readonly result: unknown;

  constructor(
    message: string,
    details: LynkErrorDetails & { readonly reason: LockLostReason; readonly result?: unknown },
  ) {
    super(message, details);
    this.reason = details.reason;
    this.result = details.result;
  }
}

/**
 * Not a loss: the reason that `held.signal` aborts with when only `releaseReserveSeconds` are left of the Lambda
 * invocation. The lock is still held; stop, so that it can be released before the invocation is killed.
 */
export class InvocationEndingError extends LynkError {
  override readonly name = 'InvocationEndingError';
}

/** A hand-over text that is not one: not `Lock.1` JSON as `serialize` writes it. */
export class CannotDeserializeError extends LynkError {
  override readonly name = 'CannotDeserializeError';
}

/** An entry in the table that is no lock's entry. It is never overwritten: repair or delete it by hand. */
export class LockEntryError extends LynkError {
  override readonly name = 'LockEntryError';
  /** The attribute that is missing or of the wrong type. */
  readonly attribute: string;

  constructor(message: string, details: LynkErrorDetails & { readonly attribute: string }) {
    super(message, details);
    this.attribute = details.attribute;
  }
}

/** Asked, inside `withLock`, for a lock that the same asynchronous context holds: waiting would never end. */
export class LockReentrancyError extends LynkError {
  override readonly name = 'LockReentrancyError';
}

/** A name or an option that cannot be used. */
export class LockOptionError extends LynkError {
  override readonly name = 'LockOptionError';
}

/** The table cannot be used: it does not exist, is no lock table, or permission or credentials are missing. */
export class LockTableError extends LynkError {
  override readonly name = 'LockTableError';
}
