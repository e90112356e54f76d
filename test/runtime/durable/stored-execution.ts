import type { DurableContext } from '../../../runtime/durable/context.js';
import type { VirtualTime } from '../../../runtime/testing/virtual-time.js';

interface Stored {
  readonly name: string;
  readonly value?: string | undefined;
  readonly error?: string;
  readonly isInterrupted?: boolean;
  readonly isStarted?: boolean;
}

/** A durable execution in virtual time: what its operations resolved to is stored, and a later invocation gets it. */
export class StoredExecution {
  /** By their place in the handler. */
  readonly operations = new Map<string, Stored>();
  /** The waits that began, in seconds. */
  readonly waits: { readonly name: string; readonly seconds: number }[] = [];
  private live: StoredContext | undefined;

  constructor(readonly time: VirtualTime) {}

  /** The next invocation. Those before it run on, but nothing of theirs is stored any more. */
  invoke(): StoredContext {
    this.live = new StoredContext(this);
    return this.live;
  }

  isLive(context: StoredContext): boolean {
    return context === this.live;
  }
}

const ONCE = 'AT_MOST_ONCE_PER_RETRY';
const INTERRUPTED = 'StepInterruptedError';

export class StoredContext implements DurableContext {
  readonly lambdaContext = { getRemainingTimeInMillis: () => 86_400_000 };
  readonly executionContext = { durableExecutionArn: 'execution' };
  readonly waitForCallback = undefined;
  readonly waitForCondition = undefined;
  readonly invoke = undefined;
  readonly promise = { race: <T>(_: string | undefined, promises: never[]) => Promise.race<T>(promises) };
  private count = 0;

  constructor(
    private readonly execution: StoredExecution,
    private readonly origin?: StoredContext,
    private readonly path = '',
  ) {}

  async step<T>(
    name = '',
    run: (step: never) => Promise<T>,
    { semantics }: { readonly semantics?: string } = {},
  ): Promise<T> {
    const id = this.next();
    const before = this.execution.operations.get(id);
    if (before?.isStarted) await this.store(id, { name, error: INTERRUPTED, isInterrupted: true });
    else if (!before) {
      if (semantics === ONCE) await this.store(id, { name, isStarted: true });
      await this.store(id, await outcomeOf(name, () => run({} as never)));
    }
    return this.outcome(id);
  }

  async wait(name: string, { seconds }: { readonly seconds: number }): Promise<void> {
    const id = this.next();
    if (this.execution.operations.has(id)) return;
    this.execution.waits.push({ name, seconds });
    await this.execution.time.sleep(seconds * 1000);
    await this.store(id, { name });
  }

  async runInChildContext<T>(name = '', run: (child: never) => Promise<T>): Promise<T> {
    const id = this.next();
    const child = new StoredContext(this.execution, this.origin ?? this, `${id}-`);
    if (!this.execution.operations.has(id)) await this.store(id, await outcomeOf(name, () => run(child as never)));
    return this.outcome(id);
  }

  private next(): string {
    this.count += 1;
    return `${this.path}${this.count}`;
  }

  /** Never resolves if another invocation has begun since. */
  private async store(id: string, stored: Stored): Promise<void> {
    await this.execution.time.sleep(1);
    if (!this.execution.isLive(this.origin ?? this)) return new Promise(() => {});
    this.execution.operations.set(id, stored);
  }

  private outcome<T>(id: string): T {
    const { value, error, isInterrupted } = this.execution.operations.get(id) as Stored;
    if (error !== undefined) throw Object.assign(new Error(error), isInterrupted && { cause: { name: INTERRUPTED } });
    return (value === undefined ? undefined : JSON.parse(value)) as T;
  }
}

async function outcomeOf(name: string, run: () => Promise<unknown>): Promise<Stored> {
  try {
    return { name, value: JSON.stringify(await run()) };
  } catch (error) {
    return { name, error: String(error) };
  }
}
