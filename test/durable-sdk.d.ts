/**
 * What the examples use of `@aws/durable-execution-sdk-js`, with its types. It needs Node.js 22, so only the suites that
 * run on that install it; they compile the examples against it, too.
 */
import type { Context } from 'aws-lambda';

export type Duration =
  | { days: number; hours?: number; minutes?: number; seconds?: number }
  | { hours: number; minutes?: number; seconds?: number }
  | { minutes: number; seconds?: number }
  | { seconds: number };

export interface StepContext {
  readonly logger: { info(message: string): void };
  readonly attempt: number;
}

export interface StepConfig {
  retryStrategy?: (error: Error, attemptCount: number) => { shouldRetry: boolean; delay?: Duration };
}

export interface WaitForCallbackConfig {
  timeout?: Duration;
  heartbeatTimeout?: Duration;
}

type Submitter = (callbackId: string, context: { readonly logger: StepContext['logger'] }) => Promise<void>;

export interface DurableContext {
  lambdaContext: Context;
  readonly executionContext: { readonly durableExecutionArn: string };
  step<T>(name: string | undefined, run: (step: StepContext) => Promise<T>, config?: StepConfig): Promise<T>;
  step<T>(run: (step: StepContext) => Promise<T>, config?: StepConfig): Promise<T>;
  wait(name: string, duration: Duration): Promise<void>;
  wait(duration: Duration): Promise<void>;
  runInChildContext<T>(
    name: string | undefined,
    run: (child: DurableContext) => Promise<T>,
    config?: object,
  ): Promise<T>;
  runInChildContext<T>(run: (child: DurableContext) => Promise<T>, config?: object): Promise<T>;
  waitForCallback<T = string>(name: string | undefined, submit: Submitter, config?: WaitForCallbackConfig): Promise<T>;
  waitForCallback<T = string>(submit: Submitter, config?: WaitForCallbackConfig): Promise<T>;
  waitForCondition<T>(
    name: string | undefined,
    check: (state: T) => Promise<T>,
    config: { initialState: T },
  ): Promise<T>;
  invoke<I, O>(name: string, functionId: string, input?: I): Promise<O>;
  readonly promise: { race<T>(name: string | undefined, promises: Promise<T>[]): Promise<T> };
}

export function withDurableExecution<E, R>(
  handler: (event: E, context: DurableContext) => Promise<R>,
): (event: E, context: Context) => Promise<R>;
