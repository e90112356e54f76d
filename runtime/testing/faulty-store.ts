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
  /** Monotonic time at which this process last asked for a lock, or refreshed it. */
  private readonly aliveMs = new Map<string, number>();
  private readonly refusedRefreshes = new Tally();
  private readonly releases = new Tally();

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
    return this.refusedRefreshes.next(lockKey);
  }

  /** Says from now on whether this lock has been given back. */
  nextRelease(lockKey: string): () => boolean {
    return this.releases.next(lockKey);
  }

  /** Seconds since this process last asked for this lock, or refreshed it. */
  silentSeconds(lockKey: string): number {
    return (this.clock.monotonicMs() - (this.aliveMs.get(lockKey) ?? -Infinity)) / 1000;
  }

  identify(lockKey: string): Promise<string> {
    return this.table.identify(lockKey);
  }

  acquire(entry: NewEntry, expiredVersion: string | undefined, signal: AbortSignal): Promise<WriteAnswer> {
    this.note(entry);
    return this.send('acquire', [entry.lockKey], () => this.table.acquire(entry, expiredVersion, signal));
  }

  adopt(entry: NewEntry, givenVersion: string, signal: AbortSignal): Promise<WriteAnswer> {
    this.note(entry);
    return this.send('adopt', [entry.lockKey], () => this.table.adopt(entry, givenVersion, signal));
  }

  async refresh(refresh: Refresh, signal: AbortSignal): Promise<WriteAnswer> {
    const { lockKey } = refresh;
    this.aliveMs.set(lockKey, this.clock.monotonicMs());
    const answer = await this.send('refresh', [lockKey], () => this.table.refresh(refresh, signal));
    if (!answer.written) this.refusedRefreshes.add(lockKey);
    return answer;
  }

  release(lockKey: string, holdId: string, signal: AbortSignal): Promise<WriteAnswer> {
    this.releases.add(lockKey);
    return this.send('release', [lockKey], () => this.table.release(lockKey, holdId, signal));
  }

  /** To who asked for it, leaving is a release. */
  leave(left: LeftEntry, signal: AbortSignal): Promise<WriteAnswer> {
    this.releases.add(left.lockKey);
    return this.send('release', [left.lockKey], () => this.table.leave(left, signal));
  }

  read(lockKey: string, consistency: 'eventual' | 'strong', signal: AbortSignal): Promise<ReadAnswer> {
    return this.send('read', [lockKey], () => this.table.read(lockKey, consistency, signal));
  }

  readMany(lockKeys: readonly string[], consistency: Consistency, signal: AbortSignal): Promise<ReadManyAnswer> {
    return this.send('read', lockKeys, () => this.table.readMany(lockKeys, consistency, signal));
  }

  /** To faults, listing is reading, of no lock by name. */
  list(page: ListedPage, signal: AbortSignal): Promise<ListAnswer> {
    return this.send('read', [], () => this.table.list(page, signal));
  }

  private note({ lockKey, version }: NewEntry): void {
    this.aliveMs.set(lockKey, this.clock.monotonicMs());
    const holdId = parseVersion(version)?.holdId;
    if (holdId !== undefined) this.asked.set(lockKey, holdId);
  }

  /** One request meets one fault, however many locks it is about. */
  private async send<A>(request: LockRequest, lockKeys: readonly string[], carryOut: () => Promise<A>): Promise<A> {
    const mishap = this.faults.meet(request, lockKeys);
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
      this.clock.after(durationMs, resolve, { keepAlive: true });
    });
  }
}

/** How often something has happened, by lock. */
class Tally {
  private readonly counts = new Map<string, number>();

  add(lockKey: string): void {
    this.counts.set(lockKey, (this.counts.get(lockKey) ?? 0) + 1);
  }

  /** Says from now on whether it has happened again. */
  next(lockKey: string): () => boolean {
    const before = this.counts.get(lockKey);
    return () => this.counts.get(lockKey) !== before;
  }
}

/** As the SDK would reject, but that it says where it comes from. */
function failure(name: string, message: string): Error {
  return Object.assign(new Error(`${message} (simulated)`), { name });
}
