import type { InvocationContext } from '../options/options.js';

/** A time, as AWS's SDK for durable executions takes it. */
export interface DurableDuration {
  /** Days of 24 hours. */
  readonly days?: number;
  /** Hours. */
  readonly hours?: number;
  /** Minutes. */
  readonly minutes?: number;
  /** Seconds. The SDK waits for whole ones. */
  readonly seconds?: number;
}

/** What the SDK tells a serdes. */
export interface StepSerdesContext {
  /** Which operation it is. */
  readonly entityId: string;
  /** Which execution it is. */
  readonly durableExecutionArn: string;
}

/** How a step turns its result into text and back, as the SDK's `Serdes`. */
export interface StepSerdes<T> {
  /**
   * Makes the text to be stored.
   * @param value the result
   */
  serialize(value: T | undefined, context: StepSerdesContext): Promise<string | undefined>;
  /**
   * Makes the value of a stored text.
   * @param data the text
   */
  deserialize(data: string | undefined, context: StepSerdesContext): Promise<T | undefined>;
}

/** The options of a step, as the SDK's `StepConfig`. */
export interface DurableStepConfig<T> {
  /**
   * Whether and when a step that threw runs again.
   * @default as the SDK's: 6 attempts, after 5 s doubling to 60 s, times a random 0 to 1
   */
  readonly retryStrategy?: ((error: Error, attemptCount: number) => RetryDecision) | undefined;
  /**
   * `StepSemantics` of the SDK: whether an attempt that was interrupted runs again.
   * @default `AT_LEAST_ONCE_PER_RETRY`
   */
  readonly semantics?: string | undefined;
  /** @default JSON */
  readonly serdes?: StepSerdes<T> | undefined;
}

/** What a `retryStrategy` returns. */
export interface RetryDecision {
  /** Whether the step runs again. */
  readonly shouldRetry: boolean;
  /** After which time. @default 1 s */
  readonly delay?: DurableDuration;
}

/**
 * What is needed of the context of a durable execution: that of `@aws/durable-execution-sdk-js`, 2.4 or later. It is
 * told by its shape, so that nothing of the SDK is imported.
 */
export interface DurableContext {
  /** The context of the invocation that runs now. */
  readonly lambdaContext: InvocationContext;
  /** Which execution it is. */
  readonly executionContext: {
    /** The holder's name in the lock's entry. */
    readonly durableExecutionArn: string;
  };
  // biome-ignore-start lint/suspicious/noExplicitAny: the SDK's types are not imported, and any other would refuse them
  /**
   * Runs an operation, and stores its result.
   * @param name of the operation; the same in each replay
   * @param run what the step does
   * @param config its retries
   */
  step<T>(name: string | undefined, run: (step: any) => Promise<T>, config?: object): PromiseLike<T>;
  /**
   * Suspends the execution.
   * @param name of the operation; the same in each replay
   * @param duration how long
   */
  wait(name: string, duration: { seconds: number }): PromiseLike<void>;
  /**
   * Runs operations in a context of their own.
   * @param name of the operation; the same in each replay
   * @param run what it does, in the context it gets
   * @param config as the SDK takes it
   */
  runInChildContext<T>(name: string | undefined, run: (child: any) => Promise<T>, config?: object): PromiseLike<T>;
  /** What combines operations. */
  readonly promise: {
    /**
     * The first that settles; stored.
     * @param name of the operation; the same in each replay
     * @param promises the operations
     */
    race<T>(name: string | undefined, promises: any[]): PromiseLike<T>;
  };
  // biome-ignore-end lint/suspicious/noExplicitAny: as above
  /** Suspends the execution until somebody completes a callback. */
  waitForCallback: unknown;
  /** Suspends the execution until a check is content. */
  waitForCondition: unknown;
  /** Invokes another function, and suspends the execution meanwhile. */
  invoke: unknown;
}
