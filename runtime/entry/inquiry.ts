import type { Answer } from '../core/store.js';
import { WaitBudget } from '../core/wait-budget.js';
import { LockUnavailableError, LynkError, type LynkErrorDetails } from '../errors.js';
import { retryDelayMs } from '../protocol/schedule.js';
import type { TableClient } from './table-client.js';

/** How long a person is let wait for one answer, attempts that failed in transit included. */
const PATIENCE_SECONDS = 10;
/** What one attempt may take. */
const ATTEMPT_MS = 4000;

/** What an inquiry is about, for its error. */
export interface Subject {
  /** To begin a message with. */
  readonly label: string;
  readonly details: LynkErrorDetails;
}

/**
 * The answer to a request that is sent for people, by no hold: tried again after failures in transit.
 * @throws LockUnavailableError where none came in time; LockTableError where none can come
 */
export async function answerTo<A extends Answer>(
  table: TableClient,
  { label, details }: Subject,
  request: (signal: AbortSignal) => Promise<A>,
  signal: AbortSignal | undefined,
): Promise<A> {
  signal?.throwIfAborted();
  const budget = new WaitBudget(
    table.manager,
    { waitSeconds: PATIENCE_SECONDS },
    signal,
    (cause) =>
      new LockUnavailableError(`${label}: no answer from DynamoDB within ${PATIENCE_SECONDS} s`, { ...details, cause }),
  );
  const attempts = async (): Promise<A> => {
    for (let failures = 0; ; failures += 1) {
      try {
        return await table.exchange(Math.min(ATTEMPT_MS, budget.leftMs()), request, signal);
      } catch (error) {
        if (error instanceof LynkError || budget.isOver) throw error;
        budget.lastFailure = error;
      }
      await budget.sleep(retryDelayMs(failures, table.manager.random.fraction()));
    }
  };
  try {
    return await budget.race(attempts());
  } finally {
    budget.close();
  }
}
