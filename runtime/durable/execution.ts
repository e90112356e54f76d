import type { DurableContext } from './context.js';

/** How an operation of an execution runs. */
export interface OperationOptions<T> {
  /** An attempt that was interrupted does not run again: the operation fails with an `Interrupted`. */
  readonly atMostOnce?: boolean | undefined;
  readonly serdes?: Serdes<T> | undefined;
}

/** How the result of an operation is stored. */
export interface Serdes<T> {
  serialize(value: T | undefined, context: never): Promise<string | undefined>;
  deserialize(data: string | undefined, context: never): Promise<T | undefined>;
}

/** An operation that runs at most once was interrupted. */
export class Interrupted extends Error {
  override readonly name = 'StepInterruptedError';
}

/** What a durable execution offers to a lock. Each call is an operation of the execution: its result is stored. */
export interface Execution {
  /**
   * Runs it, and stores its result. A replay resolves to what is stored. If it was interrupted, a replay runs it again.
   */
  operation<T>(name: string, run: (step: object) => Promise<T>, options?: OperationOptions<T>): Promise<T>;
  /** Suspends the execution for whole seconds. */
  wait(name: string, seconds: number): Promise<void>;
  /** Fails as the execution's own operations do. */
  fail(name: string, error: Error): Promise<never>;
}

/** What the SDK makes of a step that was interrupted. */
const INTERRUPTED = 'StepInterruptedError';
const NEVER_AGAIN = { retryStrategy: () => ({ shouldRetry: false }) };

/** An execution of AWS's SDK. Its own retries are off: its count of attempts does not rise with a crash. */
export class SdkExecution implements Execution {
  constructor(private readonly context: DurableContext) {}

  async operation<T>(
    name: string,
    run: (step: object) => Promise<T>,
    { atMostOnce = false, serdes }: OperationOptions<T> = {},
  ): Promise<T> {
    const semantics = atMostOnce && { semantics: 'AT_MOST_ONCE_PER_RETRY' };
    const config = { ...NEVER_AGAIN, ...semantics, ...(serdes && { serdes }) };
    try {
      return await this.context.step(name, run, config);
    } catch (error) {
      const { cause } = error as { cause?: { name?: string } };
      if (atMostOnce && cause?.name === INTERRUPTED) throw new Interrupted((error as Error).message);
      throw error;
    }
  }

  async wait(name: string, seconds: number): Promise<void> {
    await this.context.wait(name, { seconds });
  }

  async fail(name: string, error: Error): Promise<never> {
    await this.context.step(
      name,
      async () => {
        throw error;
      },
      NEVER_AGAIN,
    );
    throw error;
  }
}
