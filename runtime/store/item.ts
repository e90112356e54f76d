import type { NewEntry, Replaced } from '../core/store.js';
import { LockEntryError } from '../errors.js';
import type { LockEntry } from '../protocol/entry.js';
import { MOST_FENCING_TOKEN } from '../protocol/fencing.js';
import { ENTRY } from '../protocol/wire.js';

/** A DynamoDB item: attribute values by name, in the form of the SDK's low-level client. */
export type Item = Readonly<Record<string, unknown>>;

/** Where an item was found. Errors name it. */
export interface ItemPlace {
  readonly lockName: string;
  readonly tableName: string;
}

/**
 * The entry that an item stands for. Ignores attributes that are not ours.
 * @throws LockEntryError for an item that is no lock's entry; no item causes any other error
 */
export function entryFromItem(item: Item, place: ItemPlace): LockEntry {
  const expiresAt = numberIn(item[ENTRY.expiresAt]);
  const data = textIn(item[ENTRY.data]);
  const fencingToken = wholeIn(item[ENTRY.fencingToken]);
  return {
    lockKey: textOf(item, ENTRY.lockKey, place),
    leaseSeconds: numberOf(item, ENTRY.leaseDuration, place),
    version: textOf(item, ENTRY.versionNumber, place),
    hostIdentifier: textOf(item, ENTRY.hostIdentifier, place),
    ...(expiresAt !== undefined && { expiresAtSeconds: expiresAt }),
    ...(data !== undefined && { data }),
    ...(fencingToken !== undefined && { fencingToken }),
  };
}

/** The entry that was written over, from the old values of its item; undefined if there was none. */
export function replacedIn(item: Item | undefined): Replaced | undefined {
  const version = textIn(item?.[ENTRY.versionNumber]);
  const hostIdentifier = textIn(item?.[ENTRY.hostIdentifier]);
  const leaseSeconds = numberIn(item?.[ENTRY.leaseDuration]);
  if (version === undefined || hostIdentifier === undefined || leaseSeconds === undefined) return undefined;
  const holderTrace = textIn(item?.[ENTRY.holderTrace]);
  return { version, hostIdentifier, leaseSeconds, ...(holderTrace !== undefined && { holderTrace }) };
}

/** The entries that items of a table stand for, and an error for each item that stands for none. */
export function entriesFromItems(
  items: readonly Item[],
  tableName: string,
): { readonly entries: readonly LockEntry[]; readonly malformed: readonly LockEntryError[] } {
  const entries: LockEntry[] = [];
  const malformed: LockEntryError[] = [];
  for (const item of items) {
    try {
      entries.push(entryFromItem(item, { lockName: textIn(item[ENTRY.lockKey]) ?? '', tableName }));
    } catch (error) {
      if (!(error instanceof LockEntryError)) throw error;
      malformed.push(error);
    }
  }
  return { entries, malformed };
}

/** The item for an entry of ours. */
export function itemFromEntry(entry: NewEntry): Record<string, { S: string } | { N: string }> {
  return {
    [ENTRY.lockKey]: { S: entry.lockKey },
    [ENTRY.leaseDuration]: { N: String(entry.leaseSeconds) },
    [ENTRY.versionNumber]: { S: entry.version },
    [ENTRY.hostIdentifier]: { S: entry.hostIdentifier },
    ...(entry.expiresAtSeconds !== undefined && { [ENTRY.expiresAt]: { N: String(entry.expiresAtSeconds) } }),
    ...(entry.fencingToken !== undefined && { [ENTRY.fencingToken]: { N: String(entry.fencingToken) } }),
    ...(entry.data !== undefined && { [ENTRY.data]: { S: entry.data } }),
    ...(entry.holderTrace !== undefined && { [ENTRY.holderTrace]: { S: entry.holderTrace } }),
  };
}

/**
 * The fencing token of an item; undefined if it has none.
 * @param outcome what happened to the entry; default: it is left as it is
 * @throws LockEntryError for a token that cannot be raised by one
 */
export function fencingTokenOf(item: Item | undefined, place: ItemPlace, outcome?: string): bigint | undefined {
  const value = item?.[ENTRY.fencingToken];
  if (!item || value === undefined) return undefined;
  const token = wholeIn(value);
  if (token !== undefined && token < MOST_FENCING_TOKEN) return token;
  const expected = token === undefined ? 'a whole number' : 'a whole number of at most 38 digits';
  return refuse(item, ENTRY.fencingToken, expected, place, outcome);
}

/** The text of an attribute value of type S. */
export function textIn(value: unknown): string | undefined {
  return memberOf(value, 'S');
}

/** The number of an attribute value of type N, which DynamoDB sends as text. */
export function numberIn(value: unknown): number | undefined {
  const number = Number(memberOf(value, 'N')?.trim() || undefined);
  return Number.isFinite(number) ? number : undefined;
}

/** The whole number of an attribute value of type N, exact to the last digit; undefined for any other. */
export function wholeIn(value: unknown): bigint | undefined {
  const text = memberOf(value, 'N') ?? '';
  return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
}

/** What an attribute value of this type has, if it is a text. */
function memberOf(value: unknown, type: 'S' | 'N'): string | undefined {
  const text = (value as Partial<Record<typeof type, unknown>> | null | undefined)?.[type];
  return typeof text === 'string' ? text : undefined;
}

function textOf(item: Item, attribute: string, place: ItemPlace): string {
  return textIn(item[attribute]) ?? refuse(item, attribute, 'a string', place);
}

function numberOf(item: Item, attribute: string, place: ItemPlace): number {
  return numberIn(item[attribute]) ?? refuse(item, attribute, 'a number', place);
}

function refuse(
  item: Item,
  attribute: string,
  expected: string,
  { lockName, tableName }: ItemPlace,
  outcome = 'the entry is left as it is',
): never {
  const value = item[attribute];
  const types = typeof value === 'object' && value ? Object.keys(value).join() : '';
  const found = value === undefined ? 'is missing' : `is of type ${types.slice(0, 20) || typeof value}`;
  throw new LockEntryError(
    `lock ${JSON.stringify(lockName)} in table "${tableName}": the attribute "${attribute}" of its entry ${found}, ` +
      `expected ${expected}; ${outcome}: repair or delete it`,
    { lockName, tableName, attribute },
  );
}
