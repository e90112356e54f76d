/// <reference lib="esnext.disposable" preserve="true" />
import type { LockConditionCheck, TransactionItem } from '../core/store.js';

/** The options of a call that waits for DynamoDB's answer. */
export interface WaitOptions {
  /** Ends the wait: the call then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of `held.refresh`. */
export interface RefreshOptions extends WaitOptions {
  /**
   * A note for processes that do not get the lock, such as the work's progress. A JSON value, at most 1,024 bytes as
   * JSON text.
   * @default the note does not change
   */
  readonly data?: unknown;
}

/**
 * A lock that is held until it is released, handed over or lost. The client renews its lease automatically.
 *
 * @example
 * import { type HeldLock, withLock } from 'cdk-lynk/runtime';
 *
 * async function settle(held: HeldLock): Promise<void> {
 *   const response = await fetch('https://example.com/invoices', { signal: held.signal });
 *   const invoices = await response.text();
 *   held.assertHeld({ forSeconds: 2 }); // throws if the lock may be lost within 2 s
 *   await fetch('https://example.com/ledger', { method: 'POST', body: invoices, signal: held.signal });
 * }
 *
 * await withLock('invoices', settle);
 */
export interface HeldLock {
  /** The lock's name. */
  readonly name: string;
  /**
   * Aborts with a `LockLostError` when the lock is lost, with an `InvocationEndingError` shortly before the
   * invocation's end, and with the reason of the caller's own signal. Pass it to everything that the work awaits.
   */
  readonly signal: AbortSignal;
  /**
   * The fencing token. It is greater than the token of every earlier hold. A resource that stores the greatest token,
   * and rejects smaller ones, is safe from a late holder (docs/fencing.md).
   * @throws LockOptionError if fencing is off
   */
  readonly fencingToken: bigint;
  /** Whether the lock is held now, by the clock. It is correct even if no timer could run, as in a frozen process. */
  readonly isHeld: boolean;
  /** Seconds for which the lock is certainly held, even if no further refresh succeeds. 0 if it is not held. */
  readonly remainingSeconds: number;
  /**
   * Returns only if the lock is held now and for `forSeconds` more. Call it before each step that must not happen
   * without the lock.
   * @param options `forSeconds` is a number of seconds, 0 by default
   * @throws LockLostError if it is not held for that long
   * @throws LockOptionError if `forSeconds` is negative or not a number
   */
  assertHeld(options?: { readonly forSeconds?: number }): void;
  /**
   * Renews the lease now, in addition to the heartbeat, and changes the note if `data` is given.
   * @throws LockOptionError if the note is not a JSON value, or too long
   * @throws LockLostError if the lock is lost
   * @throws LockUnavailableError if no answer came in time; the lock is still held, and the heartbeat goes on
   * @throws LynkError while `serialize` is running
   */
  refresh(options?: RefreshOptions): Promise<void>;
  /**
   * An item for a transaction of your own (`TransactWriteItems` of the SDK's low-level client). The transaction fails
   * as a whole unless the lock is held when DynamoDB commits it. It must go to the lock table's account and Region.
   * @throws LockLostError if the lock is lost already
   */
  conditionCheck(): LockConditionCheck;
  /**
   * Carries out up to 99 writes in one transaction, only if the lock is held when DynamoDB commits them. DynamoDB
   * carries out all of them or none. The items have the form of `TransactWriteItems`. The factory's client sends them.
   * A retry after a conflict or a lost answer carries nothing out twice. The reasons of a cancelled transaction are in
   * the order of `items`.
   * @param items 1 to 99 elements of `TransactItems`
   * @param options `signal` ends the wait for the answer
   * @throws LockLostError if the lock is lost: nothing was changed, unless the message says that this is not known
   * @throws LockUnavailableError if no answer came in time: it is not known whether anything was changed
   * @throws LockOptionError if there are no items, or more than 99
   * @throws the SDK's own error if DynamoDB refuses the items, for instance because of a condition of theirs
   */
  transactWrite(items: readonly TransactionItem[], options?: WaitOptions): Promise<void>;
  /**
   * Releases the lock. Does nothing if the lock is already released or lost. Waits for 3 s at most, and in an
   * invocation until 0.35 s before its end at the latest. A release that is not confirmed by then continues in the
   * background.
   * @throws LockUnavailableError if no answer came in time: the entry may block others for one more lease
   */
  release(options?: WaitOptions): Promise<void>;
  /**
   * Hands the lock over. It refreshes the lock once more, stops holding it here, and returns a hand-over token. With
   * this token, `deserializeLock` or Python's `deserialize_lock` continues to hold the lock elsewhere. The receiver has
   * less than a lease to do so. Keep the token secret: everyone who has it can take the lock.
   * @throws LockLostError if the lock is lost
   * @throws LockUnavailableError if the refresh was not confirmed in time; the lock is still held here
   * @throws LynkError while another `serialize` is running
   */
  serialize(options?: WaitOptions): Promise<string>;
  /**
   * Releases the lock at the end of an `await using` block. A release that is not confirmed is logged as a warning, not
   * thrown.
   */
  [Symbol.asyncDispose](): Promise<void>;
}
