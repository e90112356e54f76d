import type { LockManager } from '../core/lock-manager.js';
import { type Answer, ItemsRefused } from '../core/store.js';
import { WaitBudget } from '../core/wait-budget.js';
import {
  LockEntryError,
  LockLostError,
  LockOptionError,
  LockUnavailableError,
  LynkError,
  type LynkErrorDetails,
} from '../errors.js';
import { refreshBudgetMs, refreshRetryDelayMs } from '../protocol/schedule.js';
import type { TableClient } from './table-client.js';

/** What the attempts at one request may take together: a caller's `WaitBudget`, or a holder's. */
interface RetryBudget {
  /** @throws why the attempts end without an answer */
  throwIfOver(): void;
  answered(): void;
  /** An attempt failed in transit. */
  failed(error: unknown): void;
  /** Sleeps after failure number `failure`, from 0. */
  pauseAfter(failure: number): Promise<void>;
}

/**
 * Attempts until one is answered, or until the budget is over. Only a heartbeat is tried again elsewhere, by its timer
 * (hold/lease-renewer.ts).
 * @param isFinal whether another attempt would end alike; an error of this library says so, unless a hold depends on it
 */
export async function retry<A>(
  budget: RetryBudget,
  attempt: () => Promise<A>,
  isFinal = (error: unknown): boolean => error instanceof LynkError,
): Promise<A> {
  for (let failure = 0; ; failure += 1) {
    budget.throwIfOver();
    try {
      const answer = await attempt();
      budget.answered();
      return answer;
    } catch (error) {
      budget.throwIfOver();
      if (isFinal(error)) throw error;
      budget.failed(error);
    }
    await budget.pauseAfter(failure);
  }
}

/** An attempt with less time than this would fail, and its failure tell nothing of DynamoDB. */
const SHORTEST_ATTEMPT_MS = 100;

/** What bounds a holder's attempts at one request. */
interface HolderBounds {
  /** What all of them may take together. */
  readonly budgetMs: number;
  /** Milliseconds left of what the request is for, if that may end sooner. */
  readonly leftMs?: () => number;
  /** The caller's signal: it ends the attempts with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the sleeps between the attempts keep the process alive. */
  readonly keepAlive: boolean;
  /** What is thrown once the budget is over; `cause` is the last failure. */
  readonly unanswered: (cause: unknown) => Error;
}

/**
 * For who holds the lock, or gives it back (docs/protocol.md, section 4). It tries again whatever the failure was, as
 * the lock depends on it: even an access that is denied may be allowed again a moment later.
 */
export function untilAnswered<A>(
  manager: LockManager,
  { budgetMs, leftMs = () => Infinity, signal, keepAlive, unanswered }: HolderBounds,
  attempt: (budgetMs: number) => Promise<A>,
): Promise<A> {
  const limitMs = manager.elapsedMs() + budgetMs;
  const untilLimitMs = (): number => limitMs - manager.elapsedMs();
  const nearestMs = (): number => Math.min(untilLimitMs(), leftMs());
  let lastFailure: unknown;
  const budget: RetryBudget = {
    throwIfOver: () => signal?.throwIfAborted(),
    answered: () => {},
    failed: (error) => {
      lastFailure = error;
    },
    pauseAfter: async (failure) => {
      const delayMs = refreshRetryDelayMs(failure, nearestMs(), manager.random.fraction());
      if (leftMs() <= 0 || delayMs + SHORTEST_ATTEMPT_MS > untilLimitMs()) throw unanswered(lastFailure);
      await manager.pause(delayMs, keepAlive, signal);
    },
  };
  return retry(budget, () => attempt(refreshBudgetMs(nearestMs())), isAnswer);
}

/** Whether DynamoDB has answered, or the caller is wrong. */
function isAnswer(error: unknown): boolean {
  return [LockEntryError, LockLostError, LockOptionError, ItemsRefused].some((kind) => error instanceof kind);
}

/** How long a person waits for one answer, attempts that failed in transit included. */
const PERSON_WAITS_SECONDS = 10;
/** What one attempt may take. */
const ATTEMPT_MS = 4000;

/** What a request is about, for its error. */
interface Subject {
  /** To begin a message with. */
  readonly label: string;
  readonly details: LynkErrorDetails;
}

/**
 * The answer to a request that is sent for a person, not for a hold.
 * @throws LockUnavailableError if no answer came in time; LockTableError if none can come
 */
export async function answerTo<A extends Answer>(
  table: TableClient,
  { label, details }: Subject,
  request: (signal: AbortSignal) => Promise<A>,
  signal: AbortSignal | undefined,
): Promise<A> {
  signal?.throwIfAborted();
  const limit = `within ${PERSON_WAITS_SECONDS} s`;
  const budget = new WaitBudget(
    table.manager,
    { waitSeconds: PERSON_WAITS_SECONDS },
    signal,
    (cause) => new LockUnavailableError(`${label}: no answer from DynamoDB ${limit}`, { ...details, cause }),
  );
  try {
    return await budget.race(
      retry(budget, () => {
        budget.sent();
        return table.exchange(Math.min(ATTEMPT_MS, budget.leftMs()), request, signal);
      }),
    );
  } finally {
    budget.close();
  }
}
