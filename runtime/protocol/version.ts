/**
 * The version number of an entry (docs/protocol.md, section 2): a lowercase UUIDv8 (RFC 9562, 5.8).
 *
 *     0192f3a1-7c44-8b1e-9c4d-5f6a7b8c9d0e
 *     └─ stamp ───┘ └────── hold id ─────┘
 *       48 bits       74 random bits
 *
 * The stamp comes first, so the versions of one hold sort by time as text, and DynamoDB can compare
 * them. The hold id stays, so a holder recognises its own writes whichever of them landed.
 */

/** Milliseconds below this fit under the top bit of the 48-bit stamp: until the year 6429. */
export const STAMP_LIMIT_MS = 2 ** 47;

/** A version number of ours, taken apart. */
export interface Version {
  /** Milliseconds since the epoch, by the corrected clock (docs/protocol.md, section 4). */
  readonly stampMs: number;
  /**
   * Whether contenders may assess the entry's age by the stamp. False if the top bit is set: the writer could not
   * compare its clock with DynamoDB's, or has opted out.
   */
  readonly timed: boolean;
  /** The text after the stamp: `8xxx-yxxx-xxxxxxxxxxxx`. */
  readonly holdId: string;
}

const OURS = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A hold id of 74 bits out of at least 10 random bytes. */
export function holdIdFrom(random: Uint8Array): string {
  if (random.length < 10) {
    throw new RangeError(`a hold id needs 10 random bytes, got ${random.length}`);
  }
  const byte = (index: number): number => random[index] as number;
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const customB = ((byte(0) << 8) | byte(1)) & 0x0fff;
  const customC = (((byte(2) << 8) | byte(3)) & 0x3fff) | 0x8000;
  let rest = '';
  for (let index = 4; index < 10; index += 1) rest += hex(byte(index), 2);
  return `8${hex(customB, 3)}-${hex(customC, 4)}-${rest}`;
}

/** The end of a tombstone's hold id (docs/protocol.md, section 2). */
const NOBODYS = '-000000000000';

/** A hold id for a tombstone, which nobody holds, of 26 random bits. */
export function tombstoneHoldIdFrom(random: Uint8Array): string {
  return `${holdIdFrom(random).slice(0, 9)}${NOBODYS}`;
}

/** Whether the hold id is a tombstone's. A holder's ends like one once in 2^48. */
export function isTombstone(holdId: string): boolean {
  return holdId.endsWith(NOBODYS);
}

/** The text of a version number. `stampMs` is whole and in `[0, STAMP_LIMIT_MS)`. */
export function formatVersion({ stampMs, timed, holdId }: Version): string {
  if (!Number.isInteger(stampMs) || stampMs < 0 || stampMs >= STAMP_LIMIT_MS) {
    throw new RangeError(`a stamp is a whole number of milliseconds below 2^47, got ${stampMs}`);
  }
  const stamp = (timed ? stampMs : stampMs + STAMP_LIMIT_MS).toString(16).padStart(12, '0');
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-${holdId}`;
}

/** Takes a version number of this library apart; `undefined` for any other client's. */
export function parseVersion(text: string): Version | undefined {
  if (!OURS.test(text)) return undefined;
  // A number ends at the hyphen.
  const stamp = Number.parseInt(text, 16) * 2 ** 16 + Number.parseInt(text.slice(9), 16);
  const timed = stamp < STAMP_LIMIT_MS;
  return { stampMs: timed ? stamp : stamp - STAMP_LIMIT_MS, timed, holdId: text.slice(14) };
}
