import { drawTimeline } from '../../bin/timeline/svg.js';
import type { Timeline } from '../../bin/timeline/timeline.js';
import { type DurableHeldLock, withDurableLock } from '../../runtime/durable/index.js';
import { LockNotGrantedError } from '../../runtime/index.js';
import { type StoredContext, StoredExecution } from '../../test/runtime/durable/stored-execution.js';
import { World } from '../../test/scenarios/world.js';
import { type LaneState, type TimelineEvent, timelineOf } from './lanes.js';
import { watchEntry, watchLocks } from './watch.js';

const LEASE_SECONDS = 30;
const END_MS = 124_000;
const [EXECUTION, FUNCTION] = ['execution', 'function'] as const;

/** A durable execution and an ordinary function that want the same lock: the real client in virtual time. */
class Life {
  readonly events: TimelineEvent[] = [];
  private readonly world = new World();
  private readonly execution = new StoredExecution(this.world.time);
  private readonly nowMs = (): number => this.world.time.nowMs;
  private readonly tell = (event: TimelineEvent): void => void this.events.push(event);
  private readonly ordinary = this.world.process(FUNCTION, {
    leaseSeconds: 20,
    observers: [watchLocks(FUNCTION, this.nowMs, this.tell)],
  });
  /** One for each invocation of the execution: the first is lost with its invocation. */
  private readonly sandboxes = [1, 2].map(() => this.world.process(EXECUTION));
  private isCrashed = false;

  async run(): Promise<void> {
    watchEntry(this.world.table, this.nowMs, this.tell);
    void this.functions();
    void this.sleep(4000).then(() => this.invocation(0));
    await this.world.time.run(END_MS);
  }

  private async functions(): Promise<void> {
    await this.ordinary.factory.withLock('account/42', () => this.sleep(16_000));
    this.state(FUNCTION, 'gone');
    await this.sleep(50_000);
    this.note('an ordinary function waits for 10 s: not granted, though nothing of the execution runs');
    await this.ordinary.factory
      .withLock('account/42', { waitSeconds: 10 }, async () => {})
      .catch((error: unknown) => {
        if (!(error instanceof LockNotGrantedError)) throw error;
      });
    this.state(FUNCTION, 'gone');
  }

  private async invocation(number: number): Promise<void> {
    const context = this.watched(this.execution.invoke());
    const factory = this.sandboxes[number]?.factory;
    this.state(EXECUTION, 'running');
    if (number === 0) this.note('withDurableLock: the function has the lock, so the execution is suspended');
    const options = { factory, leaseSeconds: LEASE_SECONDS, waitSeconds: 600 };
    await withDurableLock(context, 'account/42', options, (held) => this.work(held));
    this.note('the lock is given back');
    this.state(EXECUTION, 'gone');
  }

  private async work(held: DurableHeldLock<StoredContext>): Promise<void> {
    await held.step('charge', async () => {
      this.note('a poll finds it free: granted, and the first step runs under an ordinary hold');
      await this.held(4000);
    });
    if (!this.isCrashed) this.note('held.wait: suspended for a minute, and the lock is kept by one write');
    await held.wait('settle', { seconds: 60 });
    await held.step('book', async () => {
      if (this.isCrashed) {
        this.note('waited out: the step runs again');
        return this.held(3000);
      }
      this.isCrashed = true;
      this.note('the second step begins, and its sandbox is lost');
      await this.held(4000, () => this.crash());
      return this.never();
    });
  }

  /** The invocation is lost. A later one finds what it has left, and replaces it. */
  private async crash(): Promise<void> {
    this.tell({ atMs: this.nowMs(), lane: EXECUTION, mark: 'kill' });
    this.state(EXECUTION, 'gone');
    this.sandboxes[0]?.freeze(END_MS);
    await this.sleep(5000);
    this.note('invoked again: its entry is evicted, and what stood of its lease waited out, suspended');
    void this.invocation(1);
  }

  /** The time in which a step believes that it holds the lock. */
  private async held(durationMs: number, then: () => Promise<void> = async () => {}): Promise<void> {
    this.tell({ atMs: this.nowMs(), lane: EXECUTION, holds: { leaseSeconds: LEASE_SECONDS } });
    await this.sleep(durationMs);
    this.tell({ atMs: this.nowMs(), lane: EXECUTION, holds: false });
    void then();
  }

  private watched(context: StoredContext): StoredContext {
    const wait = context.wait.bind(context);
    context.wait = async (name, duration) => {
      this.state(EXECUTION, 'suspended');
      await wait(name, duration);
      this.state(EXECUTION, 'running');
    };
    return context;
  }

  private never(): Promise<never> {
    return new Promise(() => {});
  }

  private state(lane: string, is: LaneState): void {
    this.tell({ atMs: this.nowMs(), lane, is });
  }

  private note(text: string): void {
    this.tell({ atMs: this.nowMs(), note: text });
  }

  private sleep(durationMs: number): Promise<void> {
    return this.world.time.sleep(durationMs);
  }
}

/** A durable execution's life, from a run. */
export async function durableLife(): Promise<Timeline> {
  const life = new Life();
  await life.run();
  return timelineOf(life.events, { names: [EXECUTION, FUNCTION], endMs: END_MS });
}

/** The same as docs/durable.md shows it. */
export async function drawDurableLife(): Promise<string> {
  return drawTimeline(await durableLife(), {
    title: 'A lock in the life of a durable execution',
    description:
      'A durable execution, an ordinary function and the entry of one lock over two minutes, from a run of the ' +
      'client in virtual time. The text of the page says what happens at each number.',
  });
}
