import { LynkError, type LynkErrorDetails } from '../errors.js';
import type { Ledger } from '../protocol/ledger.js';
import type { ServerClock } from '../protocol/server-clock.js';
import type { LockObserver } from './events.js';
import type { LocalLock } from './local-lock.js';
import type { Logger } from './logger.js';
import type { LockProcess } from './process.js';
import type { Answer, LockStore, NewEntry } from './store.js';

/** DynamoDB's TTL deletes an entry this long after its lease ended, if nothing else has. */
const EXPIRES_AFTER_LEASE_SECONDS = 24 * 60 * 60;

/** What a factory decides for all of its locks. */
export interface TargetSettings {
  readonly clockToleranceSeconds: number;
  readonly logger: Logger;
  /** Told of all that happens to the locks. */
  readonly observers: readonly LockObserver[];
  /** Who holds, for people. */
  readonly hostIdentifier: (requestId: string | undefined) => string;
}

/** What an entry says of its holder. */
type EntryOwner = Pick<NewEntry, 'hostIdentifier' | 'data'>;

/** One lock in one table, as one process reaches it: all that contending for it and holding it need. */
export class LockTarget {
  private readonly serverClock: ServerClock;

  constructor(
    readonly process: LockProcess,
    readonly store: LockStore,
    readonly name: string,
    readonly local: LocalLock,
    readonly settings: TargetSettings,
    /** What it is to its callers, where that is more than a lock of its name. */
    private readonly title = `lock ${JSON.stringify(name)}`,
  ) {
    this.serverClock = process.serverClock(store.connection);
  }

  /** `lock "nightly" in table "locks"`, to begin a message with. */
  get label(): string {
    return `${this.title} in table "${this.store.tableName}"`;
  }

  errorDetails(cause?: unknown): LynkErrorDetails {
    return { lockName: this.name, tableName: this.store.tableName, cause };
  }

  notConfirmed(what: 'refresh' | 'release', cause: unknown): LynkError {
    return new LynkError(`${this.label}: the ${what} was not confirmed in time`, this.errorDetails(cause));
  }

  /** Draws the hold's next version. The request that carries it is to be sent at once. */
  draw(ledger: Ledger): string {
    const timed = this.serverClock.timed && this.settings.clockToleranceSeconds !== Number.POSITIVE_INFINITY;
    return ledger.draw(this.process.elapsedMs(), this.serverNowMs(), timed);
  }

  newEntry(ledger: Ledger, version: string, { hostIdentifier, data }: EntryOwner): NewEntry {
    const { leaseSeconds } = ledger;
    const expiresAtSeconds = this.expiresAtSeconds(leaseSeconds);
    return { lockKey: this.name, leaseSeconds, version, hostIdentifier, expiresAtSeconds, data };
  }

  /** Epoch seconds at which TTL may delete an entry whose lease begins now. */
  expiresAtSeconds(leaseSeconds: number): number {
    return Math.ceil(this.serverNowMs() / 1000) + leaseSeconds + EXPIRES_AFTER_LEASE_SECONDS;
  }

  /** DynamoDB's time, in epoch milliseconds, as well as it is known. */
  serverNowMs(): number {
    return this.serverClock.nowMs(this.process.clock.wallMs());
  }

  /**
   * One request, and what its answer teaches about DynamoDB's clock. Rejects once `budgetMs` are over,
   * whether or not the store gives up that soon, and with `signal.reason` when `signal` aborts.
   */
  exchange<A extends Answer>(
    budgetMs: number,
    request: (signal: AbortSignal) => Promise<A>,
    signal?: AbortSignal,
  ): Promise<A> {
    const { clock } = this.process;
    return new Promise<A>((resolve, reject) => {
      const controller = new AbortController();
      const giveUp = (reason: unknown): void => {
        settle();
        controller.abort(reason);
        reject(reason);
      };
      const onAbort = (): void => giveUp(signal?.reason);
      const timer = clock.after(budgetMs, () =>
        giveUp(new Error(`no answer from DynamoDB within ${Math.round(budgetMs)} ms`)),
      );
      const settle = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
      };
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      this.process.elapsedMs();
      const sentWallMs = clock.wallMs();
      request(controller.signal).then(
        (answer) => {
          if (controller.signal.aborted) return;
          settle();
          this.process.elapsedMs();
          this.serverClock.learn(sentWallMs, clock.wallMs(), answer.dateMs);
          resolve(answer);
        },
        (error: unknown) => {
          settle();
          this.process.elapsedMs();
          reject(error);
        },
      );
    });
  }
}
