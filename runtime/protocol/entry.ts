/** One lock's row in the table, as read (docs/protocol.md, section 1). */
export interface LockEntry {
  /** The lock's name. */
  readonly lockKey: string;
  /** Seconds; 0 marks a kept, free entry. Python clients may write fractions. */
  readonly leaseSeconds: number;
  /** Changes on every write. This library writes a UUIDv8, Python's client a UUIDv4. */
  readonly version: string;
  /** Who holds it, for people. */
  readonly hostIdentifier: string;
  /** Epoch seconds, for DynamoDB's TTL alone: no decision reads it. */
  readonly expiresAtSeconds?: number;
  /** The holder's note, as text. This library writes JSON; others may write anything. */
  readonly data?: string;
  /** Rises with each hold, if fencing is on. */
  readonly fencingToken?: bigint;
}

/** How an entry is read: an eventually consistent read may show an earlier version, and costs half. */
export type Consistency = 'eventual' | 'strong';
