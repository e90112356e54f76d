import type { InvocationContext } from '../options/options.js';

/** A time, as AWS's SDK for durable executions takes it. */
export type DurableDuration = {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
};

/** How a step turns its result into text and back. */
export interface StepSerdes<T> {
  serialize(
    value: T | undefined,
    context: { readonly entityId: string; readonly durableExecutionArn: string },
  ): Promise<string | undefined>;
  deserialize(
    data: string | undefined,
    context: { readonly entityId: string; readonly durableExecutionArn: string },
  ): Promise<T | undefined>;
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

export interface RetryDecision {
  readonly shouldRetry: boolean;
  readonly delay?: DurableDuration;
}

// biome-ignore lint/suspicious/noExplicitAny: the SDK's types are not imported, and any other would refuse them
type Given = any;

/**
 * What is needed of the context of a durable execution: that of `@aws/durable-execution-sdk-js`, 2.4 or later. It is
 * told by its shape, so that nothing of the SDK is imported.
 */
export interface DurableContext {
  readonly lambdaContext: InvocationContext;
  readonly executionContext: { readonly durableExecutionArn: string };
  step<T>(name: string | undefined, run: (step: Given) => Promise<T>, config?: object): PromiseLike<T>;
  wait(name: string, duration: { seconds: number }): PromiseLike<void>;
  runInChildContext<T>(name: string | undefined, run: (child: Given) => Promise<T>, config?: object): PromiseLike<T>;
  readonly promise: { race<T>(name: string | undefined, promises: Given[]): PromiseLike<T> };
  waitForCallback: unknown;
  waitForCondition: unknown;
  invoke: unknown;
}
