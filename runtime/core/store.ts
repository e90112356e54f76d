import type { LockEntryError } from '../errors.js';
import type { Consistency, LockEntry } from '../protocol/entry.js';

export type { Consistency };

/** What every answer of a store has. */
export interface Answer {
  /** The store's own clock when it answered, in epoch milliseconds to the second; undefined if it did not say. */
  readonly dateMs: number | undefined;
}

export interface ReadAnswer extends Answer {
  readonly entry: LockEntry | undefined;
}

/** The answer to a read of several locks. */
export interface ReadManyAnswer extends Answer {
  /** The entry of each lock; undefined if it has none. DynamoDB told nothing of a lock that is missing here. */
  readonly entries: ReadonlyMap<string, LockEntry | undefined>;
}

/** The answer to a write. */
export interface WriteAnswer extends Answer {
  /** Whether the entry met the condition, and so was written. */
  readonly written: boolean;
  /** If it was not written: the entry that stands there, if any. */
  readonly entry?: LockEntry | undefined;
  /** The entry that an acquire or an adopt wrote over. For people: no decision depends on it. */
  readonly replaced?: Replaced | undefined;
}

/** The entry that an acquire or an adopt wrote over. */
export interface Replaced extends Pick<LockEntry, 'version' | 'leaseSeconds' | 'hostIdentifier'> {
  readonly holderTrace?: string | undefined;
}

/** The entry that an acquire or an adopt writes. */
export interface NewEntry {
  readonly lockKey: string;
  readonly leaseSeconds: number;
  readonly version: string;
  readonly hostIdentifier: string;
  /** Undefined: it has no expiry. */
  readonly expiresAtSeconds: number | undefined;
  /** The holder's note: JSON text. */
  readonly data?: string | undefined;
  /** With fencing: the token. It has to be greater than the one that stands there. Without: that one is removed. */
  readonly fencingToken?: bigint | undefined;
  /** For the process that takes the lock over; no decision depends on it. */
  readonly holderTrace?: string | undefined;
}

/** Which entries to list. */
export interface ListedPage {
  /** How the names begin; empty for all names. */
  readonly prefix: string;
  /** The name that the page before ended with. */
  readonly after: string | undefined;
}

export interface ListAnswer extends Answer {
  readonly entries: readonly LockEntry[];
  /** Items that have a name, but are no entry of a lock. */
  readonly malformed: readonly LockEntryError[];
  /** The name after which the next page begins; undefined after the last page. */
  readonly next: string | undefined;
}

/**
 * The port between locks and the table that keeps their entries. Every write is one atomic step on one entry, on the
 * conditions of protocol/conditions.ts. A condition that fails is an answer, not an error.
 *
 * A method rejects with a `LynkError` if another attempt would fail too (`LockTableError`: the table cannot be used;
 * `LockEntryError`: what stands there is no entry of a lock). It rejects with any other error after a failure in
 * transit: the request may or may not have been carried out. Each method ends when `signal` aborts.
 */
export interface HoldStore {
  readonly tableName: string;
  /** Stores with the same object share a connection: one account, one corrected clock, the queues of a process. */
  readonly connection: object;
  /**
   * Equal for the same lock in the same table, by endpoint, region, table and name; else different. Sends no request.
   */
  identify(lockKey: string): Promise<string>;
  /** Writes the entry if `mayAcquire` and `mayFence` hold. Removes the optional attributes that it does not set. */
  acquire(entry: NewEntry, expiredVersion: string | undefined, signal: AbortSignal): Promise<WriteAnswer>;
  /**
   * Sets version and expiry if `mayRefresh` holds, and the note and the lease if they are given. Without an expiry,
   * removes it.
   */
  refresh(refresh: Refresh, signal: AbortSignal): Promise<WriteAnswer>;
  /** Deletes the entry if `mayRelease` holds. */
  release(lockKey: string, holdId: string, signal: AbortSignal): Promise<WriteAnswer>;
  /** Writes a tombstone over the entry if `mayRelease` holds. Otherwise returns what stands. */
  leave(left: LeftEntry, signal: AbortSignal): Promise<WriteAnswer>;
  /** The element of a transaction that is true while the hold's entry stands. Absent without transactions. */
  conditionCheck?(guard: LockGuard): LockConditionCheck;
  /**
   * Carries out all of the items, or none if the hold's entry does not stand.
   * @throws ItemsRefused if something is wrong with the items
   */
  transactWrite?(write: GuardedWrite, signal: AbortSignal): Promise<WriteAnswer>;
  /** Whether a failure in transit means that the table gets too many requests. Absent: none does. */
  isThrottling?(error: unknown): boolean;
  /** Reads the entry. An eventually consistent read may show an earlier one. */
  read(lockKey: string, consistency: Consistency, signal: AbortSignal): Promise<ReadAnswer>;
}

/** A store with what only a factory needs: a bundle without a factory has none of it. */
export interface LockStore extends HoldStore {
  /** Writes the entry over exactly `givenVersion` (`mayAdopt`), if `mayFence` holds. */
  adopt(entry: NewEntry, givenVersion: string, signal: AbortSignal): Promise<WriteAnswer>;
  /** Reads the entries of up to 100 locks in one request. They need not be of one moment. */
  readMany(lockKeys: readonly string[], consistency: Consistency, signal: AbortSignal): Promise<ReadManyAnswer>;
  /** One page of the table's entries, in no order; eventually consistent. */
  list(page: ListedPage, signal: AbortSignal): Promise<ListAnswer>;
}

export interface Refresh {
  readonly lockKey: string;
  /** Whose entry is refreshed: a hold id, or the part of it that the hold ids of one acquisition share. */
  readonly holdId: string;
  readonly version: string;
  readonly expiresAtSeconds: number | undefined;
  /** The hold's token, if it has one: it has to stand there. */
  readonly fencingToken?: bigint | undefined;
  /** A note to put in place of the entry's: JSON text. */
  readonly data?: string | undefined;
  /** A lease in place of the entry's, in whole seconds. */
  readonly leaseSeconds?: number | undefined;
}

/** A tombstone for an entry. All other attributes of the entry stay. */
export interface LeftEntry {
  readonly lockKey: string;
  /** Whose entry is replaced: a hold id, or one whole version. */
  readonly ours: string;
  /** The tombstone's version, under a hold id that nobody holds. */
  readonly version: string;
  /** Whole seconds for which the lock stays taken; 0 keeps the entry, free. */
  readonly leaseSeconds: number;
  /** Undefined: its expiry is removed. */
  readonly expiresAtSeconds: number | undefined;
  /** Who is shown instead of its holder. */
  readonly hostIdentifier?: string | undefined;
  /** A note to put in place of the entry's: JSON text. */
  readonly data?: string | undefined;
}

/** The hold that writes depend on. */
export interface LockGuard {
  readonly lockKey: string;
  readonly holdId: string;
  /** Its token, if it has one: then a late copy of an earlier write cannot pass for it. */
  readonly fencingToken: bigint | undefined;
}

/** An element of a transaction, as `TransactWriteItems` of `@aws-sdk/client-dynamodb` takes it. */
export interface TransactionItem {
  /** Writes a whole item. */
  readonly Put?: object | undefined;
  /** Changes an item's attributes. */
  readonly Update?: object | undefined;
  /** Deletes an item. */
  readonly Delete?: object | undefined;
  /** Only checks a condition on an item. */
  readonly ConditionCheck?: object | undefined;
}

/** The element of a transaction that fails it unless the lock is held, with the SDK's low-level attribute values. */
export interface LockConditionCheck {
  /** What `TransactWriteItems` takes; its members are DynamoDB's. */
  readonly ConditionCheck: {
    readonly TableName: string;
    readonly Key: Record<string, { S: string }>;
    readonly ConditionExpression: string;
    readonly ExpressionAttributeValues: Record<string, { S: string } | { N: string }>;
    readonly ReturnValuesOnConditionCheckFailure: 'ALL_OLD';
  };
}

export interface GuardedWrite {
  readonly guard: LockGuard;
  readonly items: readonly TransactionItem[];
  /** However often it is sent with this token, it is carried out once. */
  readonly token: string;
}

/** DynamoDB refused a transaction for what its items say, not for the lock. */
export class ItemsRefused extends Error {
  override readonly name = 'ItemsRefused';

  /** @param error the SDK's error */
  constructor(readonly error: unknown) {
    super('the items of a transaction were refused');
  }
}
