import { newController, whenAborted } from '../core/abort.js';
import type { Gate } from '../core/gate.js';
import type { LockManager } from '../core/lock-manager.js';
import type { Answer, HoldStore } from '../core/store.js';
import type { LockAttempt } from '../observe/events.js';
import type { Logger } from '../observe/logger.js';
import type { Reporter } from '../observe/reporter.js';
import type { ServerClock } from '../protocol/server-clock.js';

/** The settings that all locks of a factory share. */
export interface TableSettings {
  readonly clockToleranceSeconds: number;
  readonly logger: Logger;
  /** The reporter of one attempt. */
  readonly reporterFor: (attempt: LockAttempt, manager: LockManager) => Reporter;
  /** The holder's name, for people. */
  readonly hostIdentifier: (requestId: string | undefined) => string;
}

/** One table, as one process reaches it. */
export class TableClient<S extends HoldStore = HoldStore> {
  protected readonly serverClock: ServerClock;

  constructor(
    readonly manager: LockManager,
    readonly store: S,
    readonly settings: TableSettings,
  ) {
    this.serverClock = manager.serverClock(store.connection);
  }

  /** Limits the requests of this process's waiters on its connection. */
  get gate(): Gate {
    return this.manager.gate(this.store.connection);
  }

  /**
   * DynamoDB's time, in epoch milliseconds, as well as it is known: by the corrected clock, but not below the floor, as
   * the wall clock may have been set back since the last answer.
   */
  serverNowMs(): number {
    return Math.max(this.serverClock.nowMs(this.manager.clock.wallMs()), this.serverFloorMs() ?? -Infinity);
  }

  /** The earliest that DynamoDB's time can be now, in epoch milliseconds; undefined if no answer has told it. */
  serverFloorMs(): number | undefined {
    return this.serverClock.floorMs(this.manager.clock.monotonicMs());
  }

  /** The latest that DynamoDB's time can be now, unless the monotonic clock stood still. */
  protected serverCeilingMs(): number | undefined {
    return this.serverClock.ceilingMs(this.manager.clock.monotonicMs());
  }

  /**
   * Sends one request, and learns DynamoDB's time from its answer. Rejects after `budgetMs`, whether or not the store
   * has ended, and with `signal.reason` when `signal` aborts.
   */
  exchange<A extends Answer>(
    budgetMs: number,
    request: (signal: AbortSignal) => Promise<A>,
    signal?: AbortSignal,
  ): Promise<A> {
    const { clock } = this.manager;
    return new Promise<A>((resolve, reject) => {
      const controller = newController();
      const giveUp = (reason: unknown): void => {
        settle();
        controller.abort(reason);
        reject(reason);
      };
      const timer = clock.after(budgetMs, () =>
        giveUp(new Error(`no answer from DynamoDB within ${Math.round(budgetMs)} ms`)),
      );
      let unlisten: (() => void) | undefined;
      const settle = (): void => {
        timer.cancel();
        unlisten?.();
      };
      if (signal) unlisten = whenAborted(signal, () => giveUp(signal.reason));
      if (controller.signal.aborted) return;
      this.manager.elapsedMs();
      const sentWallMs = clock.wallMs();
      request(controller.signal).then(
        (answer) => {
          if (controller.signal.aborted) return;
          settle();
          this.manager.elapsedMs();
          this.serverClock.learn(sentWallMs, clock.wallMs(), answer.dateMs);
          this.serverClock.hear(clock.monotonicMs(), answer.dateMs);
          resolve(answer);
        },
        (error: unknown) => {
          settle();
          this.manager.elapsedMs();
          reject(error);
        },
      );
    });
  }
}
