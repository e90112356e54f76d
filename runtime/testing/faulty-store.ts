import type { Clock } from '../core/clock.js';
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
} from '../core/store.js';
import { parseVersion } from '../protocol/version.js';
import { textIn } from '../store/item.js';
import type { Faults, LockRequest } from './fault.js';

/** One process's access to a table. Its requests meet the planned faults. */
export class FaultyStore implements LockStore {
  readonly tableName: string;
  readonly connection: object = this;
  /** The holds that this process requested, by lock, until it learns that they are over. */
  private readonly requested = new Map<string, RequestedHold>();
  private readonly refusedRefreshes = new Tally();
  private readonly releases = new Tally();

  constructor(
    private readonly table: LockStore,
    private readonly faults: Faults,
    private readonly clock: Clock,
  ) {
    this.tableName = table.tableName;
  }

  /** Whether an entry's version (its attribute value) belongs to this process. */
  isHolder(lockKey: string, version: unknown): boolean {
    const { holdId } = this.requested.get(lockKey) ?? {};
    return holdId !== undefined && textIn(version)?.includes(holdId) === true;
  }

  /** Returns a function that says whether a refresh of this lock was refused since this call. */
  nextRefusedRefresh(lockKey: string): () => boolean {
    return this.refusedRefreshes.next(lockKey);
  }

  /** Returns a function that says whether this lock was released since this call. */
  nextRelease(lockKey: string): () => boolean {
    return this.releases.next(lockKey);
  }

  /** Seconds since this process last requested or refreshed this lock. */
  silentSeconds(lockKey: string): number {
    return (this.clock.monotonicMs() - (this.requested.get(lockKey)?.aliveMs ?? -Infinity)) / 1000;
  }

  identify(lockKey: string): Promise<string> {
    return this.table.identify(lockKey);
  }

  acquire(entry: NewEntry, expiredVersion: string | undefined, signal: AbortSignal): Promise<WriteAnswer> {
    return this.remembered(
      entry,
      this.send('acquire', [entry.lockKey], () => this.table.acquire(entry, expiredVersion, signal)),
    );
  }

  adopt(entry: NewEntry, givenVersion: string, signal: AbortSignal): Promise<WriteAnswer> {
    return this.remembered(
      entry,
      this.send('adopt', [entry.lockKey], () => this.table.adopt(entry, givenVersion, signal)),
    );
  }

  async refresh(refresh: Refresh, signal: AbortSignal): Promise<WriteAnswer> {
    const { lockKey, holdId } = refresh;
    const hold = this.requested.get(lockKey);
    if (hold) hold.aliveMs = this.clock.monotonicMs();
    const answer = await this.send('refresh', [lockKey], () => this.table.refresh(refresh, signal));
    if (answer.written) return answer;
    this.refusedRefreshes.add(lockKey);
    this.forget(lockKey, holdId);
    return answer;
  }

  release(lockKey: string, holdId: string, signal: AbortSignal): Promise<WriteAnswer> {
    this.releases.add(lockKey);
    const answer = this.send('release', [lockKey], () => this.table.release(lockKey, holdId, signal));
    return this.forgotten(lockKey, holdId, answer);
  }

  /** For the holder, this is a release. */
  leave(left: LeftEntry, signal: AbortSignal): Promise<WriteAnswer> {
    this.releases.add(left.lockKey);
    const answer = this.send('release', [left.lockKey], () => this.table.leave(left, signal));
    return this.forgotten(left.lockKey, left.ours, answer);
  }

  read(lockKey: string, consistency: Consistency, signal: AbortSignal): Promise<ReadAnswer> {
    return this.send('read', [lockKey], () => this.table.read(lockKey, consistency, signal));
  }

  readMany(lockKeys: readonly string[], consistency: Consistency, signal: AbortSignal): Promise<ReadManyAnswer> {
    return this.send('read', lockKeys, () => this.table.readMany(lockKeys, consistency, signal));
  }

  /** Counts as a `read` that names no lock. */
  list(page: ListedPage, signal: AbortSignal): Promise<ListAnswer> {
    return this.send('read', [], () => this.table.list(page, signal));
  }

  /** Remembers the hold before the answer comes, as the answer may be lost. */
  private remembered({ lockKey, version }: NewEntry, answer: Promise<WriteAnswer>): Promise<WriteAnswer> {
    const holdId = parseVersion(version)?.holdId;
    if (holdId === undefined) return answer;
    this.requested.set(lockKey, { holdId, aliveMs: this.clock.monotonicMs() });
    answer.then(
      ({ written, entry }) => written || entry?.version.includes(holdId) || this.forget(lockKey, holdId),
      () => {},
    );
    return answer;
  }

  private forgotten(lockKey: string, holdId: string, answer: Promise<WriteAnswer>): Promise<WriteAnswer> {
    answer.then(
      () => this.forget(lockKey, holdId),
      () => {},
    );
    return answer;
  }

  private forget(lockKey: string, holdId: string): void {
    if (this.requested.get(lockKey)?.holdId === holdId) this.requested.delete(lockKey);
  }

  /** One request meets one fault, even if it is about many locks. */
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

/** A hold that this process requested. */
interface RequestedHold {
  readonly holdId: string;
  /** Monotonic time of its last request or refresh. */
  aliveMs: number;
}

/** Whether something has happened, by lock. It remembers only the locks that `next` was called for. */
class Tally {
  private readonly awaited = new Map<string, { hasHappened: boolean }>();

  add(lockKey: string): void {
    const next = this.awaited.get(lockKey);
    if (next) next.hasHappened = true;
    this.awaited.delete(lockKey);
  }

  /** Returns a function that says whether it has happened since this call. */
  next(lockKey: string): () => boolean {
    const next = this.awaited.get(lockKey) ?? { hasHappened: false };
    this.awaited.set(lockKey, next);
    return () => next.hasHappened;
  }
}

/** An error like the SDK's. Its message says that it is simulated. */
function failure(name: string, message: string): Error {
  return Object.assign(new Error(`${message} (simulated)`), { name });
}
