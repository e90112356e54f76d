import type { DurableContext } from '../../../runtime/durable/context.js';
import type { Invocation } from './invocation.js';
import type { Operation, SimulatedExecution } from './simulated-execution.js';

interface StepConfig {
  readonly semantics?: string;
  readonly retryStrategy?: (error: Error, attempt: number) => { readonly shouldRetry: boolean };
  readonly serdes?: {
    serialize(value: unknown, context: never): Promise<string | undefined>;
    deserialize(text: string | undefined, context: never): Promise<unknown>;
  };
}

/**
 * The context of an invocation, with the shape of AWS's SDK. An operation is known by its place in the handler; what is
 * stored of it is not done again.
 */
export class SimContext implements DurableContext {
  readonly lambdaContext = { getRemainingTimeInMillis: () => 900_000 };
  readonly executionContext: { readonly durableExecutionArn: string };
  private operations = 0;

  constructor(
    private readonly execution: SimulatedExecution,
    private readonly invocation: Invocation,
    private readonly path = '',
  ) {
    this.executionContext = { durableExecutionArn: execution.name };
  }

  async step<T>(name: string | undefined, run: (step: never) => Promise<T>, config: StepConfig = {}): Promise<T> {
    const { execution, invocation } = this;
    const { id, operation } = this.next('step', name);
    const { serdes } = config;
    const isOnce = config.semantics === 'AT_MOST_ONCE_PER_RETRY';
    if (operation && operation.state !== 'started') return this.outcomeOf(operation, serdes);
    if (operation && isOnce) {
      await this.store(id, 'step', name, 'failed', 'StepInterruptedError');
      return this.outcomeOf(execution.operations.get(id) as Operation, serdes);
    }
    if (isOnce) await this.store(id, 'step', name, 'started');
    invocation.active += 1;
    let text: string | undefined;
    let state: 'succeeded' | 'failed' = 'succeeded';
    try {
      const value = await run({ logger: {} } as never);
      text = serdes ? await serdes.serialize(value, {} as never) : textOf(value);
    } catch (error) {
      [state, text] = ['failed', String(error)];
    }
    await this.store(id, 'step', name, state, text);
    execution.ended(invocation);
    return this.outcomeOf(execution.operations.get(id) as Operation, serdes);
  }

  async wait(name: string | { seconds: number }, duration?: { seconds: number }): Promise<void> {
    const [title, { seconds }] = typeof name === 'string' ? [name, duration as { seconds: number }] : ['', name];
    if (!Number.isInteger(seconds) || seconds < 1) throw new Error(`a wait is of whole seconds, got ${seconds}`);
    const { execution } = this;
    const { id, operation } = this.next('wait', title);
    if (!operation) {
      await this.store(id, 'wait', title, 'started', undefined, () => {
        const { time } = execution.world;
        execution.dueMs.set(id, time.nowMs + seconds * 1000);
        time.at(time.nowMs + seconds * 1000, () => execution.settle(id, 'succeeded'));
      });
    }
    await this.settled(id);
  }

  async runInChildContext<T>(name: string | undefined, run: (child: never) => Promise<T>): Promise<T> {
    const { execution, invocation } = this;
    const { id, operation } = this.next('context', name);
    if (operation && operation.state !== 'started') return this.outcomeOf(operation);
    let text: string | undefined;
    let state: 'succeeded' | 'failed' = 'succeeded';
    try {
      text = textOf(await run(new SimContext(execution, invocation, `${id}-`) as never));
    } catch (error) {
      [state, text] = ['failed', String(error)];
    }
    await this.store(id, 'context', name, state, text);
    return this.outcomeOf(execution.operations.get(id) as Operation);
  }

  readonly promise = {
    race: async <T>(name: string | undefined, promises: never[]): Promise<T> => {
      const { id, operation } = this.next('race', name);
      if (operation) return this.outcomeOf(operation);
      const value = await Promise.race(promises as Promise<T>[]);
      await this.store(id, 'race', name, 'succeeded', textOf(value));
      return value;
    },
  };

  /** In place of the SDK's, it takes when and how the callback comes, and no submitter. */
  readonly waitForCallback = async (name: string, afterMs: number, fails: boolean): Promise<string> => {
    const { execution } = this;
    const { id, operation } = this.next('callback', name);
    if (!operation) {
      await this.store(id, 'callback', name, 'started', undefined, () => {
        const { time } = execution.world;
        time.at(time.nowMs + afterMs, () => execution.settle(id, fails ? 'failed' : 'succeeded', '"called back"'));
      });
    }
    await this.settled(id);
    return this.outcomeOf(execution.operations.get(id) as Operation);
  };

  readonly waitForCondition = undefined;
  readonly invoke = undefined;

  /** The next operation, and what is stored of it. A replay has to ask for the same. */
  private next(kind: Operation['kind'], name = ''): { readonly id: string; readonly operation: Operation | undefined } {
    this.operations += 1;
    const id = `${this.path}${this.operations}`;
    const operation = this.execution.operations.get(id);
    if (operation && (operation.kind !== kind || operation.name !== name)) {
      this.execution.world.report(
        'replay',
        `${this.execution.name} asks for ${kind} "${name}" at ${id}, where ${operation.kind} "${operation.name}" was`,
      );
    }
    return { id, operation };
  }

  private store(
    id: string,
    kind: Operation['kind'],
    name = '',
    state: Operation['state'],
    text?: string,
    then = (): void => {},
  ): Promise<void> {
    const { execution } = this;
    return execution.checkpoint(this.invocation, `${id} ${kind} "${name}" ${state} ${text ?? ''}`, () => {
      execution.operations.set(id, { kind, name, state, text });
      then();
    });
  }

  private settled(id: string): Promise<void> {
    const { execution, invocation } = this;
    return new Promise((resolve) => {
      if (execution.operations.get(id)?.state !== 'started') resolve();
      else execution.awaits(invocation, id, resolve);
    });
  }

  private async outcomeOf<T>({ state, text }: Operation, serdes?: StepConfig['serdes']): Promise<T> {
    if (state === 'failed') {
      const cause = text === 'StepInterruptedError' ? { name: text } : undefined;
      throw Object.assign(new Error(text), { name: 'StepError', cause });
    }
    if (serdes) return (await serdes.deserialize(text, {} as never)) as T;
    return (text === undefined ? undefined : JSON.parse(text)) as T;
  }
}

function textOf(value: unknown): string | undefined {
  return JSON.stringify(value);
}
