import type {
  Answer,
  Consistency,
  GuardedWrite,
  LeftEntry,
  ListAnswer,
  ListedPage,
  LockStore,
  NewEntry,
  ReadAnswer,
  ReadManyAnswer,
  Refresh,
  WriteAnswer,
} from '../../../runtime/core/store.js';
import { LockTableError } from '../../../runtime/index.js';
import { shortVersion, type Trace } from '../engine/trace.js';
import { type Attempt, type Network, RefusedError } from '../network/network.js';
import type { SimSdk } from '../network/sim-sdk.js';
import type { SimProcess } from '../process/sim-process.js';
import type { Database } from './database.js';

export type Operation = 'acquire' | 'adopt' | 'refresh' | 'release' | 'leave' | 'read' | 'readMany' | 'list';

/** The lock store of one process: it stands in for `DynamoDBStore`, on the simulated network and table. */
export class SimStore implements LockStore {
  readonly tableName = 'locks';
  readonly connection: object = this;
  /** Requests so far. Retries by the SDK do not count. */
  readonly counts: Record<Operation, number> = {
    acquire: 0,
    adopt: 0,
    refresh: 0,
    release: 0,
    leave: 0,
    read: 0,
    readMany: 0,
    list: 0,
  };

  /** For each hold id that it tried to adopt with: the version that was handed over. */
  readonly adoptions = new Map<string, string>();

  constructor(
    private readonly process: SimProcess,
    private readonly sdk: SimSdk,
    private readonly network: Network,
    private readonly database: Database,
    private readonly trace: Trace,
  ) {}

  identify(lockKey: string): Promise<string> {
    return Promise.resolve(`locks ${lockKey}`);
  }

  acquire(entry: NewEntry, expiredVersion: string | undefined, signal: AbortSignal): Promise<WriteAnswer> {
    const over = (): string => (expiredVersion === undefined ? '' : ` over ${shortVersion(expiredVersion)}`);
    const name = this.note('acquire', () => `${entry.lockKey} ${shortVersion(entry.version)}${over()}`);
    return this.write(name, () => this.database.acquire(entry, expiredVersion), signal);
  }

  adopt(entry: NewEntry, givenVersion: string, signal: AbortSignal): Promise<WriteAnswer> {
    const change = (): string => `${shortVersion(givenVersion)} as ${shortVersion(entry.version)}`;
    const name = this.note('adopt', () => `${entry.lockKey} ${change()}`);
    this.adoptions.set(entry.version.slice(14), givenVersion);
    return this.write(name, () => this.database.adopt(entry, givenVersion), signal);
  }

  refresh(refresh: Refresh, signal: AbortSignal): Promise<WriteAnswer> {
    const name = this.note('refresh', () => `${refresh.lockKey} to ${shortVersion(refresh.version)}`);
    return this.write(name, () => this.database.refresh(refresh), signal);
  }

  release(lockKey: string, holdId: string, signal: AbortSignal): Promise<WriteAnswer> {
    const name = this.note('release', () => `${lockKey} ${holdId.slice(-4)}`);
    return this.write(name, () => this.database.release(lockKey, holdId), signal);
  }

  leave(left: LeftEntry, signal: AbortSignal): Promise<WriteAnswer> {
    const { lockKey, ours, version, leaseSeconds } = left;
    const what = (): string => `${ours.slice(-4)} as ${shortVersion(version)} for ${leaseSeconds} s`;
    const name = this.note('leave', () => `${lockKey} ${what()}`);
    return this.write(name, () => this.database.leave(left), signal);
  }

  /** The first item says whose write it is. */
  transactWrite({ guard, items }: GuardedWrite, signal: AbortSignal): Promise<WriteAnswer> {
    const { lockKey, holdId } = guard;
    const [item] = items as readonly [{ readonly Put: { readonly of: string } }];
    const { of } = item.Put;
    const name = `transactWrite ${lockKey} ${holdId.slice(-7)}`;
    this.trace?.(this.process.name, name);
    return this.write(name, () => this.database.commit(guard, of), signal);
  }

  async read(lockKey: string, consistency: Consistency, signal: AbortSignal): Promise<ReadAnswer> {
    const name = this.note('read', () => lockKey);
    const replicaLagMs = consistency === 'strong' ? undefined : this.network.replicaLagMs();
    const staleMs = (): number => replicaLagMs ?? (consistency === 'strong' ? 0 : this.network.staleMs());
    const answer = await this.send({ name, carryOut: () => this.database.read(lockKey, staleMs()) }, signal);
    // A replica that lags all the time is no excuse: clients have to get past it.
    if (answer.isStale && replicaLagMs === undefined) this.process.noteFault();
    this.trace?.(
      this.process.name,
      `  read shows ${shortVersion(answer.entry?.version)}${answer.isStale ? ' (stale)' : ''}`,
    );
    return answer;
  }

  /** Each lock is read from a replica of its own, with a lag of its own. */
  async readMany(lockKeys: readonly string[], consistency: Consistency, signal: AbortSignal): Promise<ReadManyAnswer> {
    const name = this.note('readMany', () => lockKeys.join(' '));
    const staleMs = (): number => (consistency === 'strong' ? 0 : this.network.staleMs());
    const carryOut = async () => {
      const reads = lockKeys.map(async (lockKey) => [lockKey, await this.database.read(lockKey, staleMs())] as const);
      return { dateMs: undefined, reads: await Promise.all(reads) };
    };
    const { reads, dateMs } = await this.send({ name, carryOut }, signal);
    if (reads.some(([, { isStale }]) => isStale)) this.process.noteFault();
    return { dateMs, entries: new Map(reads.map(([lockKey, { entry }]) => [lockKey, entry])) };
  }

  list(page: ListedPage, signal: AbortSignal): Promise<ListAnswer> {
    const name = this.note('list', () => page.prefix);
    return this.send({ name, carryOut: () => this.database.list(page) }, signal);
  }

  private async write(name: string, carryOut: () => Promise<WriteAnswer>, signal: AbortSignal): Promise<WriteAnswer> {
    const answer = await this.send({ name, carryOut }, signal);
    if (this.trace) {
      const date = answer.dateMs === undefined ? ', no Date' : '';
      const found = answer.written ? 'written' : `refused, ${shortVersion(answer.entry?.version)} stands`;
      this.trace(this.process.name, `  ${name}: ${found}${date}`);
    }
    return answer;
  }

  private async send<A extends Answer>(attempt: Attempt<A>, signal: AbortSignal): Promise<A> {
    try {
      return await this.sdk.send(attempt, signal);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      throw new LockTableError(`table "${this.tableName}": DynamoDB refuses it`, { cause: error });
    }
  }

  /** Counts a request, and writes its name to the trace. */
  private note(operation: Operation, what: () => string): string {
    this.counts[operation] += 1;
    if (!this.trace) return operation;
    const name = `${operation} ${what()}`;
    this.trace(this.process.name, name);
    return name;
  }
}
