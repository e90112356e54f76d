import type {
  Answer,
  LeftEntry,
  ListAnswer,
  ListedPage,
  LockGuard,
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

/** How many former states of a lock's item are kept for stale reads. */
const STATES_KEPT = 64;

/** The storage simulator: one DynamoDB table. Each write is atomic. Former states are kept for stale reads and restores. */
export class Database {
  /** Evaluates the conditions of docs/protocol.md. */
  private readonly table = new MemoryStore('locks', () => 0);
  private readonly states = new Map<string, State[]>();
  /** The ids of all holds that were ever written. */
  private readonly holds = new Set<string>();

  /** Called when a guarded write of that hold is carried out. */
  onCommit: ((lock: string, hold: string) => void) | undefined;

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

  /** Carries a guarded write of that hold out if the guard's entry stands. */
  commit({ lockKey, holdId, fencingToken }: LockGuard, by: string): Promise<WriteAnswer> {
    const item = this.table.items.get(lockKey);
    const entry = item && entryFromItem(item, { lockName: lockKey, tableName: 'locks' });
    const isHeld = entry?.version.includes(holdId) === true;
    const written = isHeld && (fencingToken === undefined || entry.fencingToken === fencingToken);
    if (written) this.onCommit?.(lockKey, by);
    return Promise.resolve({ written, dateMs: undefined, entry: written ? undefined : entry });
  }

  leave(left: LeftEntry): Promise<WriteAnswer> {
    return this.noted(left.lockKey, () => this.table.leave(left));
  }

  /** DynamoDB's TTL: deletes each item whose `expiresAt` has passed, and returns those. */
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

  /** Restores each item to its state at that true time. Returns the ids of all holds ever written until now. */
  restore(toMs: number): ReadonlySet<string> {
    const holds = new Set(this.holds);
    for (const [lock, states] of this.states) {
      const former = states.findLast(({ sinceMs }) => sinceMs <= toMs)?.item;
      if (former) this.table.items.set(lock, former);
      else this.table.items.delete(lock);
      // It is a new table: none of its replicas shows a state of the old one.
      this.states.set(lock, [{ sinceMs: this.time.nowMs, item: former }]);
      this.trace?.('table', `${lock}: ${shortVersion(textIn(former?.[ENTRY.versionNumber]))} is restored`);
    }
    return holds;
  }

  /** The holds written since that version was replaced. Undefined if its state is no longer kept. */
  holdsSince(lock: string, version: string): readonly (string | undefined)[] | undefined {
    const states = this.states.get(lock) ?? [];
    const index = states.findLastIndex(({ item }) => textIn(item?.[ENTRY.versionNumber]) === version);
    return index < 0 ? undefined : states.slice(index + 1).map(({ item }) => item && holdIn(item));
  }

  /** Returns the state as of `staleMs` ago. */
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

  /** Python's `PutItem`: writes the whole item if there is none, or if its version is `expiredVersion`. */
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

  /** Python's refresh: sets host and version if the item's version is `version`. Other attributes stay. */
  update(lock: string, version: string, next: string, hostIdentifier: string): Promise<WriteAnswer> {
    return this.writeAsPython(lock, this.versionOf(lock) === version, {
      ...this.table.items.get(lock),
      [ENTRY.hostIdentifier]: { S: hostIdentifier },
      [ENTRY.versionNumber]: { S: next },
    });
  }

  /** Python's release: deletes the item if its version is `version`. */
  delete(lock: string, version: string): Promise<WriteAnswer> {
    return this.writeAsPython(lock, this.versionOf(lock) === version, undefined);
  }

  /** The current entry, for checkers: its owner, its lease, and since when it stands. */
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

  /** `carryOut` writes before it returns its promise, so no other write comes in between. */
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

/** The hold id in an item. Python's entries have none; their version identifies the hold. */
function holdIn(item: Item): string {
  const version = textIn(item[ENTRY.versionNumber]) ?? '';
  return parseVersion(version)?.holdId ?? version;
}
