import type { LockEntryError } from '../errors.js';
import type { Consistency, LockEntry } from '../protocol/entry.js';

export type { Consistency };

/** What every answer of a store tells. */
export interface Answer {
  /** The store's own clock when it answered, in epoch milliseconds to the second; undefined where it did not say. */
  readonly dateMs: number | undefined;
}

export interface ReadAnswer extends Answer {
  readonly entry: LockEntry | undefined;
}

/** The answer to a look at several locks. */
export interface ReadManyAnswer extends Answer {
  /** The entry of each lock, undefined where there is none. Of a lock that is missing here, nothing was told. */
  readonly entries: ReadonlyMap<string, LockEntry | undefined>;
}

/** The answer to a write. */
export interface WriteAnswer extends Answer {
  /** Whether the entry met the condition, and so was written. */
  readonly written: boolean;
  /** Where not written: the entry that stands there, if any. */
  readonly entry?: LockEntry | undefined;
  /** Where an acquire or an adopt wrote over an entry: what it said. For people: no decision of a lock rests on it. */
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
  /** Where undefined, it has no expiry. */
  readonly expiresAtSeconds: number | undefined;
  /** A note of the holder's: JSON text. */
  readonly data?: string | undefined;
  /** With fencing: the token, which is to be greater than the one that stands there. Without, that is removed. */
  readonly fencingToken?: bigint | undefined;
  /** For whoever takes the lock over; no decision rests on it. */
  readonly holderTrace?: string | undefined;
}

/** Which entries to list. */
export interface ListedPage {
  /** How the names begin; all of them where it is empty. */
  readonly prefix: string;
  /** The name that the page before ended with. */
  readonly after: string | undefined;
}

export interface ListAnswer extends Answer {
  readonly entries: readonly LockEntry[];
  /** What has a name, but is no lock's entry. */
  readonly malformed: readonly LockEntryError[];
  /** Where the next page begins; undefined after the last one. */
  readonly next: string | undefined;
}

/**
 * The port between locks and the table that keeps their entries. Every write is one atomic step on one
 * entry, conditional as protocol/conditions.ts says; a condition that fails is an answer, not an error.
 *
 * A method rejects with a `LynkError` where trying again is of no use (`LockTableError`: the table cannot
 * be used; `LockEntryError`: what stands there is no lock's entry), and with anything else for a failure
 * in transit: the request may or may not have been carried out. Each gives up when `signal` aborts.
 */
export interface HoldStore {
  readonly tableName: string;
  /** Stores that share this object share a connection: one account, one corrected clock, the queues of a process. */
  readonly connection: object;
  /** Equal exactly for what is the same lock in the same table: endpoint, region, table and name. No request. */
  identify(lockKey: string): Promise<string>;
  /** Writes the entry where `mayAcquire` and `mayFence` hold, removing the optional attributes it does not set. */
  acquire(entry: NewEntry, expiredVersion: string | undefined, signal: AbortSignal): Promise<WriteAnswer>;
  /** Sets version and expiry where `mayRefresh` holds, and the note where one is given; with no expiry, removes it. */
  refresh(refresh: Refresh, signal: AbortSignal): Promise<WriteAnswer>;
  /** Deletes the entry where `mayRelease` holds. */
  release(lockKey: string, holdId: string, signal: AbortSignal): Promise<WriteAnswer>;
  /** Leaves an entry in place of the one that stands, where `mayRelease` holds; brings back what stands where not. */
  leave(left: LeftEntry, signal: AbortSignal): Promise<WriteAnswer>;
  /** The element of a transaction that is true while the hold's entry stands. Absent where there are none. */
  conditionCheck?(guard: LockGuard): LockConditionCheck;
  /**
   * Carries out all of the items, or, where the hold's entry does not stand, none.
   * @throws ItemsRefused for what is wrong with the items
   */
  transactWrite?(write: GuardedWrite, signal: AbortSignal): Promise<WriteAnswer>;
  /** Whether a failure in transit means that the table is asked too much. Where absent, none does. */
  isThrottling?(error: unknown): boolean;
  /** Reads the entry; eventually consistent reads may show an earlier state. */
  read(lockKey: string, consistency: Consistency, signal: AbortSignal): Promise<ReadAnswer>;
}

/** The same with what only a factory asks for: a bundle without one has none of it. */
export interface LockStore extends HoldStore {
  /** Writes the entry over exactly `givenVersion` (`mayAdopt`), where `mayFence` holds. */
  adopt(entry: NewEntry, givenVersion: string, signal: AbortSignal): Promise<WriteAnswer>;
  /** Reads the entries of up to 100 locks in one request, each on its own: not one moment's picture of all. */
  readMany(lockKeys: readonly string[], consistency: Consistency, signal: AbortSignal): Promise<ReadManyAnswer>;
  /** One page of the table's entries, in no order; eventually consistent. */
  list(page: ListedPage, signal: AbortSignal): Promise<ListAnswer>;
}

export interface Refresh {
  readonly lockKey: string;
  readonly holdId: string;
  readonly version: string;
  readonly expiresAtSeconds: number | undefined;
  /** Where the hold has one: the token that has to stand there. */
  readonly fencingToken?: bigint | undefined;
  /** A note to put in place of the entry's: JSON text. */
  readonly data?: string | undefined;
}

/** What is left in place of an entry. Everything else of it stays as it is. */
export interface LeftEntry {
  readonly lockKey: string;
  /** Whose entry makes way: a hold id, or one whole version. */
  readonly ours: string;
  /** The version left, under a hold id that nobody holds. */
  readonly version: string;
  /** Whole seconds for which the lock stays taken; 0 keeps the entry, free. */
  readonly leaseSeconds: number;
  /** Where undefined, it has no expiry any more. */
  readonly expiresAtSeconds: number | undefined;
  /** Who is to be shown in place of its holder. */
  readonly hostIdentifier?: string | undefined;
  /** A note to put in place of the entry's: JSON text. */
  readonly data?: string | undefined;
}

/** The hold that writes are to depend on. */
export interface LockGuard {
  readonly lockKey: string;
  readonly holdId: string;
  /** Where it has one: then no copy of an earlier write that comes late can stand in for it. */
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
  /** However often it is sent with this, it is carried out once. */
  readonly token: string;
}

/** DynamoDB refused a transaction for what its items say, whoever holds. */
export class ItemsRefused extends Error {
  override readonly name = 'ItemsRefused';

  /** @param error why, as the SDK says it */
  constructor(readonly error: unknown) {
    super('the items of a transaction were refused');
  }
}
