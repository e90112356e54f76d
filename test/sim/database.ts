import type {
  Answer,
  LeftEntry,
  ListAnswer,
  ListedPage,
  NewEntry,
  ReadAnswer,
  Refresh,
  WriteAnswer,
} from '../../runtime/lock/store.js';
import { ENTRY } from '../../runtime/protocol/wire.js';
import { entryFromItem, type Item, numberIn, textIn } from '../../runtime/store/item.js';
import { MemoryStore } from '../../runtime/store/memory-store.js';
import { shortVersion, type Trace } from './trace.js';
import type { VirtualTime } from './virtual-time.js';

interface State {
  readonly sinceMs: number;
  readonly item: Item | undefined;
}

/** How many former states of a lock's item a stale read can choose from. */
const STATES_KEPT = 64;

/** The table, as DynamoDB keeps it: each write one atomic step. It knows what stood there before. */
export class Database {
  /** Carries out what our store asks, by the very conditions that the protocol states. */
  private readonly table = new MemoryStore('locks', () => 0);
  private readonly states = new Map<string, State[]>();

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

  /** An eventually consistent read may show what stood there up to `staleMs` ago. */
  read(lock: string, staleMs: number): Promise<ReadAnswer & { readonly isStale: boolean }> {
    const states = this.states.get(lock) ?? [];
    const current = states.at(-1);
    const shown = states.findLast(({ sinceMs }) => sinceMs <= this.time.nowMs - staleMs);
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
  ): { readonly leaseSeconds: number; readonly host: string; readonly sinceMs: number } | undefined {
    const state = this.states.get(lock)?.at(-1);
    if (!state?.item) return undefined;
    return {
      leaseSeconds: numberIn(state.item[ENTRY.leaseDuration]) ?? Number.NaN,
      host: textIn(state.item[ENTRY.hostIdentifier]) ?? '',
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
