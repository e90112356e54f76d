import { drawTimeline } from '../../bin/timeline/svg.js';
import type { Timeline } from '../../bin/timeline/timeline.js';
import { type HeldLock, LockLostError } from '../../runtime/index.js';
import { type Participant, World } from '../../test/scenarios/world.js';
import { type LaneState, type TimelineEvent, timelineOf } from './lanes.js';
import { watchEntry, watchLocks } from './watch.js';

const LEASE_SECONDS = 6;
const END_MS = 28_000;
const [A, B] = ['sandbox A', 'sandbox B'] as const;

/** What happens to two sandboxes of a function that want the same lock: the real client in virtual time. */
class Life {
  readonly events: TimelineEvent[] = [];
  readonly world = new World();
  private readonly nowMs = (): number => this.world.time.nowMs;
  private readonly tell = (event: TimelineEvent): void => void this.events.push(event);
  private readonly a = this.sandbox(A);
  private readonly b = this.sandbox(B);

  constructor() {
    watchEntry(this.world.table, this.nowMs, this.tell);
  }

  async run(): Promise<void> {
    const lives = Promise.all([this.lifeOfA(), this.lifeOfB()]);
    await this.world.time.run(END_MS);
    await lives;
  }

  private async lifeOfA(): Promise<void> {
    this.note('cold start: the client is loaded, no request is sent');
    await this.state(A, 'starting', 700);
    this.note('withLock: one write takes the lock, one gives it back');
    await this.invoke(this.a, () => this.sleep(1600));
    await this.sleep(100);
    this.note('frozen between invocations: nothing is held, no timer is set');
    await this.freeze(1800);

    await this.state(A, 'running', 100);
    await this.invoke(this.a, async () => {
      await this.sleep(4000);
      this.note('frozen while it holds, for less than the lease');
      await this.freeze(2500);
      this.note('thawed in time: the overdue refresh follows at once');
      await this.state(A, 'running', 1000);
    });
    await this.freeze(700);

    await this.state(A, 'running', 100);
    await this.invoke(this.a, async (held) => {
      await this.sleep(1200);
      this.note('frozen while it holds, for longer: its deadline passes');
      await this.freeze(9200);
      this.note('thawed too late: isHeld is false at once, signal aborts');
      held.assertHeld();
    }).catch((error: unknown) => {
      if (!(error instanceof LockLostError)) throw error;
    });
    await this.state(A, 'running', 400);
    await this.freeze(1500);
    this.note('ended: nothing is held, nothing has to be done');
    await this.state(A, 'gone', 0);
  }

  private async lifeOfB(): Promise<void> {
    await this.sleep(14_300);
    await this.state(B, 'starting', 700);
    await this.invoke(this.b, async () => {
      this.note('a whole lease without a sign of A: B takes the lock over');
      await this.sleep(3400);
    });
    await this.sleep(100);
    await this.freeze(2000, B);
  }

  private sandbox(lane: string): Participant {
    const observers = [watchLocks(lane, this.nowMs, this.tell)];
    return this.world.process(lane, { leaseSeconds: LEASE_SECONDS, observers });
  }

  private invoke(sandbox: Participant, work: (held: HeldLock) => Promise<void>): Promise<void> {
    return sandbox.factory.withLock('nightly', work);
  }

  private freeze(durationMs: number, lane: typeof A | typeof B = A): Promise<void> {
    (lane === A ? this.a : this.b).freeze(durationMs);
    return this.state(lane, 'frozen', durationMs);
  }

  private state(lane: string, is: LaneState, durationMs: number): Promise<void> {
    this.tell({ atMs: this.nowMs(), lane, is });
    return this.sleep(durationMs);
  }

  private note(text: string): void {
    this.tell({ atMs: this.nowMs(), note: text });
  }

  private sleep(durationMs: number): Promise<void> {
    return this.world.time.sleep(durationMs);
  }
}

/** A sandbox's life, from a run. */
export async function sandboxLife(): Promise<Timeline> {
  const life = new Life();
  await life.run();
  return timelineOf(life.events, { names: [A, B], endMs: END_MS });
}

/** The same as docs/lambda.md shows it. */
export async function drawSandboxLife(): Promise<string> {
  return drawTimeline(await sandboxLife(), {
    title: 'A lock in the life of a Lambda sandbox',
    description:
      'Two sandboxes and the entry of one lock over 28 seconds, from a run of the client in virtual time. ' +
      'The text of the page says what happens at each number.',
  });
}
