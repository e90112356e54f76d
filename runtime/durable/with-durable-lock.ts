import type { LockHolder } from '../errors.js';
import { workArguments } from '../hold/run-under.js';
import { Asked, type DurableWork } from './asked.js';
import type { DurableContext } from './context.js';
import {
  checkedContext,
  DEFAULT_POLL_SECONDS,
  type DurableLockOptions,
  type DurablePermitOptions,
  OPTIONS,
  PERMIT_OPTIONS,
  refuse,
  TRY_OPTIONS,
  type TryDurableLockOptions,
} from './options.js';

/** The result of `tryWithDurableLock`. */
export type DurableTryOutcome<T> =
  | { readonly acquired: true; readonly value: T }
  | { readonly acquired: false; readonly holder: LockHolder };

/**
 * Holds a lock in a durable execution of AWS Lambda, across suspensions and replays (docs/durable.md). The execution is
 * suspended until the lock is free. It holds the lock while `work` runs, and resolves to the result of `work`.
 * @param context the context of the execution, from `withDurableExecution` of `@aws/durable-execution-sdk-js`, or of a
 * child
 * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
 * @throws the error of `work`
 * @throws LockNotGrantedError if others held the lock for all of `waitSeconds`; `work` did not run
 * @throws LockUnavailableError if DynamoDB did not answer at the end of `waitSeconds`; `work` did not run
 * @throws LockLostError if the lock was lost before `work` settled
 * @throws LockReentrancyError inside of work that holds the same lock
 * @throws LockTableError if the table cannot be used; LockEntryError if an item is not a valid lock entry
 * @throws LockOptionError if the context, the name or an option is not allowed
 * @example
 * ```ts
 * import { type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js';
 * import { withDurableLock } from 'cdk-lynk/runtime/durable';
 *
 * export const handler = withDurableExecution(async (event: { account: string }, context: DurableContext) =>
 *   withDurableLock(context, `account/${event.account}`, { waitSeconds: 86_400 }, async (held) => {
 *     await held.step('reserve', async (hold) => hold.assertHeld({ forSeconds: 5 }));
 *     await held.wait('settle', { hours: 6 });
 *     return held.step('book', async () => 'booked');
 *   }),
 * );
 * ```
 */
export function withDurableLock<C extends DurableContext, T>(
  context: C,
  name: string,
  work: DurableWork<C, T>,
): Promise<T>;
/** Holds a lock in a durable execution, with options. */
export function withDurableLock<C extends DurableContext, T>(
  context: C,
  name: string,
  options: DurableLockOptions | undefined,
  work: DurableWork<C, T>,
): Promise<T>;
export async function withDurableLock<C extends DurableContext, T>(
  context: C,
  name: string,
  ...args: [DurableWork<C, T>] | [DurableLockOptions | undefined, DurableWork<C, T>]
): Promise<T> {
  const { options, work } = workArguments<DurableLockOptions, T, DurableWork<C, T>>(args, 'withDurableLock');
  refuse(options, OPTIONS, 'withDurableLock');
  const asked = await new Asked(checkedContext(context), name, options).lock();
  return asked.holdWhile(await asked.grant(options), context, work);
}

/**
 * Tries once to acquire a lock in a durable execution. If another process holds it, `work` does not run.
 * @param context the context of the durable execution; inside `work`, use the methods of the held lock instead
 * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
 * @returns `acquired: true` and the result of `work`, or `acquired: false` and the holder
 * @throws LockUnavailableError if DynamoDB did not answer, so that it is not known whether another process holds the
 * lock
 * @throws the other errors of `withDurableLock`, except for `LockNotGrantedError`
 * @example
 * ```ts
 * import { type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js';
 * import { tryWithDurableLock } from 'cdk-lynk/runtime/durable';
 *
 * export const handler = withDurableExecution(async (_: unknown, context: DurableContext) => {
 *   const outcome = await tryWithDurableLock(context, 'nightly', (held) => held.step('report', async () => 'done'));
 *   return outcome.acquired ? outcome.value : `already running: ${outcome.holder}`;
 * });
 * ```
 */
export function tryWithDurableLock<C extends DurableContext, T>(
  context: C,
  name: string,
  work: DurableWork<C, T>,
): Promise<DurableTryOutcome<T>>;
/** Tries once to acquire a lock in a durable execution, with options. */
export function tryWithDurableLock<C extends DurableContext, T>(
  context: C,
  name: string,
  options: TryDurableLockOptions | undefined,
  work: DurableWork<C, T>,
): Promise<DurableTryOutcome<T>>;
export async function tryWithDurableLock<C extends DurableContext, T>(
  context: C,
  name: string,
  ...args: [DurableWork<C, T>] | [TryDurableLockOptions | undefined, DurableWork<C, T>]
): Promise<DurableTryOutcome<T>> {
  const { options, work } = workArguments<TryDurableLockOptions, T, DurableWork<C, T>>(args, 'tryWithDurableLock');
  refuse(options, TRY_OPTIONS, 'tryWithDurableLock');
  const asked = await new Asked(checkedContext(context), name, options).lock();
  const outcome = await asked.ask({ waitSeconds: 0, maxPollSeconds: DEFAULT_POLL_SECONDS });
  if (!('ref' in outcome)) return { acquired: false, holder: outcome[0] as LockHolder };
  return { acquired: true, value: await asked.holdWhile(outcome, context, work) };
}

/**
 * Holds one of several permits in a durable execution. The permits are those of `createSemaphore`, so ordinary
 * functions can share them. Apart from that, it works like `withDurableLock`.
 * @param context the context of the durable execution; inside `work`, use the methods of the held lock instead
 * @param name the name of the semaphore
 * @throws LockOptionError if `permits` is missing or not allowed; and the errors of `withDurableLock`
 * @example
 * ```ts
 * import { type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js';
 * import { withDurablePermit } from 'cdk-lynk/runtime/durable';
 *
 * export const handler = withDurableExecution(async (event: { tenant: string }, context: DurableContext) =>
 *   withDurablePermit(context, `tenant/${event.tenant}`, { permits: 3, waitSeconds: 3600 }, (held) =>
 *     held.step('import', async () => 'imported'),
 *   ),
 * );
 * ```
 */
export async function withDurablePermit<C extends DurableContext, T>(
  context: C,
  name: string,
  options: DurablePermitOptions,
  work: DurableWork<C, T>,
): Promise<T> {
  const given = { ...options };
  refuse(given, PERMIT_OPTIONS, 'withDurablePermit');
  const asked = await new Asked(checkedContext(context), name, given).permits(given.permits);
  return asked.holdWhile(await asked.grant(given), context, workArguments([work], 'withDurablePermit').work);
}
