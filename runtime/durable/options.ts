import type { LockFactory } from '../client/lock-factory.js';
import { LockOptionError } from '../errors.js';
import { check, isAble, refuseUnknown, shown } from '../options/validate.js';
import type { DurableContext } from './context.js';

/** The options of `tryWithDurableLock`. */
export interface TryDurableLockOptions {
  /**
   * The factory of the lock: its table, its connection and its settings.
   * @default the table that `LYNK_TABLE_NAME` names
   */
  readonly factory?: LockFactory | undefined;
  /**
   * The lease in seconds. Others wait this long if a step is interrupted, or if the execution ends without releasing
   * the lock. From 1 to 86,400. With less than 30, a slow start of a sandbox may lose the lock.
   * @default 30, or the factory's if that is longer
   */
  readonly leaseSeconds?: number | undefined;
  /** Whether the acquisition gets a fencing token. @default the factory's */
  readonly fencing?: boolean | undefined;
  /** A note for processes that do not get the lock, as with `withLock`. */
  readonly data?: unknown;
  /**
   * Seconds for which the lock stays taken after it was granted, even if it is released earlier. If the work fails, the
   * lock is free at once. A rate limit has to count failed calls as well: catch the error within the work.
   * @default 0
   */
  readonly lockAtLeastSeconds?: number | undefined;
}

/** The options of `withDurableLock`. */
export interface DurableLockOptions extends TryDurableLockOptions {
  /**
   * The longest time to wait for the lock, in seconds, from 0 to 31,536,000 (a year). The execution is suspended while
   * it waits.
   * @default the factory's, or 30
   */
  readonly waitSeconds?: number | undefined;
  /**
   * The longest time between two polls, in seconds, however long the wait has been. A release is seen within this time.
   * From 1 to 86,400. Each poll takes two operations of the execution.
   * @default 600
   */
  readonly maxPollSeconds?: number | undefined;
}

/** The options of `withDurablePermit`. */
export interface DurablePermitOptions extends Omit<DurableLockOptions, 'fencing'> {
  /** How many holders may have a permit at the same time, from 1 to 100. */
  readonly permits: number;
}

export const TRY_OPTIONS = ['factory', 'leaseSeconds', 'fencing', 'data', 'lockAtLeastSeconds'] as const;
export const OPTIONS = [...TRY_OPTIONS, 'waitSeconds', 'maxPollSeconds'] as const;
export const PERMIT_OPTIONS = [...OPTIONS.filter((option) => option !== 'fencing'), 'permits'] as const;
/** Options of `withLock` that have no meaning here, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  signal: 'an AbortSignal does not outlive a suspension; bound the wait by waitSeconds',
  context: "the execution's context is the first argument",
  releaseReserveSeconds: 'a hold ends with its step, and the lock with the execution',
  maxInvocationLeaseSeconds: 'the lock outlives the invocation',
};

export const DEFAULT_LEASE_SECONDS = 30;
export const DEFAULT_POLL_SECONDS = 600;
export const YEAR_SECONDS = 31_536_000;
const DAY_SECONDS = 86_400;
export const checkedWait = check<number>(
  (value) => typeof value === 'number' && value >= 0 && value <= YEAR_SECONDS,
  `waitSeconds is a number of seconds from 0 (ask once) to ${YEAR_SECONDS}, a year`,
);
export const checkedPoll = check<number>(
  (value) => typeof value === 'number' && value >= 1 && value <= DAY_SECONDS,
  `maxPollSeconds is a number of seconds from 1 to ${DAY_SECONDS}`,
);

/** @throws LockOptionError for an option that is unknown, or that has no meaning here */
export function refuse(options: object, known: readonly string[], where: string): void {
  for (const option of Object.keys(options)) {
    const why = REFUSED[option];
    if (why !== undefined) throw new LockOptionError(`${where} takes no option ${option}: ${why}`);
  }
  refuseUnknown(options, known, where);
}

/** @throws LockOptionError unless it is the context of a durable execution */
export function checkedContext(context: unknown): DurableContext {
  const { executionContext } = (context ?? {}) as Partial<DurableContext>;
  const isOne = ['step', 'wait', 'runInChildContext'].every((method) => isAble(context, method));
  if (isOne && typeof executionContext?.durableExecutionArn === 'string') return context as DurableContext;
  throw new LockOptionError(
    'the first argument is the context of a durable execution (@aws/durable-execution-sdk-js, 2.4 or later), got ' +
      `${shown(context)}; outside of one, use withLock of cdk-lynk/runtime`,
  );
}
