import type { LockManager } from '../core/lock-manager.js';
import { ItemsRefused } from '../core/store.js';
import { LockEntryError, LockLostError, LockOptionError } from '../errors.js';
import { refreshBudgetMs, refreshRetryDelayMs } from '../protocol/schedule.js';

/** An attempt with less time than this would fail, and its failure tell nothing of DynamoDB. */
const SHORTEST_ATTEMPT_MS = 100;

/** What bounds the attempts at one request. */
interface Bounds {
  /** What all of them may take together. */
  readonly budgetMs: number;
  /** Milliseconds left of what the request is for, where that may end sooner. */
  readonly leftMs?: () => number;
  /** The caller's signal: it ends the attempts with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the sleeps between the attempts keep the process alive. */
  readonly keepAlive: boolean;
  /** What is thrown once the budget is over; `cause` is the last failure. */
  readonly unanswered: (cause: unknown) => Error;
}

/**
 * Attempts until one is answered, within one budget (docs/protocol.md, section 4). For who holds the lock, or gives it
 * back: such a one tries again whatever the failure was, since the lock hangs on it.
 */
export async function untilAnswered<A>(
  manager: LockManager,
  { budgetMs, leftMs = () => Infinity, signal, keepAlive, unanswered }: Bounds,
  attempt: (budgetMs: number) => Promise<A>,
): Promise<A> {
  const limitMs = manager.elapsedMs() + budgetMs;
  for (let failures = 0; ; failures += 1) {
    signal?.throwIfAborted();
    let failure: unknown;
    try {
      return await attempt(refreshBudgetMs(Math.min(limitMs - manager.elapsedMs(), leftMs())));
    } catch (error) {
      signal?.throwIfAborted();
      if (isAnswer(error)) throw error;
      failure = error;
    }
    const untilLimitMs = limitMs - manager.elapsedMs();
    const delayMs = refreshRetryDelayMs(failures, Math.min(untilLimitMs, leftMs()), manager.random.fraction());
    if (leftMs() <= 0 || delayMs + SHORTEST_ATTEMPT_MS > untilLimitMs) throw unanswered(failure);
    await manager.pause(delayMs, keepAlive, signal);
  }
}

/** Whether DynamoDB has answered, or the caller is wrong: another attempt would end alike. */
function isAnswer(error: unknown): boolean {
  return [LockEntryError, LockLostError, LockOptionError, ItemsRefused].some((kind) => error instanceof kind);
}
