import { isBroken } from './protocol/breaking.js';

/** The details that every error of this library can have. */
export interface LynkErrorDetails {
  /** The lock's name, if the error is about one lock. */
  readonly lockName?: string | undefined;
  /** The table's name, or its ARN if the factory was given one. */
  readonly tableName?: string | undefined;
  /** The error that led to this one, such as the AWS SDK's. */
  readonly cause?: unknown;
}

/** The base class of all errors of this library. Tell them apart by `instanceof`, or by their `name`. */
export class LynkError extends Error {
  /** The class's name, also in minified code. */
  override readonly name: string = 'LynkError';
  /** The lock's name, if the error is about one lock. */
  readonly lockName: string | undefined;
  /** The table's name, or its ARN if the factory was given one. */
  readonly tableName: string | undefined;

  constructor(message: string, { lockName, tableName, cause }: LynkErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.lockName = lockName;
    this.tableName = tableName;
  }
}

/** Who holds a lock, as its entry says. */
export class LockHolder {
  constructor(
    /**
     * The option `hostIdentifier` of the holder. By default, it is `function/log-stream/request-id` in Lambda, and
     * `hostname/pid` elsewhere. For a Python client, it is the name of its host.
     */
    readonly hostIdentifier: string,
    /** The holder's lease in seconds. */
    readonly leaseSeconds: number,
    /** The most seconds until the lock is free, unless the holder refreshes it. */
    readonly remainingSeconds: number,
    /** The holder's note (option `data`). Undefined if there is none, or if it is not JSON. */
    readonly data?: unknown,
  ) {}

  /** The text for messages and logs: the holder, its lease and the remaining seconds. */
  toString(): string {
    const remaining = Math.ceil(this.remainingSeconds * 10) / 10;
    return isBroken(this)
      ? `nobody: ${this.hostIdentifier} (lease ${this.leaseSeconds} s, about ${remaining} s left)`
      : `${this.hostIdentifier} (lease ${this.leaseSeconds} s, about ${remaining} s left unless refreshed)`;
  }
}

/** The details of a `LockNotGrantedError`. */
export interface LockNotGrantedDetails extends LynkErrorDetails {
  /** Who held the lock when it was last seen. */
  readonly holder?: LockHolder | undefined;
  /** The holders of a semaphore's permits when they were last seen. */
  readonly holders?: readonly LockHolder[] | undefined;
  /** The number of a semaphore's permits. */
  readonly permits?: number | undefined;
}

/**
 * Another process holds the lock, or held it when it was last seen, and did not release it in time. Your work did not
 * run.
 */
export class LockNotGrantedError extends LynkError {
  /** Always `LockNotGrantedError`. */
  override readonly name = 'LockNotGrantedError';
  /** Who held it when it was last seen; undefined if no holder was seen. */
  readonly holder: LockHolder | undefined;
  /** All holders when they were last seen. A semaphore has one holder for each held permit. */
  readonly holders: readonly LockHolder[];
  /** The number of a semaphore's permits; undefined for a lock. */
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
 * DynamoDB could not be reached, or did not answer or confirm in time, so it is not known who holds the lock. The
 * failure may be temporary. `cause` is the error of the last request. If no retry can help, the error is a
 * `LockTableError`.
 */
export class LockUnavailableError extends LynkError {
  /** Always `LockUnavailableError`. */
  override readonly name = 'LockUnavailableError';
}

/**
 * `break` did not change the lock, because it has changed since it was inspected, or because nobody holds it. The
 * message says which.
 */
export class BreakRefusedError extends LynkError {
  /** Always `BreakRefusedError`. */
  override readonly name = 'BreakRefusedError';
  /** The current version of the entry. Undefined if there is no entry. */
  readonly version: string | undefined;

  constructor(message: string, details: LynkErrorDetails & { readonly version?: string | undefined }) {
    super(message, details);
    this.version = details.version;
  }
}

/**
 * The reason why a lock is no longer held. The lock was lost:
 * - `deadline`: no refresh was confirmed in time (an outage, a frozen process, a blocked event loop)
 * - `taken`: the entry belongs to another holder
 * - `broken`: somebody broke the lock by hand; the message says who and why
 * - `gone`: somebody deleted the entry
 * - `invocation-ended`: the Lambda invocation that it belongs to is over
 *
 * Or the hold ended normally: `released`, `handed-over`. Or a hand-over token was used a second time or too late:
 * `stale-hand-over`.
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

/** The lock is no longer held. `held.signal` aborts with this error when the lock is lost. */
export class LockLostError extends LynkError {
  /** Always `LockLostError`. */
  override readonly name = 'LockLostError';
  /** The reason why the lock is no longer held. */
  readonly reason: LockLostReason;
  /**
   * The result of the work of `withLock`, if the lock was lost before the work ended. If the work threw, its error is
   * the `cause`.
   */
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
 * `held.signal` aborts with this error when only `releaseReserveSeconds` are left of the Lambda invocation. The lock is
 * still held. Stop the work, so that the lock is released before Lambda ends the invocation.
 */
export class InvocationEndingError extends LynkError {
  /** Always `InvocationEndingError`. */
  override readonly name = 'InvocationEndingError';
}

/** The text given to `deserializeLock` is not one that `serialize` wrote. */
export class CannotDeserializeError extends LynkError {
  /** Always `CannotDeserializeError`. */
  override readonly name = 'CannotDeserializeError';
}

/**
 * The table's item with the lock's name is not a valid lock entry. Repair or delete it by hand. The client does not
 * change it. There is one exception: if only its fencing token is wrong, the client notices that after it has
 * overwritten the item.
 */
export class LockEntryError extends LynkError {
  /** Always `LockEntryError`. */
  override readonly name = 'LockEntryError';
  /** The attribute that is missing or has the wrong type. */
  readonly attribute: string;

  constructor(message: string, details: LynkErrorDetails & { readonly attribute: string }) {
    super(message, details);
    this.attribute = details.attribute;
  }
}

/** Code that runs inside `withLock` requested the same lock again. It would wait for itself forever. */
export class LockReentrancyError extends LynkError {
  /** Always `LockReentrancyError`. */
  override readonly name = 'LockReentrancyError';
}

/**
 * A name, an option or the result of a `singleFlight` is not allowed. The message says what is allowed, and what was
 * given.
 */
export class LockOptionError extends LynkError {
  /** Always `LockOptionError`. */
  override readonly name = 'LockOptionError';
}

/** The table cannot be used: it does not exist, is not a lock table, or permission or credentials are missing. */
export class LockTableError extends LynkError {
  /** Always `LockTableError`. */
  override readonly name = 'LockTableError';
}
