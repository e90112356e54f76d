import { LockLostError } from '../errors.js';
import { type Outcome, resultOf } from '../hold/run-under.js';
import type { Claimed, Progress } from './claim.js';
import { type StoredError, stored } from './stored-error.js';

/** What an operation under the lock leaves in its checkpoint. It is JSON, whatever has happened. */

/** What is stored of one run of a step. */
export type Ran<T> =
  | Again
  | Lost<T>
  | ({ readonly kind: 'ended'; readonly value?: T | undefined } & Progress)
  | ({ readonly kind: 'failed'; readonly error: StoredError; readonly retrySeconds?: number | undefined } & Progress);

export interface Lost<T = never> {
  readonly kind: 'lost';
  readonly error: StoredError;
  readonly value?: T | undefined;
}

/** What is stored of a claim under which nothing runs. */
export type Idle = Again | Lost | ({ readonly kind: 'ended'; readonly atMs: number } & Progress);

/** Another operation goes on from there after that many seconds. */
export interface Again extends Progress {
  readonly kind: 'again';
  readonly pauseSeconds: number;
  readonly error?: StoredError | undefined;
}

export function progressOf({ ordinal, isAtRest }: Progress): Progress {
  return { ordinal, isAtRest };
}

/** A claim that failed, as it is stored. */
export function storedClaim(claimed: Exclude<Claimed, { kind: 'mine' }>): Again | Lost {
  if (claimed.kind === 'lost') return { kind: 'lost', error: stored(claimed.error) };
  const { pauseSeconds, cause } = claimed;
  return {
    kind: 'again',
    ...progressOf(claimed),
    pauseSeconds,
    error: cause === undefined ? undefined : stored(cause),
  };
}

export function withResult(
  { message, reason, lockName, tableName, cause }: LockLostError,
  result: unknown,
): LockLostError {
  return new LockLostError(message, { reason, lockName, tableName, cause, result });
}

export function lostWith<T>(outcome: Outcome<T>, loss: LockLostError): Ran<T> {
  try {
    resultOf(outcome, loss);
  } catch (error) {
    return { kind: 'lost', error: stored(error), ...('value' in outcome && { value: outcome.value }) };
  }
  return { kind: 'lost', error: stored(loss) };
}
