import { setTimeout as sleep } from 'node:timers/promises';
import {
  getLockFactory,
  type HeldLock,
  LockLostError,
  LockNotGrantedError,
  LockUnavailableError,
} from '../../../runtime/index.js';
import { Journal, type JournalLine, nowUs } from '../journal.js';
import { SeededRandom } from '../random.js';
import { Counter } from './counter.js';
import { type Belief, ignoringDeadline } from './planted-bug.js';
import type { WorkerTask } from './task.js';

/** A check that took longer was interrupted, and what it says about the time left is asked again. */
const CHECK_LIMIT_US = 5000;

/** What is to be left of the lease for a write of the counter, which takes a millisecond. */
const WRITE_SECONDS = 0.1;

type Event = JournalLine extends infer Line ? (Line extends JournalLine ? Omit<Line, 'section'> : never) : never;

/**
 * A worker of the chaos suite: section after section under one of the locks, until SIGTERM. Its task comes
 * as JSON in `CHAOS_TASK`; the rest of its environment is what any user of the library would set.
 */
class Worker {
  private readonly random: SeededRandom;
  private readonly journal: Journal;
  private readonly counter: Counter;
  private readonly stopping = new AbortController();
  private sections = 0;

  constructor(private readonly task: WorkerTask) {
    this.random = new SeededRandom(task.seed);
    this.journal = new Journal(task.journal);
    this.counter = new Counter(task.counterPort);
    process.on('SIGTERM', () => this.stopping.abort());
  }

  async work(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.section(this.random.pick(this.task.locks), this.random.pick([1, 2, 3]));
      await sleep(this.random.spread(50, 1000));
    }
    this.counter.close();
  }

  private async section(lock: string, leaseSeconds: number): Promise<void> {
    this.sections += 1;
    const section = `${this.task.name}#${this.sections}`;
    const write = (event: Event): void => this.journal.write({ ...event, section });
    write({ event: 'acquire', at: nowUs(), lock });
    let held: HeldLock | undefined;
    try {
      held = await this.acquire(lock, leaseSeconds);
    } catch (error) {
      const isRefused = error instanceof LockNotGrantedError;
      if (!isRefused && !(error instanceof LockUnavailableError) && !this.stopping.signal.aborted) throw error;
      const inDoubt = !isRefused;
      write({ event: 'refused', at: nowUs(), inDoubt, why: String(error) });
      return;
    }
    if (!held) {
      write({ event: 'refused', at: nowUs(), inDoubt: false, why: 'held by another' });
      return;
    }
    try {
      await this.workUnder(lock, section, this.task.plantedBug ? ignoringDeadline(leaseSeconds) : held, write);
      write({ event: 'release', at: nowUs() });
    } catch (error) {
      if (!(error instanceof LockLostError)) throw error;
      write({ event: 'lost', at: nowUs(), why: error.message });
    }
    const confirmed = await held.release().then(
      () => true,
      () => false,
    );
    write({ event: 'released', at: nowUs(), confirmed });
  }

  private acquire(lock: string, leaseSeconds: number): Promise<HeldLock | undefined> {
    const { signal } = this.stopping;
    const wanted = getLockFactory(this.task.table, {
      leaseSeconds,
      waitSeconds: 6,
      hostIdentifier: this.task.name,
    }).createLock(lock);
    return this.random.chance(0.2) ? wanted.tryAcquire({ signal }) : wanted.acquire({ signal });
  }

  /** Read, sleep in steps, write back; before each step the hold is asked. */
  private async workUnder(lock: string, section: string, held: Belief, write: (event: Event) => void): Promise<void> {
    const believe = (forSeconds: number): number => {
      const belief = check(held, forSeconds);
      write({ event: 'held', ...belief });
      return belief.until;
    };
    believe(0);
    const value = await this.counter.read(lock, section);
    write({ event: 'read', at: nowUs(), value });
    // Most sections are shorter than the lease, and some need several refreshes. Those of the planted bug all
    // do: only a section in which a deadline passes can show that it is ignored.
    const isLong = this.task.plantedBug || this.random.chance(0.15);
    const endUs = nowUs() + 1000 * (isLong ? this.random.between(2000, 5000) : this.random.spread(50, 1000));
    while (nowUs() < endUs) {
      believe(0);
      await sleep(Math.min(this.random.between(10, 200), (endUs - nowUs()) / 1000));
    }
    const until = believe(WRITE_SECONDS);
    const accepted = await this.counter.write(lock, section, value + 1, until);
    write({ event: 'wrote', at: nowUs(), value: value + 1, accepted });
    believe(0);
  }
}

/**
 * Asks the hold, and for how long it is certain. The time is read before the question, so that `until` is
 * never later than what the hold said; a process stopped in between asks again.
 */
function check(held: Belief, forSeconds: number): { at: number; until: number } {
  for (;;) {
    const at = nowUs();
    held.assertHeld({ forSeconds });
    const until = at + Math.floor(held.remainingSeconds * 1e6);
    if (nowUs() - at <= CHECK_LIMIT_US) return { at, until };
  }
}

new Worker(JSON.parse(process.env['CHAOS_TASK'] ?? '') as WorkerTask).work().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
