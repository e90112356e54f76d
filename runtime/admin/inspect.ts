import type { LocalQueue } from '../core/local-queue.js';
import type { Consistency } from '../core/store.js';
import type { TableClient } from '../entry/table-client.js';
import { LockHolder } from '../errors.js';
import { noteFrom } from '../options/note.js';
import { isBroken } from '../protocol/breaking.js';
import type { LockEntry } from '../protocol/entry.js';
import { isStampAhead, isStampExpired, untilTakeoverMs } from '../protocol/takeover.js';
import { isTombstone, parseVersion } from '../protocol/version.js';

/**
 * What an entry tells about its lock, at one look. When the hold began is not in it, and never is. Whether
 * its holder lives can only be told from the outside: by how long ago it wrote last.
 */
export interface LockInspection {
  /** The lock's name. */
  readonly name: string;
  readonly tableName: string;
  /** Who holds it, and for how long at most unless refreshed; undefined where the entry is kept, but free. */
  readonly holder: LockHolder | undefined;
  /** As the entry says; of a free entry who held it last; of a broken one who broke it, and why. */
  readonly hostIdentifier: string;
  /** The holder's lease; of a free entry 0, or what it was left for. */
  readonly leaseSeconds: number;
  /** Whether the entry is kept, or was left, but free: anybody can take the lock at once. */
  readonly isFree: boolean;
  /** Whether the lock was broken: nobody holds it, and it is free once its lease has run out. */
  readonly isBroken: boolean;
  /** Whether its hold has ended, and the lock stays taken for the rest of its lease (`lockAtLeastSeconds`). */
  readonly isReleased: boolean;
  /**
   * When its holder wrote last, by DynamoDB's clock, to about a second. Undefined where the entry does not
   * tell: versions of Python's `lynk` carry no time, nor do those of a client that goes by no stamps. Later than
   * `inspectedAt` where its clock was ahead: then it tells nothing.
   */
  readonly lastSignOfLife: Date | undefined;
  /**
   * Whether its holder seems dead: its lease is over, unrefreshed, so that it may not believe to hold any
   * more. False where nobody holds it. Undefined where that cannot be told at one look. Looked at again after
   * a lease, by the same process, any unchanged entry can be told to be dead.
   */
  readonly looksDead: boolean | undefined;
  /** Since when it seems dead, by DynamoDB's clock; undefined unless `looksDead`, or where no date can say it. */
  readonly deadSince: Date | undefined;
  /**
   * The note that its holder attached. A text that is no JSON is given as it is, and so is one of more than 4 KB, which
   * no client of ours writes. Undefined where there is none.
   */
  readonly data: unknown;
  /** The fencing token of the hold; undefined where fencing is off. */
  readonly fencingToken: number | undefined;
  /** Changes with each write; what `break` takes to break nothing but what was looked at. */
  readonly version: string;
  /** Who wrote the version: this library, or another client, such as Python's `lynk` or a state machine. */
  readonly writer: 'cdk-lynk' | 'other';
  /**
   * What the versions of one hold have in common: equal as long as the same hold has the lock. Undefined
   * if `writer` is `'other'`: each write of Python's `lynk` looks like a new hold.
   */
  readonly holdId: string | undefined;
  /** When DynamoDB answered, by its own clock; undefined where it did not say. */
  readonly inspectedAt: Date | undefined;
}

/** The most that a `Date` can say, of either sign. */
const LATEST_DATE_MS = 8.64e15;

/** An answer that showed an entry. */
export interface Look {
  readonly entry: LockEntry;
  readonly dateMs: number | undefined;
  /** Monotonic time at which the answer had arrived. */
  readonly arrivedMs: number;
  /** How it was read. @default 'eventual' */
  readonly consistency?: Consistency | undefined;
}

/** What the look tells; this process remembers it as a sighting. */
export function inspectionOf(table: TableClient, queue: LocalQueue, look: Look): LockInspection {
  const { entry, dateMs, arrivedMs, consistency } = look;
  const { clockToleranceSeconds } = table.settings;
  const { lockKey: name, leaseSeconds, hostIdentifier, data, fencingToken } = entry;
  const expiryMs = queue.saw(entry, arrivedMs, consistency);
  const note = noteFrom(data);
  const version = parseVersion(entry.version);
  const lastSeenMs = version?.timed ? version.stampMs : undefined;
  const serverNowMs = table.serverNowMs();
  const untilFreeMs = untilTakeoverMs(entry, { expiryMs, nowMs: arrivedMs, serverNowMs, clockToleranceSeconds });
  const isKept = leaseSeconds === 0;
  const hasBroken = !isKept && isBroken(entry);
  const isReleased = !isKept && !hasBroken && version !== undefined && isTombstone(version.holdId);
  const isTombstoneNow = isKept || hasBroken || isReleased;
  // As whoever comes only now would see it, too.
  const isOverForAll = version?.timed ? isStampExpired(entry, dateMs, clockToleranceSeconds) : untilFreeMs === 0;
  const isFree = isKept || (isTombstoneNow && isOverForAll);
  const isOverByStamp = dateMs !== undefined && lastSeenMs !== undefined && dateMs > lastSeenMs + leaseSeconds * 1000;
  const isOver = isOverByStamp || arrivedMs >= expiryMs;
  const isUntold = lastSeenMs === undefined || isStampAhead(entry, dateMs);
  const looksDead = isTombstoneNow ? false : isOver || (isUntold ? undefined : false);
  const overSinceMs = isOverByStamp ? lastSeenMs + leaseSeconds * 1000 : serverNowMs - (arrivedMs - expiryMs);
  return {
    name,
    tableName: table.store.tableName,
    holder: isFree ? undefined : new LockHolder(hostIdentifier, leaseSeconds, untilFreeMs / 1000, note),
    hostIdentifier,
    leaseSeconds,
    isFree,
    isBroken: hasBroken,
    isReleased,
    lastSignOfLife: dateOf(lastSeenMs),
    looksDead,
    deadSince: looksDead ? dateOf(overSinceMs) : undefined,
    data: note === undefined ? data : note,
    fencingToken: fencingToken === undefined ? undefined : Number(fencingToken),
    version: entry.version,
    writer: version ? 'cdk-lynk' : 'other',
    holdId: version?.holdId,
    inspectedAt: dateOf(dateMs),
  };
}

/** Undefined too where no date can say it, such as that of a lease of 1E+30 s. */
function dateOf(ms: number | undefined): Date | undefined {
  return ms === undefined || Math.abs(ms) > LATEST_DATE_MS ? undefined : new Date(ms);
}
