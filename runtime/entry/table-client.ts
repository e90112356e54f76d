import { newController, whenAborted } from '../core/abort.js';
import type { Gate } from '../core/gate.js';
import type { LockManager } from '../core/lock-manager.js';
import type { Answer, HoldStore } from '../core/store.js';
import type { LockAttempt } from '../observe/events.js';
import type { Logger } from '../observe/logger.js';
import type { Reporter } from '../observe/reporter.js';
import type { ServerClock } from '../protocol/server-clock.js';

/** What a factory decides for all of its locks. */
export interface TableSettings {
  readonly clockToleranceSeconds: number;
  readonly logger: Logger;
  /** Of each asking for one of the locks. */
  readonly reporterFor: (attempt: LockAttempt, manager: LockManager) => Reporter;
  /** Who holds, for people. */
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

  /** Where the waiters of this process queue for its connection. */
  get gate(): Gate {
    return this.manager.gate(this.store.connection);
  }

  /**
   * DynamoDB's time, in epoch milliseconds, as well as it is known: by the corrected clock, but no earlier than it
   * certainly is, as the wall clock may have been set back since the last answer.
   */
  serverNowMs(): number {
    return Math.max(this.serverClock.nowMs(this.manager.clock.wallMs()), this.serverFloorMs() ?? -Infinity);
  }

  /** DynamoDB's time, in epoch milliseconds, that it certainly is by now; undefined where no answer has told any. */
  serverFloorMs(): number | undefined {
    return this.serverClock.floorMs(this.manager.clock.monotonicMs());
  }

  /** The same, that it is by now at the latest, unless the monotonic clock stood still. */
  protected serverCeilingMs(): number | undefined {
    return this.serverClock.ceilingMs(this.manager.clock.monotonicMs());
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
