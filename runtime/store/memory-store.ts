import type {
  Answer,
  Consistency,
  LeftEntry,
  ListAnswer,
  ListedPage,
  LockStore,
  NewEntry,
  ReadAnswer,
  ReadManyAnswer,
  Refresh,
  WriteAnswer,
} from '../core/store.js';
import { mayAcquire, mayAdopt, mayFence, mayRefresh, mayRelease, type Standing } from '../protocol/conditions.js';
import type { LockEntry } from '../protocol/entry.js';
import { ENTRY } from '../protocol/wire.js';
import {
  entriesFromItems,
  entryFromItem,
  fencingTokenOf,
  type Item,
  itemFromEntry,
  numberIn,
  replacedIn,
  textIn,
  wholeIn,
} from './item.js';

/** Keeps entries in memory, for tests. */
export class MemoryStore implements LockStore {
  readonly connection: object = this;
  /** The items, in DynamoDB's form. */
  readonly items = new Map<string, Item>();

  constructor(
    readonly tableName: string,
    /** Reads the store's own clock, in epoch milliseconds. */
    private readonly nowMs: () => number = Date.now,
  ) {}

  async identify(lockKey: string): Promise<string> {
    return JSON.stringify(['memory', this.tableName, lockKey]);
  }

  async acquire(entry: NewEntry, expiredVersion: string | undefined): Promise<WriteAnswer> {
    const { lockKey } = entry;
    return this.overwrite(entry, mayAcquire(this.standing(lockKey), expiredVersion));
  }

  async adopt(entry: NewEntry, givenVersion: string): Promise<WriteAnswer> {
    const { lockKey } = entry;
    return this.overwrite(entry, mayAdopt(this.standing(lockKey), givenVersion));
  }

  async refresh({
    lockKey,
    holdId,
    version,
    expiresAtSeconds,
    fencingToken,
    data,
    leaseSeconds,
  }: Refresh): Promise<WriteAnswer> {
    return this.write(lockKey, mayRefresh(this.standing(lockKey), holdId, version, fencingToken), () => {
      const { [ENTRY.expiresAt]: _, ...kept } = this.items.get(lockKey) ?? {};
      this.items.set(lockKey, {
        ...kept,
        [ENTRY.versionNumber]: { S: version },
        ...(leaseSeconds !== undefined && { [ENTRY.leaseDuration]: { N: String(leaseSeconds) } }),
        ...expiryOf(expiresAtSeconds),
        ...noteOf(data),
      });
    });
  }

  async release(lockKey: string, holdId: string): Promise<WriteAnswer> {
    const written = mayRelease(this.standing(lockKey), holdId);
    if (written) this.items.delete(lockKey);
    return { written, ...this.answer() };
  }

  async leave({
    lockKey,
    ours,
    version,
    leaseSeconds,
    expiresAtSeconds,
    hostIdentifier,
    data,
  }: LeftEntry): Promise<WriteAnswer> {
    return this.write(lockKey, mayRelease(this.standing(lockKey), ours), () => {
      const { [ENTRY.expiresAt]: _, ...kept } = this.items.get(lockKey) ?? {};
      this.items.set(lockKey, {
        ...kept,
        [ENTRY.leaseDuration]: { N: String(leaseSeconds) },
        [ENTRY.versionNumber]: { S: version },
        ...expiryOf(expiresAtSeconds),
        ...(hostIdentifier !== undefined && { [ENTRY.hostIdentifier]: { S: hostIdentifier } }),
        ...noteOf(data),
      });
    });
  }

  async read(lockKey: string): Promise<ReadAnswer> {
    return { entry: this.entry(lockKey), ...this.answer() };
  }

  async readMany(lockKeys: readonly string[], _consistency?: Consistency): Promise<ReadManyAnswer> {
    return { entries: new Map(lockKeys.map((lockKey) => [lockKey, this.entry(lockKey)])), ...this.answer() };
  }

  async list({ prefix }: ListedPage): Promise<ListAnswer> {
    const items = [...this.items].filter(([lockKey]) => lockKey.startsWith(prefix)).map(([, item]) => item);
    return { ...entriesFromItems(items, this.tableName), next: undefined, ...this.answer() };
  }

  private write(lockKey: string, mayWrite: boolean, carryOut: () => void): WriteAnswer {
    if (!mayWrite) return { written: false, entry: this.entry(lockKey), ...this.answer() };
    carryOut();
    return { written: true, ...this.answer() };
  }

  /** Attributes that are not ours stay. Optional attributes of ours that are not set are removed. */
  private overwrite(entry: NewEntry, mayWrite: boolean): WriteAnswer {
    const { lockKey, fencingToken } = entry;
    const before = this.items.get(lockKey);
    const place = { lockName: lockKey, tableName: this.tableName };
    if (fencingToken !== undefined) fencingTokenOf(before, place);
    const isFenced = mayFence(this.standing(lockKey), fencingToken);
    const answer = this.write(lockKey, mayWrite && isFenced, () => {
      const optional: readonly string[] = [ENTRY.fencingToken, ENTRY.data, ENTRY.holderTrace, ENTRY.expiresAt];
      const kept = Object.entries(before ?? {}).filter(([attribute]) => !optional.includes(attribute));
      this.items.set(lockKey, { ...Object.fromEntries(kept), ...itemFromEntry(entry) });
    });
    return answer.written ? { ...answer, replaced: replacedIn(before) } : answer;
  }

  private standing(lockKey: string): Standing {
    const item = this.items.get(lockKey);
    if (!item) return undefined;
    const version = textIn(item[ENTRY.versionNumber]);
    const isWhole = version !== undefined && textIn(item[ENTRY.hostIdentifier]) !== undefined;
    return {
      version,
      fencingToken: wholeIn(item[ENTRY.fencingToken]),
      isFree: isWhole && numberIn(item[ENTRY.leaseDuration]) === 0,
    };
  }

  private entry(lockName: string): LockEntry | undefined {
    const item = this.items.get(lockName);
    return item && entryFromItem(item, { lockName, tableName: this.tableName });
  }

  /** Whole seconds, like an HTTP `Date`. */
  private answer(): Answer {
    return { dateMs: Math.floor(this.nowMs() / 1000) * 1000 };
  }
}

function expiryOf(expiresAtSeconds: number | undefined): Item {
  return expiresAtSeconds === undefined ? {} : { [ENTRY.expiresAt]: { N: String(expiresAtSeconds) } };
}

function noteOf(data: string | undefined): Item {
  return data === undefined ? {} : { [ENTRY.data]: { S: data } };
}
