import type { LockConditionCheck, TransactionItem } from '../core/store.js';

/** For calls that wait for an answer. */
export interface WaitOptions {
  /** Stops the waiting; the call then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

/** For `held.refresh`. */
export interface RefreshOptions extends WaitOptions {
  /**
   * A note for whoever is refused, such as how far the work has come: a JSON value, at most 1 KB as text.
   * @default the note stays as it is
   */
  readonly data?: unknown;
}

/** A lock that is held, until it is released, handed over or lost. */
export interface HeldLock {
  /** The lock's name. */
  readonly name: string;
  /**
   * Aborts when the lock is lost, with a `LockLostError` that says why, and when the caller's own signal
   * does. Pass it to whatever the work awaits.
   */
  readonly signal: AbortSignal;
  /**
   * Greater than that of every hold before: a resource that remembers the greatest it has seen, and refuses
   * what comes with a smaller one, is safe from a holder that is late (docs/fencing.md).
   * @throws LockOptionError where fencing is off
   */
  readonly fencingToken: bigint;
  /** Whether the lock is held at this moment, by the clock. Right even where no timer could run. */
  readonly isHeld: boolean;
  /** Seconds for which the lock is certainly ours if no further refresh succeeds; 0 when not held. */
  readonly remainingSeconds: number;
  /**
   * Throws a `LockLostError` unless the lock is held at this moment, and for `forSeconds` more (default 0).
   * Ask before each step that must not happen without the lock.
   */
  assertHeld(options?: { readonly forSeconds?: number }): void;
  /**
   * Renews the lease now, beside the heartbeat, and changes the note where one is given.
   * @throws LockOptionError for a note that is no JSON, or too long
   * @throws LockLostError when it is lost
   * @throws LockUnavailableError when no answer came in time; the lock is still held, and the heartbeat goes on
   * @throws LynkError while `serialize` is under way
   */
  refresh(options?: RefreshOptions): Promise<void>;
  /**
   * The element for a transaction of your own (`TransactWriteItems` of the SDK's low-level client) that makes
   * all of it fail unless the lock is held when DynamoDB commits it. The transaction has to go to the
   * lock table's account and Region.
   * @throws LockLostError where the lock is lost already
   */
  conditionCheck(): LockConditionCheck;
  /**
   * Carries out up to 99 writes, as `TransactWriteItems` takes them, only if the lock is held when DynamoDB
   * commits them: all of them, or none. Sends them with the factory's client; trying again after a conflict
   * or a lost answer carries nothing out twice. What a cancellation says of the items is in their order.
   * @throws LockLostError when the lock is lost: nothing was changed, unless its message says that this is not known
   * @throws LockUnavailableError when no answer came in time: whether anything was changed is not known
   * @throws LockOptionError for no items, or too many
   * @throws the SDK's own error for what is wrong with the items, such as their own conditions
   */
  transactWrite(items: readonly TransactionItem[], options?: WaitOptions): Promise<void>;
  /**
   * Gives the lock back. Does nothing where that is done already, or the entry is another's by now. Waits for 3 s
   * at most, and in an invocation no longer than until 0.35 s before its end; what is not confirmed by then goes on.
   * @throws LockUnavailableError when no answer came in time: the entry may then block others for a lease
   */
  release(options?: WaitOptions): Promise<void>;
  /**
   * Hands the lock over: refreshes it once more, stops holding it here, and returns the text from which
   * `deserializeLock`, or Python's `deserialize_lock`, goes on holding it elsewhere. The receiver has
   * less than a lease to do so. Whoever has the text has the lock.
   * @throws LockLostError when it is lost
   * @throws LockUnavailableError when the refresh was not confirmed in time; the lock is then still held here
   * @throws LynkError while another `serialize` is under way
   */
  serialize(options?: WaitOptions): Promise<string>;
  /** Releases at the end of an `await using` block. Never throws for a failure in transit: it warns. */
  [Symbol.asyncDispose](): Promise<void>;
}
