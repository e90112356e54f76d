import { type Contender, Contention } from '../acquire/contend.js';
import type { Waiter } from '../core/local-queue.js';
import type { Consistency, ReadManyAnswer } from '../core/store.js';
import type { WaitBudget } from '../core/wait-budget.js';
import { assess, type Takeable } from '../entry/assess.js';
import type { LockRef } from '../entry/lock-ref.js';
import { LockHolder, LockUnavailableError, LynkError } from '../errors.js';
import { LeaseState } from '../protocol/lease-state.js';
import { pollDelayMs, retryDelayMs, tryBudgetMs } from '../protocol/schedule.js';
import type { SemaphoreRef } from './semaphore-ref.js';

/** Permits tried one after the other, after one look: whoever loses that often looks anew. */
const WRITES_IN_A_ROW = 2;
/** Of 100 processes that try for 100 permits at once, 1 in 2,000 has lost each race after 3 looks; none after 5. */
const POLLS_OF_A_TRY = 5;
/** A look at more permits than this is followed by a longer sleep, so that looks cost no more for it. */
const PERMITS_AT_FULL_PACE = 25;
/** All permits are held in this process: nothing is to be seen in the table, and a release here wakes. */
const LOCAL_NAP_MS = 1000;

/** A permit that was granted, and its place in the local queue for its lock. */
export interface GrantedPermit {
  readonly ref: LockRef;
  readonly lease: LeaseState;
  readonly waiter: Waiter;
}

interface TakeablePermit extends Takeable {
  readonly ref: LockRef;
  /** A look showed that it can be had. */
  readonly isSeenFree?: boolean;
  /** It was given back in this process just now. */
  readonly isFreedHere?: boolean;
}

/**
 * The head of a semaphore's local queue, contending for any one of its permits: a write at random first,
 * then looks at all of them at once. Every permit is a lock, taken and taken over as any other is.
 */
export class PermitContention {
  private readonly seenHolders = new Map<LockRef, LockHolder>();
  /** Refused since the last look: another look could tell no more. */
  private readonly justRefused = new Set<LockRef>();
  private missed = 0;

  constructor(
    private readonly semaphore: SemaphoreRef,
    private readonly contender: Contender,
    private readonly budget: WaitBudget,
    private readonly waiter: Waiter,
  ) {
    waiter.asker = budget;
  }

  /** Contends until granted, or until patience is over: then resolves without a permit. */
  async wait(): Promise<GrantedPermit | undefined> {
    let permits = this.anyOne();
    for (let polls = 0; !this.budget.isOver; polls += 1) {
      const granted = (await this.takeOneOf(permits)) ?? (await this.takeOneOf(await this.look('eventual')));
      if (granted) return granted;
      const holders = this.holders();
      this.tell(holders);
      if (!this.budget.isOver) this.contender.reporter.waiting(holders[0]);
      permits = await this.pause(polls);
    }
    return undefined;
  }

  /** Contends until granted, or until all are seen to be held: then resolves without a permit. */
  async once(): Promise<GrantedPermit | undefined> {
    let granted = (await this.takeOneOf(this.anyOne())) ?? (await this.takeOneSeen());
    // By callers of this process: what becomes of their requests tells as much as one of our own would.
    for (let asked = this.askedForHere(); !granted && asked.length > 0; asked = this.askedForHere()) {
      const places = asked.map((ref) => ({ ref, waiter: ref.queue.head }));
      await this.budget.race(Promise.race(places.map(({ waiter }) => waiter?.settled)));
      for (const { ref, waiter } of places) if (waiter?.holder) this.noteHeld(ref, waiter.holder);
      granted = await this.takeOneOf(asked.filter(({ queue }) => !queue.head).map((ref) => ({ ref })));
    }
    if (granted || this.budget.isOver) return granted;
    if (this.missed > 0) {
      const { leaseSeconds } = this.contender;
      throw new LockUnavailableError(
        `${this.semaphore.label} was not granted: DynamoDB answered too late to leave half of a lease of ${leaseSeconds} s`,
        this.semaphore.errorDetails(this.budget.lastFailure),
      );
    }
    this.tell(this.holders());
    return undefined;
  }

  /** Who holds the permits, as far as it was seen. */
  private holders(): LockHolder[] {
    return this.semaphore.permits.flatMap((ref) => {
      const holder = ref.queue.head?.holder ?? this.seenHolders.get(ref);
      return holder ? [holder] : [];
    });
  }

  /** Whoever asks behind this place need not ask the table. */
  private tell(holders: readonly LockHolder[]): void {
    if (holders.length > 0) this.waiter.refuse(...holders);
  }

  /** Those that nobody of this process has, or wants under the permit's own name. */
  private notTakenHere(): LockRef[] {
    return this.semaphore.permits.filter(({ queue }) => !queue.headNow);
  }

  /** Those that somebody of this process wants under the permit's own name, and nobody knows yet who has them. */
  private askedForHere(): LockRef[] {
    return this.semaphore.permits.filter(({ queue }) => queue.head && !queue.head.holder);
  }

  private anyOne(): TakeablePermit[] {
    const targets = this.notTakenHere();
    const ref = targets[Math.floor(this.semaphore.manager.random.fraction() * targets.length)];
    return ref ? [{ ref }] : [];
  }

  private async takeOneOf(permits: readonly TakeablePermit[]): Promise<GrantedPermit | undefined> {
    for (const permit of this.shuffled(permits).slice(0, WRITES_IN_A_ROW)) {
      if (this.budget.isOver) return undefined;
      const granted = await this.take(permit);
      if (granted) return granted;
    }
    return undefined;
  }

  /** Who loses the races for two that a look showed free knows nothing of the others yet, and looks again. */
  private async takeOneSeen(): Promise<GrantedPermit | undefined> {
    for (let polls = 1; ; polls += 1) {
      const found = await this.look('strong');
      const granted = await this.takeOneOf(found);
      if (granted || found.length <= WRITES_IN_A_ROW || polls === POLLS_OF_A_TRY) return granted;
    }
  }

  private async take(permit: TakeablePermit): Promise<GrantedPermit | undefined> {
    const { ref, expiredVersion, isSeenFree = false, isFreedHere = false } = permit;
    const { manager, queue } = this.semaphore;
    const { clock, random } = manager;
    if (ref.queue.head) return undefined;
    const waiter = ref.queue.join();
    let lease: LeaseState | undefined;
    try {
      const outcome = await new Contention(ref, this.contender, this.budget, waiter).attempt(expiredVersion);
      this.seenHolders.delete(ref);
      if (outcome instanceof LeaseState) {
        lease = outcome;
        queue.noteTaken();
        if (isSeenFree) queue.wonRace(clock.monotonicMs());
        return { ref, lease, waiter };
      }
      if (outcome === 'missed') await this.budget.sleep(retryDelayMs(this.missed++, random.fraction()));
      else this.justRefused.add(ref);
      if (waiter.holder) this.noteHeld(ref, waiter.holder);
      if (waiter.holder && isFreedHere) queue.noteForeign(clock.monotonicMs());
      if (waiter.holder && isSeenFree) queue.backoff.lostRace(clock.monotonicMs());
      return undefined;
    } finally {
      if (!lease) waiter.leave();
    }
  }

  /** Looks at all permits that this process does not hold, in one request; resolves to those that can be had. */
  private async look(consistency: Consistency): Promise<TakeablePermit[]> {
    const { manager } = this.semaphore;
    const found: TakeablePermit[] = [];
    let asked = this.notTakenHere().filter((ref) => !this.justRefused.has(ref));
    this.justRefused.clear();
    for (let failures = 0; asked.length > 0 && !this.budget.isOver; failures += 1) {
      const isSettling = asked.some(({ queue }) => queue.nextPoll === 'strong');
      const settled = isSettling ? 'strong' : consistency;
      const answer = await this.readMany(asked, settled);
      const arrivedMs = manager.clock.monotonicMs();
      for (const ref of asked) {
        if (!answer?.entries.has(ref.name)) continue;
        const [entry, { dateMs }] = [answer.entries.get(ref.name), answer];
        const verdict = assess(ref, { entry, dateMs, arrivedMs, consistency: settled });
        if (verdict instanceof LockHolder) this.noteHeld(ref, verdict);
        else found.push({ ref, isSeenFree: true, ...verdict });
      }
      asked = asked.filter(({ name }) => !answer?.entries.has(name));
      // Of some nothing was told. A waiter looks again anyway; a try is to know.
      if (asked.length === 0 || (answer && (found.length > 0 || consistency === 'eventual'))) break;
      await this.budget.sleep(retryDelayMs(failures, manager.random.fraction()));
    }
    return found;
  }

  /** One look; resolves to nothing where it failed in transit, or patience was over before it was sent. */
  private async readMany(asked: readonly LockRef[], consistency: Consistency): Promise<ReadManyAnswer | undefined> {
    const [first] = asked as [LockRef];
    this.contender.reporter.attempts += 1;
    const names = asked.map(({ name }) => name);
    try {
      const { store } = this.semaphore;
      const answer = await first.gate.through('poll', this.budget, () => {
        this.budget.asks();
        const budgetMs = Math.min(this.budget.leftMs(), tryBudgetMs(this.contender.leaseSeconds));
        return first.exchange(budgetMs, (signal) => store.readMany(names, consistency, signal));
      });
      if (answer) this.budget.answered();
      return answer;
    } catch (error) {
      if (error instanceof LynkError) throw error;
      this.budget.failed(error);
      const { queue, manager } = this.semaphore;
      if (first.store.isThrottling?.(error)) queue.backoff.throttled(manager.clock.monotonicMs());
      return undefined;
    }
  }

  /**
   * Sleeps between two polls, though not past the moment at which an entry seen can expire by observation,
   * nor past a release in this process. Resolves to the permits that can then be had without another look.
   */
  private async pause(polls: number): Promise<TakeablePermit[]> {
    const { permits, manager, queue } = this.semaphore;
    const { clock, random } = manager;
    const takenHere = permits.filter(({ queue }) => queue.head);
    const others = this.notTakenHere();
    const nowMs = clock.monotonicMs();
    const watched = others.filter(({ queue }) => queue.expiryMs() > nowMs);
    const pace = Math.max(1, others.length / PERMITS_AT_FULL_PACE);
    const crowding = queue.backoff.at(nowMs);
    const napMs = others.length > 0 ? pollDelayMs(polls, random.fraction(), crowding) * pace : LOCAL_NAP_MS;
    await this.sleepUnlessFreed(takenHere, Math.min(napMs, ...watched.map(({ queue }) => queue.expiryMs() - nowMs)));

    const freed = takenHere.filter(({ queue }) => !queue.head);
    if (freed.length > 0) {
      const yieldMs = queue.fairnessYieldMs(clock.monotonicMs(), random.fraction());
      if (yieldMs > 0) await this.budget.sleep(yieldMs);
    }
    const expired = watched.filter(({ queue }) => queue.expiredVersion(clock.monotonicMs()) !== undefined);
    return [...freed.map((ref) => ({ ref, isFreedHere: true })), ...expired.map((ref) => ({ ref }))];
  }

  private async sleepUnlessFreed(takenHere: readonly LockRef[], durationMs: number): Promise<void> {
    let stops: (() => void)[] = [];
    const freed = new Promise<void>((resolve) => {
      stops = takenHere.map(({ queue }) => queue.onIdle(resolve));
    });
    await Promise.race([this.budget.sleep(durationMs), freed]);
    for (const stop of stops) stop();
  }

  private noteHeld(ref: LockRef, holder: LockHolder): void {
    this.seenHolders.set(ref, holder);
    this.semaphore.queue.noteOthers(this.semaphore.manager.clock.monotonicMs());
  }

  private shuffled<T>(values: readonly T[]): T[] {
    const { random } = this.semaphore.manager;
    const shuffled = [...values];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = Math.floor(random.fraction() * (last + 1));
      [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
    }
    return shuffled;
  }
}
