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
} from '../../runtime/core/store.js';
import type { VirtualTime } from '../../runtime/testing/virtual-time.js';

/** A request, as it was sent. */
export interface SentRequest {
  readonly operation: 'acquire' | 'adopt' | 'refresh' | 'release' | 'leave' | 'read' | 'readMany' | 'list';
  readonly atMs: number;
  readonly version?: string;
  readonly expiresAtSeconds?: number | undefined;
  readonly lockKeys?: readonly string[];
  readonly consistency?: Consistency;
}

/**
 * What becomes of a request:
 * - `drop-answer`: carried out; then the connection is cut in place of an answer
 * - `reset`: the connection is cut at once; nothing is carried out
 * - `silence`: never answered, nor carried out
 * - `refusal`: carried out; then that error in place of an answer, as of a later copy of the request
 * - an error: rejected with it; nothing is carried out
 * - else carried out after `requestMs`, even where its sender has given up by then, and answered `answerMs` later
 */
export type Fate = 'drop-answer' | 'reset' | 'silence' | Error | Trip;

interface Trip {
  readonly requestMs?: number;
  readonly answerMs?: number;
  /** The answer says nothing of the store's clock. */
  readonly isUndated?: boolean;
  readonly refusal?: Error;
}

/** How long a request takes where nobody says otherwise, and so does its answer. */
const TRIP_MS = 5;

/** Stands before a store that many processes share, notes what one of them sends, and spoils it as told. */
export class ScriptedStore implements LockStore {
  readonly tableName: string;
  readonly connection = {};
  /** All requests so far. */
  readonly sent: SentRequest[] = [];
  /** Asked once for every request that `next` does not speak of. */
  fate: (request: SentRequest) => Fate = () => ({});
  private readonly planned: { readonly operation: SentRequest['operation']; readonly fate: Fate }[] = [];

  constructor(
    private readonly time: VirtualTime,
    private readonly table: LockStore,
  ) {
    this.tableName = table.tableName;
  }

  /** The next requests of this kind meet these fates, one each. */
  next(operation: SentRequest['operation'], ...fates: readonly Fate[]): void {
    this.planned.push(...fates.map((fate) => ({ operation, fate })));
  }

  isThrottling(error: unknown): boolean {
    return error instanceof Error && error.message === 'throttled';
  }

  /** The operations sent so far, or since that time. */
  operations(sinceMs = 0): SentRequest['operation'][] {
    return this.sent.filter(({ atMs }) => atMs >= sinceMs).map(({ operation }) => operation);
  }

  identify(lockKey: string): Promise<string> {
    return this.table.identify(lockKey);
  }

  acquire(entry: NewEntry, expiredVersion: string | undefined, signal: AbortSignal): Promise<WriteAnswer> {
    const { version, expiresAtSeconds, lockKey } = entry;
    return this.send({ operation: 'acquire', version, expiresAtSeconds, lockKeys: [lockKey] }, signal, () =>
      this.table.acquire(entry, expiredVersion, signal),
    );
  }

  adopt(entry: NewEntry, givenVersion: string, signal: AbortSignal): Promise<WriteAnswer> {
    const { version, expiresAtSeconds } = entry;
    return this.send({ operation: 'adopt', version, expiresAtSeconds }, signal, () =>
      this.table.adopt(entry, givenVersion, signal),
    );
  }

  refresh(refresh: Refresh, signal: AbortSignal): Promise<WriteAnswer> {
    const { version, expiresAtSeconds, lockKey } = refresh;
    return this.send({ operation: 'refresh', version, expiresAtSeconds, lockKeys: [lockKey] }, signal, () =>
      this.table.refresh(refresh, signal),
    );
  }

  release(lockKey: string, holdId: string, signal: AbortSignal): Promise<WriteAnswer> {
    return this.send({ operation: 'release' }, signal, () => this.table.release(lockKey, holdId, signal));
  }

  leave(left: LeftEntry, signal: AbortSignal): Promise<WriteAnswer> {
    const { version, expiresAtSeconds } = left;
    return this.send({ operation: 'leave', version, expiresAtSeconds }, signal, () => this.table.leave(left, signal));
  }

  read(lockKey: string, consistency: Consistency, signal: AbortSignal): Promise<ReadAnswer> {
    return this.send({ operation: 'read', lockKeys: [lockKey], consistency }, signal, () =>
      this.table.read(lockKey, consistency, signal),
    );
  }

  readMany(lockKeys: readonly string[], consistency: Consistency, signal: AbortSignal): Promise<ReadManyAnswer> {
    return this.send({ operation: 'readMany', lockKeys, consistency }, signal, () =>
      this.table.readMany(lockKeys, consistency, signal),
    );
  }

  list(page: ListedPage, signal: AbortSignal): Promise<ListAnswer> {
    return this.send({ operation: 'list' }, signal, () => this.table.list(page, signal));
  }

  private send<A extends Answer>(
    request: Omit<SentRequest, 'atMs'>,
    signal: AbortSignal,
    carryOut: () => Promise<A>,
  ): Promise<A> {
    const sent = { ...request, atMs: this.time.nowMs };
    this.sent.push(sent);
    const index = this.planned.findIndex(({ operation }) => operation === sent.operation);
    const fate = index < 0 ? this.fate(sent) : (this.planned.splice(index, 1)[0]?.fate ?? {});
    const given = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
    return Promise.race([given, this.travel(fate, carryOut)]);
  }

  private async travel<A extends Answer>(fate: Fate, carryOut: () => Promise<A>): Promise<A> {
    if (fate instanceof Error) throw fate;
    if (fate === 'silence') return new Promise<A>(() => {});
    const {
      requestMs = TRIP_MS,
      answerMs = TRIP_MS,
      isUndated = false,
      refusal,
    } = typeof fate === 'object' ? fate : {};
    await this.time.sleep(requestMs);
    if (fate === 'reset') throw new Error('connection reset');
    const answer = await carryOut();
    await this.time.sleep(answerMs);
    if (fate === 'drop-answer') throw new Error('connection reset');
    if (refusal) throw refusal;
    return isUndated ? { ...answer, dateMs: undefined } : answer;
  }
}
