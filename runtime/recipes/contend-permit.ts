import type { AcquireRequest, Contending, Grant } from '../acquire/acquire-request.js';
import { Contention, tooLate } from '../acquire/contend.js';
import type { Waiter } from '../core/local-queue.js';
import type { Consistency, ReadManyAnswer } from '../core/store.js';
import type { WaitBudget } from '../core/wait-budget.js';
import { assess, type Takeable } from '../entry/assess.js';
import type { LockRef } from '../entry/lock-ref.js';
import { retry } from '../entry/retry.js';
import { LockHolder } from '../errors.js';
import { LeaseState } from '../protocol/lease-state.js';
import { pollDelayMs, tryBudgetMs } from '../protocol/schedule.js';
import type { SemaphoreRef } from './semaphore-ref.js';

/** Permits tried one after the other after one poll. Whoever loses that often polls again. */
const WRITES_IN_A_ROW = 2;
/** Of 100 processes that try for 100 permits at once, 1 in 2,000 has lost each race after 3 polls; none after 5. */
const POLLS_OF_A_TRY = 5;
/** A poll of more permits than this is followed by a longer sleep, so that waiting costs no more. */
const PERMITS_AT_FULL_PACE = 25;
/** The sleep while this process holds all permits: the table shows nothing new, and a release here wakes. */
const LOCAL_SLEEP_MS = 1000;

interface TakeablePermit extends Takeable {
  readonly ref: LockRef;
  /** A poll showed that it can be taken. */
  readonly isSeenFree?: boolean;
  /** This process released it just now. */
  readonly isFreedHere?: boolean;
}

/**
 * The head of a semaphore's local queue, contending for any one of its permits: first it writes one at random, then it
 * polls all of them in one request. Every permit is a lock, taken and taken over as any other is.
 */
export class PermitContention implements Contending {
  private readonly semaphore: SemaphoreRef;
  private readonly seenHolders = new Map<LockRef, LockHolder>();
  /** Refused since the last poll: another poll would tell nothing new. */
  private readonly justRefused = new Set<LockRef>();
  private missed = 0;

  constructor(
    private readonly request: AcquireRequest<SemaphoreRef>,
    private readonly budget: WaitBudget,
    private readonly waiter: Waiter,
  ) {
    this.semaphore = request.ref;
    waiter.budget = budget;
  }

  async wait(): Promise<Grant | undefined> {
    let permits = this.anyOne();
    for (let polls = 0; ; polls += 1) {
      const granted = (await this.takeOneOf(permits)) ?? (await this.takeOneOf(await this.poll('eventual')));
      if (granted) return granted;
      const holders = this.holders();
      this.refuse(holders);
      this.budget.throwIfOver();
      this.request.reporter.waiting(holders[0]);
      permits = await this.pause(polls);
    }
  }

  async once(): Promise<Grant | undefined> {
    let granted = (await this.takeOneOf(this.anyOne())) ?? (await this.takeOneSeen());
    // Callers of this process ask for some: the answers to their requests tell as much as answers to our own would.
    for (let asked = this.askedForHere(); !granted && asked.length > 0; asked = this.askedForHere()) {
      const heads = asked.map((ref) => ({ ref, head: ref.queue.head }));
      await this.budget.race(Promise.race(heads.map(({ head }) => head?.settled)));
      for (const { ref, head } of heads) if (head?.holder) this.noteHeld(ref, head.holder);
      granted = await this.takeOneOf(asked.filter(({ queue }) => !queue.head).map((ref) => ({ ref })));
    }
    if (granted) return granted;
    this.budget.throwIfOver();
    if (this.missed > 0) throw tooLate(this.semaphore, this.request.leaseSeconds, this.budget);
    this.refuse(this.holders());
    return undefined;
  }

  /** Who holds the permits, as far as is known. */
  private holders(): LockHolder[] {
    return this.semaphore.permits.flatMap((ref) => {
      const holder = ref.queue.head?.holder ?? this.seenHolders.get(ref);
      return holder ? [holder] : [];
    });
  }

  /** Callers behind this one need not ask the table. */
  private refuse(holders: readonly LockHolder[]): void {
    if (holders.length > 0) this.waiter.refuse(...holders);
  }

  /** The permits that no caller of this process has, or wants by the permit's own name. */
  private notTakenHere(): LockRef[] {
    return this.semaphore.permits.filter(({ queue }) => !queue.expireHead());
  }

  /** The permits that a caller of this process wants by the permit's own name, while it is not known who has them. */
  private askedForHere(): LockRef[] {
    return this.semaphore.permits.filter(({ queue }) => queue.head && !queue.head.holder);
  }

  private anyOne(): TakeablePermit[] {
    const refs = this.notTakenHere();
    const ref = refs[Math.floor(this.semaphore.manager.random.fraction() * refs.length)];
    return ref ? [{ ref }] : [];
  }

  private async takeOneOf(permits: readonly TakeablePermit[]): Promise<Grant | undefined> {
    for (const permit of this.shuffled(permits).slice(0, WRITES_IN_A_ROW)) {
      const granted = await this.take(permit);
      if (granted) return granted;
    }
    return undefined;
  }

  /** Whoever loses the races for two that a poll showed free knows nothing of the others yet, and polls again. */
  private async takeOneSeen(): Promise<Grant | undefined> {
    for (let polls = 1; ; polls += 1) {
      const found = await this.poll('strong');
      const granted = await this.takeOneOf(found);
      if (granted || found.length <= WRITES_IN_A_ROW || polls === POLLS_OF_A_TRY) return granted;
    }
  }

  private async take(permit: TakeablePermit): Promise<Grant | undefined> {
    const { ref, expiredVersion, isSeenFree = false, isFreedHere = false } = permit;
    const { manager, shared } = this.semaphore;
    const { clock } = manager;
    if (ref.queue.head) return undefined;
    const waiter = ref.queue.join();
    let lease: LeaseState | undefined;
    try {
      const outcome = await new Contention(ref, this.request, this.budget, waiter).attempt(expiredVersion);
      this.seenHolders.delete(ref);
      if (outcome instanceof LeaseState) {
        lease = outcome;
        shared.granted();
        if (isSeenFree) shared.rivalsIfAny?.backoff.wonRace(clock.monotonicMs());
        return { ref, lease, waiter };
      }
      if (outcome === 'missed') await this.budget.pauseAfter(this.missed++);
      else this.justRefused.add(ref);
      if (waiter.holder) this.noteHeld(ref, waiter.holder);
      if (waiter.holder && isFreedHere) shared.rivals.sawHolder(clock.monotonicMs());
      if (waiter.holder && isSeenFree) shared.rivals.backoff.lostRace(clock.monotonicMs());
      return undefined;
    } finally {
      if (!lease) waiter.leave();
    }
  }

  /**
   * Polls all permits that this process does not hold, in one request; resolves to those that can be taken. An answer
   * may leave out some of them: a waiter polls again anyway, but a try has to know.
   */
  private async poll(consistency: Consistency): Promise<TakeablePermit[]> {
    const { manager } = this.semaphore;
    const found: TakeablePermit[] = [];
    let asked = this.notTakenHere().filter((ref) => !this.justRefused.has(ref));
    this.justRefused.clear();
    if (asked.length === 0) return found;
    await retry(this.budget, async () => {
      const isInDoubt = asked.some(({ observed }) => observed.nextConsistency === 'strong');
      const settled = isInDoubt ? 'strong' : consistency;
      const { entries, dateMs } = await this.readMany(asked, settled);
      const arrivedMs = manager.clock.monotonicMs();
      for (const ref of asked) {
        if (!entries.has(ref.name)) continue;
        const verdict = assess(ref, { entry: entries.get(ref.name), dateMs, arrivedMs, consistency: settled });
        if (verdict instanceof LockHolder) this.noteHeld(ref, verdict);
        else found.push({ ref, isSeenFree: true, ...verdict });
      }
      asked = asked.filter(({ name }) => !entries.has(name));
      if (asked.length > 0 && found.length === 0 && consistency === 'strong') {
        throw new Error(`DynamoDB left out ${asked.length} permits`);
      }
    });
    return found;
  }

  private async readMany(asked: readonly LockRef[], consistency: Consistency): Promise<ReadManyAnswer> {
    const [first] = asked as [LockRef];
    const { store, shared, manager } = this.semaphore;
    const names = asked.map(({ name }) => name);
    return first.gate.through('poll', this.budget, async () => {
      this.budget.sent();
      this.request.reporter.attempts += 1;
      const budgetMs = Math.min(this.budget.leftMs(), tryBudgetMs(this.request.leaseSeconds));
      try {
        return await first.exchange(budgetMs, (signal) => store.readMany(names, consistency, signal));
      } catch (error) {
        if (store.isThrottling?.(error)) shared.rivals.backoff.throttled(manager.clock.monotonicMs());
        throw error;
      }
    });
  }

  /**
   * Sleeps between two polls, but not past the moment at which an observed entry expires, nor past a release in this
   * process. Resolves to the permits that can then be taken without another poll.
   */
  private async pause(polls: number): Promise<TakeablePermit[]> {
    const { permits, manager, shared } = this.semaphore;
    const { clock, random } = manager;
    const takenHere = permits.filter(({ queue }) => queue.head);
    const others = this.notTakenHere();
    const nowMs = clock.monotonicMs();
    const watched = others.filter(({ observed }) => observed.expiryMs() > nowMs);
    const pace = Math.max(1, others.length / PERMITS_AT_FULL_PACE);
    const crowding = shared.rivals.backoff.at(nowMs);
    const sleepMs = others.length > 0 ? pollDelayMs(polls, random.fraction(), crowding) * pace : LOCAL_SLEEP_MS;
    await this.sleepUnlessFreed(
      takenHere,
      Math.min(sleepMs, ...watched.map(({ observed }) => observed.expiryMs() - nowMs)),
    );

    const freed = takenHere.filter(({ queue }) => !queue.head);
    if (freed.length > 0) {
      const yieldMs = shared.fairnessYieldMs(clock.monotonicMs(), random.fraction());
      if (yieldMs > 0) await this.budget.sleep(yieldMs);
    }
    const expired = watched.filter(({ observed }) => observed.expiredVersion(clock.monotonicMs()) !== undefined);
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
    this.semaphore.shared.rivals.sawPermitHolder(this.semaphore.manager.clock.monotonicMs());
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
