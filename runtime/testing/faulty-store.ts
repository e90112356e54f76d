import type { Clock } from '../lock/clock.js';
import type {
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
} from '../lock/store.js';
import { parseVersion } from '../protocol/version.js';
import { textIn } from '../store/item.js';
import type { Faults, LockRequest } from './fault.js';

/** One process's way to a table, with the faults that its requests are to meet. */
export class FaultyStore implements LockStore {
  readonly tableName: string;
  readonly connection: object = this;
  /** The hold that this process last asked for, by lock. */
  private readonly asked = new Map<string, string>();
  private readonly refusedRefreshes = new Map<string, number>();

  constructor(
    private readonly table: LockStore,
    private readonly faults: Faults,
    private readonly clock: Clock,
  ) {
    this.tableName = table.tableName;
  }

  /** Whether the version that stands there, as an attribute, is one of this process's. */
  isHolder(lockKey: string, version: unknown): boolean {
    const holdId = this.asked.get(lockKey);
    return holdId !== undefined && textIn(version)?.includes(holdId) === true;
  }

  /** Says from now on whether a refresh of this lock has been refused. */
  nextRefusedRefresh(lockKey: string): () => boolean {
    const before = this.refusedRefreshes.get(lockKey);
    return () => this.refusedRefreshes.get(lockKey) !== before;
  }

  identify(lockKey: string): Promise<string> {
    return this.table.identify(lockKey);
  }

  acquire(entry: NewEntry, expiredVersion: string | undefined, signal: AbortSignal): Promise<WriteAnswer> {
    this.note(entry);
    return this.send('acquire', entry.lockKey, () => this.table.acquire(entry, expiredVersion, signal));
  }

  adopt(entry: NewEntry, givenVersion: string, signal: AbortSignal): Promise<WriteAnswer> {
    this.note(entry);
    return this.send('adopt', entry.lockKey, () => this.table.adopt(entry, givenVersion, signal));
  }

  async refresh(refresh: Refresh, signal: AbortSignal): Promise<WriteAnswer> {
    const { lockKey } = refresh;
    const answer = await this.send('refresh', lockKey, () => this.table.refresh(refresh, signal));
    if (!answer.written) this.refusedRefreshes.set(lockKey, (this.refusedRefreshes.get(lockKey) ?? 0) + 1);
    return answer;
  }

  release(lockKey: string, holdId: string, signal: AbortSignal): Promise<WriteAnswer> {
    return this.send('release', lockKey, () => this.table.release(lockKey, holdId, signal));
  }

  /** To who asked for it, leaving is a release. */
  leave(left: LeftEntry, signal: AbortSignal): Promise<WriteAnswer> {
    return this.send('release', left.lockKey, () => this.table.leave(left, signal));
  }

  read(lockKey: string, consistency: 'eventual' | 'strong', signal: AbortSignal): Promise<ReadAnswer> {
    return this.send('read', lockKey, () => this.table.read(lockKey, consistency, signal));
  }

  /** One request: it meets what a read of any one of these locks would. */
  readMany(lockKeys: readonly string[], consistency: Consistency, signal: AbortSignal): Promise<ReadManyAnswer> {
    const meeting = (carryOut: () => Promise<ReadManyAnswer>, lockKey: string) => () =>
      this.send('read', lockKey, carryOut);
    return lockKeys.reduce(meeting, () => this.table.readMany(lockKeys, consistency, signal))();
  }

  /** To faults, listing is reading. */
  list(page: ListedPage, signal: AbortSignal): Promise<ListAnswer> {
    return this.send('read', page.prefix, () => this.table.list(page, signal));
  }

  private note({ lockKey, version }: NewEntry): void {
    const holdId = parseVersion(version)?.holdId;
    if (holdId !== undefined) this.asked.set(lockKey, holdId);
  }

  private async send<A>(request: LockRequest, lockKey: string, carryOut: () => Promise<A>): Promise<A> {
    const mishap = this.faults.meet(request, lockKey);
    switch (mishap?.kind) {
      case undefined:
        return carryOut();
      case 'throttled':
        throw failure('ProvisionedThroughputExceededException', 'the rate of requests is too high');
      case 'unreachable':
        throw failure('ECONNREFUSED', 'connect ECONNREFUSED');
      case 'answer-lost':
        await carryOut();
        throw failure('ECONNRESET', 'read ECONNRESET');
      case 'slow': {
        const oneWayMs = (mishap.seconds * 1000) / 2;
        await this.sleep(oneWayMs);
        const answer = await carryOut();
        await this.sleep(oneWayMs);
        return answer;
      }
    }
  }

  private sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(durationMs, resolve);
    });
  }
}

/** As the SDK would reject, but that it says where it comes from. */
function failure(name: string, message: string): Error {
  return Object.assign(new Error(`${message} (simulated)`), { name });
}
