import { getLockFactory } from '../client/default.js';
import { LockFactory } from '../client/lock-factory.js';
import type { LockManager } from '../core/lock-manager.js';
import type { LockStore } from '../core/store.js';
import type { LockRef } from '../entry/lock-ref.js';
import { insideExecution, refuseReentry } from '../entry/scope.js';
import { type LockHolder, LockOptionError } from '../errors.js';
import { type Outcome, resultOf, workArguments } from '../hold/run-under.js';
import { DEFAULT_RESERVE_SECONDS } from '../options/invocation-lease.js';
import { check, checkedNote, isAble, refuseUnknown, shown } from '../options/validate.js';
import type { Asking } from './acquisition.js';
import type { DurableContext } from './context.js';
import { SdkExecution } from './execution.js';
import { DurableHeldLock } from './held.js';
import { Holding, type RunContext } from './holding.js';
import { type Grant, Waiting, type Wanted } from './waiting.js';

/** The options of `tryWithDurableLock`. */
export interface TryDurableLockOptions {
  /**
   * The factory of the lock: its table, its connection and its settings.
   * @default the table that `LYNK_TABLE_NAME` names
   */
  readonly factory?: LockFactory | undefined;
  /**
   * Seconds for which others wait if a step is interrupted, or the execution ends without giving the lock back. From 1
   * to 86,400. With less than 30 a slow start of a sandbox may lose the lock.
   * @default 30, or the factory's if that is longer
   */
  readonly leaseSeconds?: number | undefined;
  /** Whether the acquisition gets a fencing token. @default the factory's */
  readonly fencing?: boolean | undefined;
  /** A note for those who do not get the lock, as of `withLock`. */
  readonly data?: unknown;
  /** Seconds for which the lock stays taken, from its grant, even if it is given back before. @default 0 */
  readonly lockAtLeastSeconds?: number | undefined;
}

/** The options of `withDurableLock`. */
export interface DurableLockOptions extends TryDurableLockOptions {
  /**
   * Seconds to wait until the lock is free: from 0 to 31,536,000, a year. The execution is suspended meanwhile.
   * @default the factory's, or 30
   */
  readonly waitSeconds?: number | undefined;
  /**
   * Seconds within which a release is seen, however long the wait has been. From 1 to 86,400. Each poll takes two
   * operations of the execution.
   * @default 600
   */
  readonly maxPollSeconds?: number | undefined;
}

/** The options of `withDurablePermit`. */
export interface DurablePermitOptions extends Omit<DurableLockOptions, 'fencing'> {
  /** How many may hold a permit at the same time: from 1 to 100. */
  readonly permits: number;
}

/** What runs while the execution holds the lock. */
export type DurableWork<C extends DurableContext, T> = (held: DurableHeldLock<C>) => Promise<T>;

/** What `tryWithDurableLock` resolves to. */
export type DurableTryOutcome<T> =
  | { readonly acquired: true; readonly value: T }
  | { readonly acquired: false; readonly holder: LockHolder };

const TRY_OPTIONS = ['factory', 'leaseSeconds', 'fencing', 'data', 'lockAtLeastSeconds'] as const;
const OPTIONS = [...TRY_OPTIONS, 'waitSeconds', 'maxPollSeconds'] as const;
const PERMIT_OPTIONS = [...OPTIONS.filter((option) => option !== 'fencing'), 'permits'] as const;
/** Options of `withLock` that have no meaning here, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  signal: 'an AbortSignal does not outlive a suspension; bound the wait by waitSeconds',
  context: "the execution's context is the first argument",
  releaseReserveSeconds: 'a hold ends with its step, and the lock with the execution',
  maxInvocationLeaseSeconds: 'the lock outlives the invocation',
};

const DEFAULT_LEASE_SECONDS = 30;
const DEFAULT_POLL_SECONDS = 600;
const [DAY_SECONDS, YEAR_SECONDS] = [86_400, 31_536_000];
/** An operation's name has to be short. */
const LONGEST_TITLE = 80;

const checkedWait = check<number>(
  (value) => typeof value === 'number' && value >= 0 && value <= YEAR_SECONDS,
  `waitSeconds is a number of seconds from 0 (ask once) to ${YEAR_SECONDS}, a year`,
);
const checkedPoll = check<number>(
  (value) => typeof value === 'number' && value >= 1 && value <= DAY_SECONDS,
  `maxPollSeconds is a number of seconds from 1 to ${DAY_SECONDS}`,
);

/**
 * Holds a lock in a durable execution of AWS Lambda, over suspensions and replays (docs/durable.md). The execution
 * waits suspended until the lock is free, holds it while `work` runs, and resolves to what `work` resolves to.
 * @param context the execution's, from `withDurableExecution` of `@aws/durable-execution-sdk-js`, or a child's
 * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
 * @throws what `work` throws
 * @throws LockNotGrantedError if another held the lock for all of `waitSeconds`; `work` did not run
 * @throws LockUnavailableError if DynamoDB did not answer at the end of `waitSeconds`; `work` did not run
 * @throws LockLostError if the lock was lost before `work` settled
 * @throws LockReentrancyError inside of work that holds the same lock
 * @throws LockTableError if the table cannot be used; LockEntryError if an item is no lock's entry
 * @throws LockOptionError if the context, the name or an option is not allowed
 * @example
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
 * Asks once for a lock in a durable execution. If another holds it, `work` does not run.
 * @returns whether the lock was held, and what `work` resolved to; or who holds the lock
 * @throws LockUnavailableError if DynamoDB did not answer: then it is not known whether another holds the lock
 * @throws the other errors of `withDurableLock`, except for `LockNotGrantedError`
 * @example
 * import { type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js';
 * import { tryWithDurableLock } from 'cdk-lynk/runtime/durable';
 *
 * export const handler = withDurableExecution(async (_: unknown, context: DurableContext) => {
 *   const outcome = await tryWithDurableLock(context, 'nightly', (held) => held.step('report', async () => 'done'));
 *   return outcome.acquired ? outcome.value : `already running: ${outcome.holder}`;
 * });
 */
export function tryWithDurableLock<C extends DurableContext, T>(
  context: C,
  name: string,
  work: DurableWork<C, T>,
): Promise<DurableTryOutcome<T>>;
/** Asks once for a lock in a durable execution, with options. */
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
 * Holds one of several permits in a durable execution: the permits of `createSemaphore`, so that ordinary functions
 * share them. Otherwise as `withDurableLock`.
 * @throws LockOptionError if `permits` is missing, or not allowed; and the errors of `withDurableLock`
 * @example
 * import { type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js';
 * import { withDurablePermit } from 'cdk-lynk/runtime/durable';
 *
 * export const handler = withDurableExecution(async (event: { tenant: string }, context: DurableContext) =>
 *   withDurablePermit(context, `tenant/${event.tenant}`, { permits: 3, waitSeconds: 3600 }, (held) =>
 *     held.step('import', async () => 'imported'),
 *   ),
 * );
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

/** One call, with its options checked. */
class Asked {
  private readonly factory: LockFactory;
  private readonly execution: SdkExecution;
  private wanted!: Wanted;
  private what = 'lock';

  constructor(
    private readonly context: DurableContext,
    private readonly name: string,
    private readonly options: DurableLockOptions,
  ) {
    const { factory } = options;
    if (factory !== undefined && !(factory instanceof LockFactory)) {
      throw new LockOptionError(`factory is what getLockFactory returns, got ${shown(factory)}`);
    }
    this.factory = factory ?? getLockFactory();
    this.execution = new SdkExecution(context);
  }

  async lock(): Promise<this> {
    const { name } = this.settings;
    const ref = (await this.factory.reach(name)) as LockRef<LockStore>;
    refuseReentry(ref);
    const { manager, store } = ref;
    this.wanted = {
      manager,
      store,
      candidates: [ref],
      notGranted: (limit, holders, cause) => ref.notGranted(limit, holders, cause),
    };
    return this;
  }

  async permits(permits: number): Promise<this> {
    // Checks the name and the number as createSemaphore does.
    this.factory.createSemaphore(this.name, { permits });
    const semaphore = await this.factory.reachSemaphore(this.name, permits);
    semaphore.refuseReentry();
    const { manager, store, permits: candidates } = semaphore;
    this.wanted = {
      manager,
      store,
      candidates,
      notGranted: (limit, holders, cause) => semaphore.notGranted(limit, holders, cause),
    };
    this.what = 'permit';
    return this;
  }

  /** @throws LockNotGrantedError or LockUnavailableError if the wait ended without it */
  async grant({ waitSeconds, maxPollSeconds }: DurableLockOptions): Promise<Grant> {
    const patience = {
      waitSeconds: checkedWait(waitSeconds, Math.min(this.settings.waitSeconds, YEAR_SECONDS)),
      maxPollSeconds: checkedPoll(maxPollSeconds, DEFAULT_POLL_SECONDS),
    };
    const outcome = await this.ask(patience);
    if ('ref' in outcome) return outcome;
    const limit = patience.waitSeconds > 0 ? `within ${patience.waitSeconds} s` : 'at once';
    throw this.wanted.notGranted(limit, outcome, undefined);
  }

  ask(patience: { readonly waitSeconds: number; readonly maxPollSeconds: number }) {
    return new Waiting(this.execution, this.title, this.wanted, (acquisition, ref) =>
      this.asking(acquisition, ref),
    ).acquire(patience);
  }

  async holdWhile<C extends DurableContext, T>(grant: Grant, context: C, work: DurableWork<C, T>): Promise<T> {
    const { ref } = grant;
    const { lockAtLeastSeconds } = this.settings;
    const { leaseSeconds } = this;
    const runContext = (): RunContext => this.runContext(ref);
    const holding = new Holding(ref, grant, { leaseSeconds, lockAtLeastSeconds, runContext });
    const held = new DurableHeldLock(holding, context);
    const queues = new Set(this.wanted.candidates.map(({ queue }) => queue));
    const scope = {
      get isHeld() {
        return holding.isHeld;
      },
      isOn: (queue: LockRef['queue']) => queues.has(queue),
    };
    let outcome: Outcome<T>;
    try {
      outcome = { value: await insideExecution(scope, () => Promise.resolve(work(held))) };
    } catch (error) {
      outcome = { error };
    }
    await holding.release(this.execution, `${this.title}: release`);
    return resultOf(outcome, holding.lossSoFar);
  }

  private get settings() {
    const { leaseSeconds, fencing, lockAtLeastSeconds } = this.options;
    return this.factory.lockSettings(this.name, { leaseSeconds, fencing, lockAtLeastSeconds });
  }

  private get leaseSeconds(): number {
    const { leaseSeconds } = this.settings;
    if (this.options.leaseSeconds === undefined) {
      return leaseSeconds === 'invocation' ? DEFAULT_LEASE_SECONDS : Math.max(DEFAULT_LEASE_SECONDS, leaseSeconds);
    }
    if (leaseSeconds !== 'invocation') return leaseSeconds;
    throw new LockOptionError('leaseSeconds is "invocation", but the lock outlives the invocation: pass seconds');
  }

  /** Names the operations of the execution. */
  private get title(): string {
    return `${this.what} ${this.name.slice(0, LONGEST_TITLE)}`;
  }

  private asking(acquisition: string, ref: LockRef): Asking {
    const { leaseSeconds } = this;
    const { hostIdentifier, reporter } = this.runContext(ref);
    const fencing = this.what === 'lock' && this.settings.fencing;
    return { acquisition, leaseSeconds, fencing, hostIdentifier, data: checkedNote(this.options.data), reporter };
  }

  /** The execution is the holder, in all of its invocations. */
  private runContext(ref: LockRef): RunContext & { readonly hostIdentifier: string } {
    const { lambdaContext, executionContext } = this.context;
    const hostIdentifier = executionContext.durableExecutionArn;
    const { manager, settings, store } = ref;
    const attempt = {
      lockName: ref.name,
      tableName: store.tableName,
      hostIdentifier,
      leaseSeconds: this.leaseSeconds,
      requestId: lambdaContext?.awsRequestId,
    };
    const leftMs = lambdaContext?.getRemainingTimeInMillis?.();
    return {
      hostIdentifier,
      reporter: settings.reporterFor(attempt, manager as LockManager),
      invocationEndsMs: leftMs === undefined ? undefined : manager.elapsedMs() + leftMs,
      reserveSeconds: DEFAULT_RESERVE_SECONDS,
    };
  }
}

function refuse(options: object, known: readonly string[], where: string): void {
  for (const option of Object.keys(options)) {
    const why = REFUSED[option];
    if (why !== undefined) throw new LockOptionError(`${where} takes no option ${option}: ${why}`);
  }
  refuseUnknown(options, known, where);
}

/** @throws LockOptionError unless it is a durable execution's */
function checkedContext(context: unknown): DurableContext {
  const { executionContext } = (context ?? {}) as Partial<DurableContext>;
  const isOne = ['step', 'wait', 'runInChildContext'].every((method) => isAble(context, method));
  if (isOne && typeof executionContext?.durableExecutionArn === 'string') return context as DurableContext;
  throw new LockOptionError(
    'the first argument is the context of a durable execution (@aws/durable-execution-sdk-js, 2.4 or later), got ' +
      `${shown(context)}; outside of one, use withLock of cdk-lynk/runtime`,
  );
}
