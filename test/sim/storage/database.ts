import type {
  Answer,
  LeftEntry,
  ListAnswer,
  ListedPage,
  NewEntry,
  ReadAnswer,
  Refresh,
  WriteAnswer,
} from '../../../runtime/core/store.js';
import { parseVersion } from '../../../runtime/protocol/version.js';
import { ENTRY } from '../../../runtime/protocol/wire.js';
import { entryFromItem, type Item, numberIn, textIn } from '../../../runtime/store/item.js';
import { MemoryStore } from '../../../runtime/store/memory-store.js';
import type { VirtualTime } from '../../../runtime/testing/virtual-time.js';
import { shortVersion, type Trace } from '../engine/trace.js';

interface State {
  readonly sinceMs: number;
  readonly item: Item | undefined;
}

/** An entry that TTL deleted. */
export interface DeletedEntry {
  readonly lock: string;
  readonly hold: string;
}

/** How many former states of a lock's item a stale read can choose from. */
const STATES_KEPT = 64;

/** The table, as DynamoDB keeps it: each write one atomic step. It knows what stood there before. */
export class Database {
  /** Carries out what our store asks, by the very conditions that the protocol states. */
  private readonly table = new MemoryStore('locks', () => 0);
  private readonly states = new Map<string, State[]>();
  /** Every hold that ever stood there. */
  private readonly holds = new Set<string>();

  constructor(
    private readonly time: VirtualTime,
    private readonly trace: Trace,
  ) {}

  acquire(entry: NewEntry, expiredVersion: string | undefined): Promise<WriteAnswer> {
    return this.noted(entry.lockKey, () => this.table.acquire(entry, expiredVersion));
  }

  adopt(entry: NewEntry, givenVersion: string): Promise<WriteAnswer> {
    return this.noted(entry.lockKey, () => this.table.adopt(entry, givenVersion));
  }

  refresh(refresh: Refresh): Promise<WriteAnswer> {
    return this.noted(refresh.lockKey, () => this.table.refresh(refresh));
  }

  release(lock: string, holdId: string): Promise<WriteAnswer> {
    return this.noted(lock, () => this.table.release(lock, holdId));
  }

  leave(left: LeftEntry): Promise<WriteAnswer> {
    return this.noted(left.lockKey, () => this.table.leave(left));
  }

  /** DynamoDB's TTL: deletes each item whose `expiresAt` has passed. Returns what it deleted. */
  expire(epochMs: number): readonly DeletedEntry[] {
    const deleted: DeletedEntry[] = [];
    for (const [lock, item] of [...this.table.items]) {
      const expiresAtSeconds = numberIn(item[ENTRY.expiresAt]);
      if (expiresAtSeconds === undefined || expiresAtSeconds * 1000 > epochMs) continue;
      deleted.push({ lock, hold: holdIn(item) });
      this.trace?.('table', `${lock}: TTL deletes it`);
      void this.noted(lock, () => Promise.resolve({ written: this.table.items.delete(lock), dateMs: undefined }));
    }
    return deleted;
  }

  /** Puts each lock's item back as it was at that true time. Returns the holds that ever stood in the table until now. */
  restore(toMs: number): ReadonlySet<string> {
    const holds = new Set(this.holds);
    for (const [lock, states] of this.states) {
      const former = states.findLast(({ sinceMs }) => sinceMs <= toMs)?.item;
      if (former) this.table.items.set(lock, former);
      else this.table.items.delete(lock);
      // It is another table: no replica of it shows what the old one had.
      this.states.set(lock, [{ sinceMs: this.time.nowMs, item: former }]);
      this.trace?.('table', `${lock}: ${shortVersion(textIn(former?.[ENTRY.versionNumber]))} is restored`);
    }
    return holds;
  }

  /** The holds whose versions have stood there since that one was replaced; undefined where that is not known. */
  holdsSince(lock: string, version: string): readonly (string | undefined)[] | undefined {
    const states = this.states.get(lock) ?? [];
    const index = states.findLastIndex(({ item }) => textIn(item?.[ENTRY.versionNumber]) === version);
    return index < 0 ? undefined : states.slice(index + 1).map(({ item }) => item && holdIn(item));
  }

  /** An eventually consistent read may show what stood there up to `staleMs` ago. */
  read(lock: string, staleMs: number): Promise<ReadAnswer & { readonly isStale: boolean }> {
    const states = this.states.get(lock) ?? [];
    const current = states.at(-1);
    const oldest = states.length === STATES_KEPT ? states[0] : undefined;
    const shown = states.findLast(({ sinceMs }) => sinceMs <= this.time.nowMs - staleMs) ?? oldest;
    const item = shown?.item;
    const entry = item && entryFromItem(item, { lockName: lock, tableName: 'locks' });
    return Promise.resolve({ entry, dateMs: undefined, isStale: shown !== current });
  }

  list(page: ListedPage): Promise<ListAnswer> {
    return this.table.list(page);
  }

  /** Python's `PutItem`: replaces the whole item where there is none, or where `expiredVersion` stands. */
  put(entry: Omit<NewEntry, 'expiresAtSeconds'>, expiredVersion: string | undefined): Promise<WriteAnswer> {
    const { lockKey, leaseSeconds, version, hostIdentifier } = entry;
    const standing = this.versionOf(lockKey);
    const written = standing === undefined || standing === expiredVersion;
    return this.writeAsPython(lockKey, written, {
      [ENTRY.lockKey]: { S: lockKey },
      [ENTRY.leaseDuration]: { N: String(leaseSeconds) },
      [ENTRY.hostIdentifier]: { S: hostIdentifier },
      [ENTRY.versionNumber]: { S: version },
    });
  }

  /** Python's refresh: sets host and version where `version` stands, and leaves everything else. */
  update(lock: string, version: string, next: string, hostIdentifier: string): Promise<WriteAnswer> {
    return this.writeAsPython(lock, this.versionOf(lock) === version, {
      ...this.table.items.get(lock),
      [ENTRY.hostIdentifier]: { S: hostIdentifier },
      [ENTRY.versionNumber]: { S: next },
    });
  }

  /** Python's release: deletes where `version` stands. */
  delete(lock: string, version: string): Promise<WriteAnswer> {
    return this.writeAsPython(lock, this.versionOf(lock) === version, undefined);
  }

  /** What stands there, for checkers: the lease, and since when. */
  standing(
    lock: string,
  ):
    | { readonly leaseSeconds: number; readonly host: string; readonly hold: string; readonly sinceMs: number }
    | undefined {
    const state = this.states.get(lock)?.at(-1);
    if (!state?.item) return undefined;
    return {
      leaseSeconds: numberIn(state.item[ENTRY.leaseDuration]) ?? Number.NaN,
      host: textIn(state.item[ENTRY.hostIdentifier]) ?? '',
      hold: holdIn(state.item),
      sinceMs: state.sinceMs,
    };
  }

  private versionOf(lock: string): string | undefined {
    return textIn(this.table.items.get(lock)?.[ENTRY.versionNumber]);
  }

  private writeAsPython(lock: string, written: boolean, item: Item | undefined): Promise<WriteAnswer> {
    return this.noted(lock, () => {
      if (written && item) this.table.items.set(lock, item);
      else if (written) this.table.items.delete(lock);
      return Promise.resolve({ written, dateMs: undefined });
    });
  }

  /** The write is carried out before `carryOut` returns its promise: no other comes between. */
  private noted<A extends Answer>(lock: string, carryOut: () => Promise<A>): Promise<A> {
    const before = this.table.items.get(lock);
    const answer = carryOut();
    const item = this.table.items.get(lock);
    if (item !== before) {
      if (item) this.holds.add(holdIn(item));
      const states = this.states.get(lock) ?? [];
      states.push({ sinceMs: this.time.nowMs, item });
      if (states.length > STATES_KEPT) states.shift();
      this.states.set(lock, states);
      this.trace?.(
        'table',
        `${lock}: ${shortVersion(textIn(item?.[ENTRY.versionNumber]))} ${textIn(item?.[ENTRY.hostIdentifier]) ?? ''}`,
      );
    }
    return answer;
  }
}

/** The hold that an item is of: its id, or for Python, which has none, its version. */
function holdIn(item: Item): string {
  const version = textIn(item[ENTRY.versionNumber]) ?? '';
  return parseVersion(version)?.holdId ?? version;
}
