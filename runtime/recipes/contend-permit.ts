import { type Contender, Contention } from '../acquire/contend.js';
import type { Place } from '../core/local-queue.js';
import type { Consistency, ReadManyAnswer } from '../core/store.js';
import type { Patience } from '../core/wait-budget.js';
import { judge, type Takeable } from '../entry/assess.js';
import type { LockTarget } from '../entry/lock-ref.js';
import { LockHolder, LockUnavailableError, LynkError } from '../errors.js';
import { Ledger } from '../protocol/ledger.js';
import { pollDelayMs, retryDelayMs, tryBudgetMs } from '../protocol/schedule.js';
import type { SemaphoreTarget } from './semaphore-ref.js';

/** Permits tried one after the other, after one look: whoever loses that often looks anew. */
const WRITES_IN_A_ROW = 2;
/** Of 100 processes that try for 100 permits at once, 1 in 2,000 has lost each race after 3 looks; none after 5. */
const LOOKS_OF_A_TRY = 5;
/** A look at more permits than this is followed by a longer sleep, so that looks cost no more for it. */
const PERMITS_AT_FULL_PACE = 25;
/** All permits are held in this process: nothing is to be seen in the table, and a release here wakes. */
const LOCAL_NAP_MS = 1000;

/** A permit that was granted, and its place in the local queue for its lock. */
export interface GrantedPermit {
  readonly target: LockTarget;
  readonly ledger: Ledger;
  readonly place: Place;
}

interface TakeablePermit extends Takeable {
  readonly target: LockTarget;
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
  private readonly seenHolders = new Map<LockTarget, LockHolder>();
  /** Refused since the last look: another look could tell no more. */
  private readonly justRefused = new Set<LockTarget>();
  private missed = 0;

  constructor(
    private readonly semaphore: SemaphoreTarget,
    private readonly contender: Contender,
    private readonly patience: Patience,
    private readonly place: Place,
  ) {
    place.asker = patience;
  }

  /** Contends until granted, or until patience is over: then resolves without a permit. */
  async wait(): Promise<GrantedPermit | undefined> {
    let permits = this.anyOne();
    for (let looks = 0; !this.patience.isOver; looks += 1) {
      const granted = (await this.takeOneOf(permits)) ?? (await this.takeOneOf(await this.look('eventual')));
      if (granted) return granted;
      const holders = this.holders();
      this.tell(holders);
      if (!this.patience.isOver) this.contender.chronicle.waiting(holders[0]);
      permits = await this.pause(looks);
    }
    return undefined;
  }

  /** Contends until granted, or until all are seen to be held: then resolves without a permit. */
  async once(): Promise<GrantedPermit | undefined> {
    let granted = (await this.takeOneOf(this.anyOne())) ?? (await this.takeOneSeen());
    // By callers of this process: what becomes of their requests tells as much as one of our own would.
    for (let asked = this.askedForHere(); !granted && asked.length > 0; asked = this.askedForHere()) {
      const places = asked.map((target) => ({ target, place: target.local.head }));
      await this.patience.race(Promise.race(places.map(({ place }) => place?.settled)));
      for (const { target, place } of places) if (place?.holder) this.noteHeld(target, place.holder);
      granted = await this.takeOneOf(asked.filter(({ local }) => !local.head).map((target) => ({ target })));
    }
    if (granted || this.patience.isOver) return granted;
    if (this.missed > 0) {
      const { leaseSeconds } = this.contender;
      throw new LockUnavailableError(
        `${this.semaphore.label} was not granted: DynamoDB answered too late to leave half of a lease of ${leaseSeconds} s`,
        this.semaphore.errorDetails(this.patience.lastFailure),
      );
    }
    this.tell(this.holders());
    return undefined;
  }

  /** Who holds the permits, as far as it was seen. */
  private holders(): LockHolder[] {
    return this.semaphore.permits.flatMap((target) => {
      const holder = target.local.head?.holder ?? this.seenHolders.get(target);
      return holder ? [holder] : [];
    });
  }

  /** Whoever asks behind this place need not ask the table. */
  private tell(holders: readonly LockHolder[]): void {
    if (holders.length > 0) this.place.refuse(...holders);
  }

  /** Those that nobody of this process has, or wants under the permit's own name. */
  private notTakenHere(): LockTarget[] {
    return this.semaphore.permits.filter(({ local }) => !local.headNow);
  }

  /** Those that somebody of this process wants under the permit's own name, and nobody knows yet who has them. */
  private askedForHere(): LockTarget[] {
    return this.semaphore.permits.filter(({ local }) => local.head && !local.head.holder);
  }

  private anyOne(): TakeablePermit[] {
    const targets = this.notTakenHere();
    const target = targets[Math.floor(this.semaphore.process.random.fraction() * targets.length)];
    return target ? [{ target }] : [];
  }

  private async takeOneOf(permits: readonly TakeablePermit[]): Promise<GrantedPermit | undefined> {
    for (const permit of this.shuffled(permits).slice(0, WRITES_IN_A_ROW)) {
      if (this.patience.isOver) return undefined;
      const granted = await this.take(permit);
      if (granted) return granted;
    }
    return undefined;
  }

  /** Who loses the races for two that a look showed free knows nothing of the others yet, and looks again. */
  private async takeOneSeen(): Promise<GrantedPermit | undefined> {
    for (let looks = 1; ; looks += 1) {
      const found = await this.look('strong');
      const granted = await this.takeOneOf(found);
      if (granted || found.length <= WRITES_IN_A_ROW || looks === LOOKS_OF_A_TRY) return granted;
    }
  }

  private async take(permit: TakeablePermit): Promise<GrantedPermit | undefined> {
    const { target, expiredVersion, isSeenFree = false, isFreedHere = false } = permit;
    const { process, queue } = this.semaphore;
    const { clock, random } = process;
    if (target.local.head) return undefined;
    const place = target.local.join();
    let ledger: Ledger | undefined;
    try {
      const outcome = await new Contention(target, this.contender, this.patience, place).attempt(expiredVersion);
      this.seenHolders.delete(target);
      if (outcome instanceof Ledger) {
        ledger = outcome;
        queue.noteTaken();
        if (isSeenFree) queue.wonRace(clock.monotonicMs());
        return { target, ledger, place };
      }
      if (outcome === 'missed') await this.patience.sleep(retryDelayMs(this.missed++, random.fraction()));
      else this.justRefused.add(target);
      if (place.holder) this.noteHeld(target, place.holder);
      if (place.holder && isFreedHere) queue.noteForeign(clock.monotonicMs());
      if (place.holder && isSeenFree) queue.crowd.lostRace(clock.monotonicMs());
      return undefined;
    } finally {
      if (!ledger) place.leave();
    }
  }

  /** Looks at all permits that this process does not hold, in one request; resolves to those that can be had. */
  private async look(consistency: Consistency): Promise<TakeablePermit[]> {
    const { process } = this.semaphore;
    const found: TakeablePermit[] = [];
    let asked = this.notTakenHere().filter((target) => !this.justRefused.has(target));
    this.justRefused.clear();
    for (let failures = 0; asked.length > 0 && !this.patience.isOver; failures += 1) {
      const isSettling = asked.some(({ local }) => local.nextLook === 'strong');
      const settled = isSettling ? 'strong' : consistency;
      const answer = await this.readMany(asked, settled);
      const arrivedMs = process.clock.monotonicMs();
      for (const target of asked) {
        if (!answer?.entries.has(target.name)) continue;
        const [entry, { dateMs }] = [answer.entries.get(target.name), answer];
        const verdict = judge(target, { entry, dateMs, arrivedMs, consistency: settled });
        if (verdict instanceof LockHolder) this.noteHeld(target, verdict);
        else found.push({ target, isSeenFree: true, ...verdict });
      }
      asked = asked.filter(({ name }) => !answer?.entries.has(name));
      // Of some nothing was told. A waiter looks again anyway; a try is to know.
      if (asked.length === 0 || (answer && (found.length > 0 || consistency === 'eventual'))) break;
      await this.patience.sleep(retryDelayMs(failures, process.random.fraction()));
    }
    return found;
  }

  /** One look; resolves to nothing where it failed in transit, or patience was over before it was sent. */
  private async readMany(asked: readonly LockTarget[], consistency: Consistency): Promise<ReadManyAnswer | undefined> {
    const [first] = asked as [LockTarget];
    this.contender.chronicle.attempts += 1;
    const names = asked.map(({ name }) => name);
    try {
      const { store } = this.semaphore;
      const answer = await first.gate.through('look', this.patience, () => {
        this.patience.asks();
        const budgetMs = Math.min(this.patience.leftMs(), tryBudgetMs(this.contender.leaseSeconds));
        return first.exchange(budgetMs, (signal) => store.readMany(names, consistency, signal));
      });
      if (answer) this.patience.answered();
      return answer;
    } catch (error) {
      if (error instanceof LynkError) throw error;
      this.patience.failed(error);
      const { queue, process } = this.semaphore;
      if (first.store.isThrottling?.(error)) queue.crowd.throttled(process.clock.monotonicMs());
      return undefined;
    }
  }

  /**
   * Sleeps between two looks, though not past the moment at which an entry seen can expire by observation,
   * nor past a release in this process. Resolves to the permits that can then be had without another look.
   */
  private async pause(looks: number): Promise<TakeablePermit[]> {
    const { permits, process, queue } = this.semaphore;
    const { clock, random } = process;
    const takenHere = permits.filter(({ local }) => local.head);
    const others = this.notTakenHere();
    const nowMs = clock.monotonicMs();
    const watched = others.filter(({ local }) => local.expiryMs() > nowMs);
    const pace = Math.max(1, others.length / PERMITS_AT_FULL_PACE);
    const crowding = queue.crowd.at(nowMs);
    const napMs = others.length > 0 ? pollDelayMs(looks, random.fraction(), crowding) * pace : LOCAL_NAP_MS;
    await this.sleepUnlessFreed(takenHere, Math.min(napMs, ...watched.map(({ local }) => local.expiryMs() - nowMs)));

    const freed = takenHere.filter(({ local }) => !local.head);
    if (freed.length > 0) {
      const courtesyMs = queue.courtesyMs(clock.monotonicMs(), random.fraction());
      if (courtesyMs > 0) await this.patience.sleep(courtesyMs);
    }
    const expired = watched.filter(({ local }) => local.expiredVersion(clock.monotonicMs()) !== undefined);
    return [...freed.map((target) => ({ target, isFreedHere: true })), ...expired.map((target) => ({ target }))];
  }

  private async sleepUnlessFreed(takenHere: readonly LockTarget[], durationMs: number): Promise<void> {
    let stops: (() => void)[] = [];
    const freed = new Promise<void>((resolve) => {
      stops = takenHere.map(({ local }) => local.onIdle(resolve));
    });
    await Promise.race([this.patience.sleep(durationMs), freed]);
    for (const stop of stops) stop();
  }

  private noteHeld(target: LockTarget, holder: LockHolder): void {
    this.seenHolders.set(target, holder);
    this.semaphore.queue.noteOthers(this.semaphore.process.clock.monotonicMs());
  }

  private shuffled<T>(values: readonly T[]): T[] {
    const { random } = this.semaphore.process;
    const shuffled = [...values];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = Math.floor(random.fraction() * (last + 1));
      [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
    }
    return shuffled;
  }
}
