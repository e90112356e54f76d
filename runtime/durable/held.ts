import { LockOptionError, LynkError } from '../errors.js';
import type { HeldLock } from '../options/held-lock.js';
import { checkedWork, isAble, shown } from '../options/validate.js';
import type { DurableContext, DurableDuration, DurableStepConfig, StepSerdes } from './context.js';
import { SdkExecution } from './execution.js';
import type { Holding, StepOptions, StepWork } from './holding.js';
import type { HoldingCheckpoint } from './holding-state.js';
import { revived, type StoredError, stored } from './stored-error.js';
import { valueSerdes } from './value-serdes.js';

/** The second argument of a step's function, as the SDK gives it. */
export type StepContextOf<C extends DurableContext> = Parameters<
  Extract<Parameters<C['step']>[number], (context: never) => unknown>
>[0];

/** What runs in a step under a durable lock. */
export type DurableStepWork<C extends DurableContext, T> = (
  hold: HeldLock,
  step: StepContextOf<C>,
) => PromiseLike<T> | T;

/** What runs in a child context under a durable lock. */
export type DurableChildWork<C extends DurableContext, T> = (child: C, held: DurableHeldLock<C>) => Promise<T>;

/**
 * The SDK's default retries: 6 attempts. The delays are 5 s, doubling up to 60 s, times a random number from 0 to 1.
 */
const [MOST_ATTEMPTS, FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS] = [6, 5, 60];
const AT_MOST_ONCE = 'AT_MOST_ONCE_PER_RETRY';

/**
 * A lock that a durable execution holds. It has the methods of the execution's context. Use them instead of those of
 * `context` while the lock is needed. Code between them is not protected.
 * @example
 * ```ts
 * import { type DurableContext, withDurableExecution } from '@aws/durable-execution-sdk-js';
 * import { withDurableLock } from 'cdk-lynk/runtime/durable';
 *
 * export const handler = withDurableExecution(async (_: unknown, context: DurableContext) =>
 *   withDurableLock(context, 'account/42', async (held) => {
 *     await held.step('charge', (hold) => fetch('https://example.com/charges', { method: 'POST', signal: hold.signal }));
 *     await held.wait('settle', { hours: 6 });
 *     return held.step('book', async (hold) => hold.remainingSeconds);
 *   }),
 * );
 * ```
 */
export class DurableHeldLock<C extends DurableContext = DurableContext> {
  private readonly execution: SdkExecution;

  /** @internal */
  constructor(
    private readonly holding: Holding,
    private readonly context: C,
  ) {
    this.execution = new SdkExecution(context);
  }

  /** The lock's name. A permit's name is `name#0`, `name#1` and so on. */
  get name(): string {
    return this.holding.ref.name;
  }

  /**
   * The fencing token of this acquisition. It is the same in each step and each replay.
   * @throws LockOptionError if the lock was acquired without `fencing: true`
   */
  get fencingToken(): bigint {
    const { ref, granted } = this.holding;
    if (granted.fencingToken !== undefined) return granted.fencingToken;
    const what = `${ref.label} is held without a fencing token; set fencing: true, for all of its clients`;
    throw new LockOptionError(what, ref.errorDetails());
  }

  /**
   * Runs `work` as a step of the execution, under an ordinary hold with `signal`, `assertHeld`, `conditionCheck` and
   * `transactWrite`. If the step is interrupted, the next run is suspended until the interrupted run can no longer
   * assume that it holds the lock. This takes a lease and a second at most.
   * @param name the name of the step; the same in each replay
   * @throws the SDK's `StepError` if `work` threw and is not retried; an error of this library keeps its class
   * @throws LockLostError if the lock was lost before `work` settled, or before it could begin
   * @throws LockUnavailableError if DynamoDB did not confirm for a quarter of an hour that the lock is still held
   * @throws LynkError if another operation of this held lock is running
   */
  step<T>(name: string | undefined, work: DurableStepWork<C, T>, config?: DurableStepConfig<T>): Promise<T>;
  /** Runs `work` as a step without a name. */
  step<T>(work: DurableStepWork<C, T>, config?: DurableStepConfig<T>): Promise<T>;
  async step<T>(...args: unknown[]): Promise<T> {
    const { name = 'step', rest } = named(args);
    const [work, config] = rest as [StepWork<T>, DurableStepConfig<T> | undefined];
    return this.holding.step(this.execution, name, checkedWork(work, 'held.step'), stepOptions(config));
  }

  /**
   * Suspends the execution, and keeps the lock. The lock's lease is `duration` and a minute, but at least
   * `leaseSeconds`. A wait of more than half a day is split into parts.
   * @param name the name of the operation; the same in each replay
   * @param duration how long to wait
   * @throws LockLostError if the lock was lost before
   */
  wait(name: string, duration: DurableDuration): Promise<void>;
  /** Suspends the execution, without a name. */
  wait(duration: DurableDuration): Promise<void>;
  async wait(...args: unknown[]): Promise<void> {
    const { name = 'wait', rest } = named(args);
    return this.holding.stretch(this.execution, name, secondsOf(rest[0]));
  }

  /**
   * Works like the context's method, and keeps the lock. To refresh it, the execution wakes up after 20 minutes, then
   * 40, and so on up to half a day. The submitter runs without a hold.
   * @throws LockLostError if the lock was lost while it waited
   */
  get waitForCallback(): C['waitForCallback'] {
    return this.kept('waitForCallback');
  }

  /** Works like the context's method, and keeps the lock as `waitForCallback` does. The check runs without a hold. */
  get waitForCondition(): C['waitForCondition'] {
    return this.kept('waitForCondition');
  }

  /** Works like the context's method, and keeps the lock as `waitForCallback` does. */
  get invoke(): C['invoke'] {
    return this.kept('invoke');
  }

  /**
   * Runs `work` in a child context. Its second argument is this held lock for that context: use it there.
   * @param config the SDK's `ChildConfig`
   * @param name the name of the operation; the same in each replay
   * @throws the error of the context's `runInChildContext`; LockLostError if the lock was lost
   */
  runInChildContext<T>(name: string | undefined, work: DurableChildWork<C, T>, config?: object): Promise<T>;
  /** Runs `work` in a child context without a name. */
  runInChildContext<T>(work: DurableChildWork<C, T>, config?: object): Promise<T>;
  async runInChildContext<T>(...args: unknown[]): Promise<T> {
    const { name = 'child', rest } = named(args);
    const [work, config] = rest as [DurableChildWork<C, T>, ChildConfig<T> | undefined];
    const { holding, context } = this;
    holding.assertFree(`runInChildContext ${JSON.stringify(name)}`);
    checkedWork(work, 'held.runInChildContext');
    // A replay does not run a child that has ended. Its result holds what it did with the lock.
    const run = async (child: C): Promise<ChildResult<T>> => {
      let outcome: { readonly value?: T } | { readonly error: StoredError };
      try {
        outcome = { value: await work(child, new DurableHeldLock(holding, child)) };
      } catch (error) {
        outcome = { error: stored(error) };
      }
      return { ...outcome, checkpoint: await holding.checkpoint() };
    };
    const result = await context.runInChildContext(name, run, childConfig(config));
    holding.resume(result.checkpoint);
    if (!result.error) return result.value as T;
    if (holding.lossSoFar) throw holding.lossSoFar;
    const failed = revived(result.error);
    if (failed instanceof LynkError) throw failed;
    const fail = async (): Promise<never> => {
      throw failed;
    };
    return context.runInChildContext(`${name}: error`, fail, config);
  }

  private kept<M extends 'waitForCallback' | 'waitForCondition' | 'invoke'>(method: M): C[M] {
    const { context, holding, execution } = this;
    const run = async (...args: unknown[]): Promise<unknown> => {
      const name = typeof args[0] === 'string' ? args[0] : method;
      let begun: Promise<unknown> | undefined;
      let ended: Promise<boolean> | undefined;
      await holding.keepWhile(execution, name, async (seconds) => {
        begun ??= (context[method] as (...given: unknown[]) => Promise<unknown>)(...args);
        ended ??= begun.then(
          () => true,
          () => true,
        );
        const beat = context.wait(`${name}: beat`, { seconds }).then(() => false);
        return context.promise.race(`${name}: beat`, [ended, beat] as never[]);
      });
      return begun;
    };
    return run as C[M];
  }
}

/** The options of a child context that are used here, from the SDK's `ChildConfig`. */
interface ChildConfig<T> {
  readonly serdes?: StepSerdes<T> | undefined;
  readonly summaryGenerator?: ((value: T) => string) | undefined;
}

interface ChildResult<T> {
  readonly value?: T | undefined;
  readonly error?: StoredError | undefined;
  readonly checkpoint: HoldingCheckpoint;
}

/** The options of the child context, adapted to a result that contains the child's value. */
function childConfig<T>(config: ChildConfig<T> | undefined): object | undefined {
  const { serdes, summaryGenerator } = config ?? {};
  return {
    ...config,
    ...(serdes && { serdes: valueSerdes<T, ChildResult<T>>(serdes) }),
    ...(summaryGenerator && { summaryGenerator: ({ value }: ChildResult<T>) => summaryGenerator(value as T) }),
  };
}

/** The arguments of a method of the context. The name may be missing. */
function named([first, ...others]: readonly unknown[]): { name: string | undefined; rest: readonly unknown[] } {
  const isNamed = typeof first === 'string' || first === undefined;
  return { name: isNamed ? (first as string | undefined) : undefined, rest: isNamed ? others : [first, ...others] };
}

function stepOptions<T>({ retryStrategy, semantics, serdes }: DurableStepConfig<T> = {}): StepOptions<T> {
  if (retryStrategy !== undefined && typeof retryStrategy !== 'function') {
    throw new LockOptionError(`retryStrategy is a function of an error and a number, got ${shown(retryStrategy)}`);
  }
  if (serdes !== undefined && !(isAble(serdes, 'serialize') && isAble(serdes, 'deserialize'))) {
    throw new LockOptionError(`serdes has the methods serialize and deserialize, got ${shown(serdes)}`);
  }
  return {
    retryAfter(error, attempt) {
      if (!retryStrategy) return delayOfSdk(attempt);
      const { shouldRetry, delay } = retryStrategy(error, attempt);
      return shouldRetry ? (delay ? secondsOf(delay) : 1) : undefined;
    },
    atMostOnce: semantics === AT_MOST_ONCE,
    serdes,
  };
}

function delayOfSdk(attempt: number): number | undefined {
  if (attempt >= MOST_ATTEMPTS) return undefined;
  const longest = Math.min(FIRST_DELAY_SECONDS * 2 ** (attempt - 1), LONGEST_DELAY_SECONDS);
  return Math.max(1, Math.round(Math.random() * longest));
}

/** @throws LockOptionError unless it is a duration */
function secondsOf(duration: unknown): number {
  const { days = 0, hours = 0, minutes = 0, seconds = 0 } = (duration ?? {}) as DurableDuration;
  const total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
  if (typeof duration === 'object' && duration !== null && total >= 0 && Number.isFinite(total)) return total;
  throw new LockOptionError(
    `a duration is like { hours: 6 }, with numbers that are not negative, got ${shown(duration)}`,
  );
}
