import type { Answer, LockStore } from '../core/store.js';
import type { Observation } from '../entry/assess.js';
import type { LockRef } from '../entry/lock-ref.js';
import { answerTo } from '../entry/retry.js';
import type { TableClient } from '../entry/table-client.js';
import { type LockEntryError, LockHolder } from '../errors.js';
import type { WaitOptions } from '../options/held-lock.js';
import {
  check,
  checkedFlag,
  checkedSignal,
  isWellFormed,
  LONGEST_NAME_BYTES,
  noteFrom,
  refuseUnknown,
} from '../options/validate.js';
import { isBroken } from '../protocol/breaking.js';
import type { LockEntry } from '../protocol/entry.js';
import type { EntryObserver } from '../protocol/entry-observer.js';
import { isStampAhead, isStampExpired, untilTakeoverMs } from '../protocol/takeover.js';
import { isTombstone, parseVersion } from '../protocol/version.js';

/**
 * What one read of a lock's entry tells. An entry does not say when its hold began. It does not say either whether
 * the holder lives: that can only be concluded from how long ago the holder wrote.
 */
export interface LockInspection {
  /** The lock's name. */
  readonly name: string;
  /** The table's name, or its ARN if the factory was given one. */
  readonly tableName: string;
  /** Who holds it, and for how long at most without a refresh; undefined if the lock is free. */
  readonly holder: LockHolder | undefined;
  /** Who holds the lock. For a free one: who held it last. For a broken one: who broke it, and why. */
  readonly hostIdentifier: string;
  /** The holder's lease in seconds; 0 for a free lock whose entry is kept. */
  readonly leaseSeconds: number;
  /** Whether the lock can be taken at once, although it has an entry. */
  readonly isFree: boolean;
  /** Whether the lock was broken. Nobody holds it then, and it is free when the lease has run out. */
  readonly isBroken: boolean;
  /** Whether the lock was released, but stays taken until its lease has run out (`lockAtLeastSeconds`). */
  readonly isReleased: boolean;
  /**
   * When the holder wrote last, by DynamoDB's clock, to about a second. Undefined if the entry does not say: versions
   * by Python's `lynk` have no time, nor have those of a client with `clockToleranceSeconds: Infinity`. If it is later
   * than `inspectedAt`, the holder's clock was ahead, and the time says nothing.
   */
  readonly lastSignOfLife: Date | undefined;
  /**
   * Whether the holder seems dead: it has not refreshed its lease in time, so it does not believe that it holds the
   * lock any more. False if nobody holds it. Undefined if one read cannot tell: then inspect it again in the same
   * process, after a lease. An entry that has not changed by then shows that its holder is dead.
   */
  readonly looksDead: boolean | undefined;
  /**
   * Since when the holder seems dead, by DynamoDB's clock. Undefined unless `looksDead`, and if no `Date` is so late.
   */
  readonly deadSince: Date | undefined;
  /**
   * The holder's note; undefined if it has none. A text that is no JSON, or has more than 4 KB, is given as it is: no
   * client of this library writes one.
   */
  readonly data: unknown;
  /** The hold's fencing token; undefined if fencing is off. */
  readonly fencingToken: number | undefined;
  /** The entry's version, which changes with each write. Give it to `break` to break only what was inspected. */
  readonly version: string;
  /** Who wrote the version: this library, or another client, such as Python's `lynk` or a state machine. */
  readonly writer: 'cdk-lynk' | 'other';
  /**
   * Stays the same as long as the same hold has the lock. Undefined if `writer` is `'other'`: each write of Python's
   * `lynk` looks like a new hold.
   */
  readonly holdId: string | undefined;
  /** When DynamoDB answered, by its own clock; undefined if the answer had no date. */
  readonly inspectedAt: Date | undefined;
}

/** What `list` takes. */
export interface ListOptions extends WaitOptions {
  /**
   * Lists only locks whose names begin with it. At most 2,048 UTF-8 bytes. The whole table is read in any case, because
   * DynamoDB cannot search keys.
   * @default all locks
   */
  readonly prefix?: string | undefined;
  /**
   * Whether to list free locks too. They have entries for their fencing tokens' sake.
   * @default false
   */
  readonly includeFree?: boolean | undefined;
  /**
   * Called for each item that is not the entry of a lock. The listing goes on.
   * @default such an item is logged as a warning
   */
  readonly onMalformed?: ((error: LockEntryError) => void) | undefined;
}

/** An observation of a lock that has an entry. */
export type ObservedEntry = Observation & { readonly entry: LockEntry };

/** Whether an entry's hold goes on, or how it ended. `free` is an entry kept for its fencing token. */
export type EntryState = 'held' | 'broken' | 'released' | 'free';

/** The largest number of milliseconds, positive or negative, that a `Date` can have. */
const LATEST_DATE_MS = 8.64e15;

const checkedPrefix = check<string>(
  (value) => typeof value === 'string' && isWellFormed(value) && Buffer.byteLength(value) <= LONGEST_NAME_BYTES,
  `prefix is how a lock's name begins, up to ${LONGEST_NAME_BYTES} UTF-8 bytes`,
);

const checkedOnMalformed = check<ListOptions['onMalformed']>(
  (value) => value === undefined || typeof value === 'function',
  'onMalformed is a function',
);

export function stateOf(entry: LockEntry): EntryState {
  if (entry.leaseSeconds === 0) return 'free';
  if (isBroken(entry)) return 'broken';
  const version = parseVersion(entry.version);
  return version && isTombstone(version.holdId) ? 'released' : 'held';
}

/** What the observation tells. This process remembers it, so that a later one can tell more. */
export function inspectionOf(table: TableClient, observer: EntryObserver, observation: ObservedEntry): LockInspection {
  const { entry, dateMs, arrivedMs, consistency } = observation;
  const { lockKey: name, leaseSeconds, hostIdentifier, data, fencingToken } = entry;
  const { clockToleranceSeconds } = table.settings;
  const state = stateOf(entry);
  const version = parseVersion(entry.version);
  const writtenMs = version?.timed ? version.stampMs : undefined;
  const expiryMs = observer.observe(entry, arrivedMs, consistency);
  const serverNowMs = table.serverNowMs();
  const untilFreeMs = untilTakeoverMs(entry, { expiryMs, nowMs: arrivedMs, serverNowMs, clockToleranceSeconds });
  // A contender that has not seen the entry before goes by its stamp alone.
  const isOverForAll = version?.timed ? isStampExpired(entry, dateMs, clockToleranceSeconds) : untilFreeMs === 0;
  const isFree = state === 'free' || (state !== 'held' && isOverForAll);
  const leaseEndMs = writtenMs === undefined ? undefined : writtenMs + leaseSeconds * 1000;
  const isOverByStamp = dateMs !== undefined && leaseEndMs !== undefined && dateMs > leaseEndMs;
  const isOver = isOverByStamp || arrivedMs >= expiryMs;
  const isUnknown = writtenMs === undefined || isStampAhead(entry, dateMs);
  const looksDead = state === 'held' && (isOver || (isUnknown ? undefined : false));
  const deadSinceMs = isOverByStamp ? leaseEndMs : serverNowMs - (arrivedMs - expiryMs);
  const note = noteFrom(data);
  return {
    name,
    tableName: table.store.tableName,
    holder: isFree ? undefined : new LockHolder(hostIdentifier, leaseSeconds, untilFreeMs / 1000, note),
    hostIdentifier,
    leaseSeconds,
    isFree,
    isBroken: state === 'broken',
    isReleased: state === 'released',
    lastSignOfLife: dateOf(writtenMs),
    looksDead,
    deadSince: looksDead ? dateOf(deadSinceMs) : undefined,
    data: note === undefined ? data : note,
    fencingToken: fencingToken === undefined ? undefined : Number(fencingToken),
    version: entry.version,
    writer: version ? 'cdk-lynk' : 'other',
    holdId: version?.holdId,
    inspectedAt: dateOf(dateMs),
  };
}

/** Reads the lock's entry; undefined if there is none. */
export async function readEntry(ref: LockRef, signal: AbortSignal | undefined): Promise<ObservedEntry | undefined> {
  const { store, name, manager } = ref;
  const { entry, dateMs } = await ask(ref, (budget) => store.read(name, 'strong', budget), signal);
  return entry && { entry, dateMs, arrivedMs: manager.clock.monotonicMs(), consistency: 'strong' };
}

/**
 * Sends a request about one lock, again if it fails in transit.
 * @throws LockUnavailableError if no answer came in time
 */
export function ask<A extends Answer>(
  ref: LockRef,
  request: (signal: AbortSignal) => Promise<A>,
  signal: AbortSignal | undefined,
): Promise<A> {
  return answerTo(ref, { label: ref.label, details: ref.errorDetails() }, request, signal);
}

/** Checks the options at once, and reads the first page when the first lock is asked for. */
export function listLocks(
  table: TableClient<LockStore>,
  options: ListOptions,
): AsyncIterableIterator<LockInspection, undefined, undefined> {
  refuseUnknown(options, ['prefix', 'includeFree', 'onMalformed', 'signal'], 'list');
  const warn = (error: LockEntryError): void => table.settings.logger.warn(error.message, { lockName: error.lockName });
  return pages(table, {
    prefix: checkedPrefix(options.prefix, ''),
    includeFree: checkedFlag(options.includeFree, 'includeFree'),
    onMalformed: checkedOnMalformed(options.onMalformed, warn),
    signal: checkedSignal(options.signal),
  });
}

async function* pages(
  table: TableClient<LockStore>,
  { prefix, includeFree, onMalformed, signal }: Required<ListOptions> & { readonly prefix: string },
): AsyncGenerator<LockInspection, undefined, undefined> {
  const { store, manager } = table;
  const subject = { label: `the locks of table "${store.tableName}"`, details: { tableName: store.tableName } };
  let after: string | undefined;
  do {
    const answer = await answerTo(table, subject, (budget) => store.list({ prefix, after }, budget), signal);
    const arrivedMs = manager.clock.monotonicMs();
    for (const error of answer.malformed) await onMalformed?.(error);
    for (const entry of answer.entries) {
      if (entry.leaseSeconds === 0 && !includeFree) continue;
      const { observed } = manager.listedLock(await store.identify(entry.lockKey), store.connection);
      const lock = inspectionOf(table, observed, { entry, dateMs: answer.dateMs, arrivedMs });
      if (!lock.isFree || includeFree) yield lock;
    }
    after = answer.next;
  } while (after !== undefined);
  return undefined;
}

/** Undefined also for a time that no `Date` can have, such as the end of a lease of 1E+30 s. */
function dateOf(ms: number | undefined): Date | undefined {
  return ms === undefined || Math.abs(ms) > LATEST_DATE_MS ? undefined : new Date(ms);
}
