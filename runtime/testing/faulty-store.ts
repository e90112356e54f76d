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

/** One process's way to a table, with the faults that its requests are to meet. */
export class FaultyStore implements LockStore {
  readonly tableName: string;
  readonly connection: object = this;
  /** The holds that this process asked for, by lock, until it is told that they are over. */
  private readonly asked = new Map<string, AskedHold>();
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
    const { holdId } = this.asked.get(lockKey) ?? {};
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
    return (this.clock.monotonicMs() - (this.asked.get(lockKey)?.aliveMs ?? -Infinity)) / 1000;
  }

  identify(lockKey: string): Promise<string> {
    return this.table.identify(lockKey);
  }

  acquire(entry: NewEntry, expiredVersion: string | undefined, signal: AbortSignal): Promise<WriteAnswer> {
    return this.noted(
      entry,
      this.send('acquire', [entry.lockKey], () => this.table.acquire(entry, expiredVersion, signal)),
    );
  }

  adopt(entry: NewEntry, givenVersion: string, signal: AbortSignal): Promise<WriteAnswer> {
    return this.noted(
      entry,
      this.send('adopt', [entry.lockKey], () => this.table.adopt(entry, givenVersion, signal)),
    );
  }

  async refresh(refresh: Refresh, signal: AbortSignal): Promise<WriteAnswer> {
    const { lockKey, holdId } = refresh;
    const hold = this.asked.get(lockKey);
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
    return this.ending(lockKey, holdId, answer);
  }

  /** To who asked for it, leaving is a release. */
  leave(left: LeftEntry, signal: AbortSignal): Promise<WriteAnswer> {
    this.releases.add(left.lockKey);
    const answer = this.send('release', [left.lockKey], () => this.table.leave(left, signal));
    return this.ending(left.lockKey, left.ours, answer);
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

  /** A hold that is asked for is noted before the answer comes: it may be lost. */
  private noted({ lockKey, version }: NewEntry, answer: Promise<WriteAnswer>): Promise<WriteAnswer> {
    const holdId = parseVersion(version)?.holdId;
    if (holdId === undefined) return answer;
    this.asked.set(lockKey, { holdId, aliveMs: this.clock.monotonicMs() });
    answer.then(
      ({ written, entry }) => written || entry?.version.includes(holdId) || this.forget(lockKey, holdId),
      () => {},
    );
    return answer;
  }

  private ending(lockKey: string, holdId: string, answer: Promise<WriteAnswer>): Promise<WriteAnswer> {
    answer.then(
      () => this.forget(lockKey, holdId),
      () => {},
    );
    return answer;
  }

  private forget(lockKey: string, holdId: string): void {
    if (this.asked.get(lockKey)?.holdId === holdId) this.asked.delete(lockKey);
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

/** A hold that this process asked for. */
interface AskedHold {
  readonly holdId: string;
  /** Monotonic time at which it was last asked for, or refreshed. */
  aliveMs: number;
}

/** Whether something has happened, by lock. It remembers those only that somebody asked about. */
class Tally {
  private readonly awaited = new Map<string, { hasHappened: boolean }>();

  add(lockKey: string): void {
    const next = this.awaited.get(lockKey);
    if (next) next.hasHappened = true;
    this.awaited.delete(lockKey);
  }

  /** Says from now on whether it has happened again. */
  next(lockKey: string): () => boolean {
    const next = this.awaited.get(lockKey) ?? { hasHappened: false };
    this.awaited.set(lockKey, next);
    return () => next.hasHappened;
  }
}

/** As the SDK would reject, but that it says where it comes from. */
function failure(name: string, message: string): Error {
  return Object.assign(new Error(`${message} (simulated)`), { name });
}
