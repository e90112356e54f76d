import type { Waiter } from '../core/local-queue.js';
import type { Replaced } from '../core/store.js';
import type { WaitBudget } from '../core/wait-budget.js';
import { assess, type Observation } from '../entry/assess.js';
import type { LockRef } from '../entry/lock-ref.js';
import { LockHolder, LockUnavailableError, LynkError } from '../errors.js';
import type { Reporter } from '../observe/reporter.js';
import type { LockEntry } from '../protocol/entry.js';
import { LeaseState } from '../protocol/lease-state.js';
import { pollDelayMs, retryDelayMs, tryBudgetMs } from '../protocol/schedule.js';
import { isTombstone, parseVersion } from '../protocol/version.js';
import { discardAcquisition, ensureLease, isGrantable, mayHaveLanded, ownVersionIn } from './ensure-lease.js';
import type { SharedResult } from './shared-result.js';

/** Writes in a row without a sleep between them: a takeover, its loss to another, and one more. */
const WRITES_IN_A_ROW = 3;
/** From this factor on, a lock counts as crowded. */
const CROWDED = 2;

/** The next request: a write, over an expired version where there is one, or a look. */
type Step = { readonly kind: 'write'; readonly expiredVersion?: string | undefined } | { readonly kind: 'poll' };

/** What an answer showed. */
interface Seen extends Observation {
  /** The version that the answer says we wrote. */
  readonly written?: string | undefined;
  /** The fencing token that was given with what we wrote. */
  readonly fencingToken?: bigint | undefined;
  /** What was written over. */
  readonly replaced?: Replaced | undefined;
}

/** On whose behalf, and with what lease, a lock is contended for. */
export interface Contender {
  readonly leaseSeconds: number;
  readonly hostIdentifier: string;
  /** The note for its entry: JSON text. */
  readonly data: string | undefined;
  /** Whether its hold gets a fencing token. */
  readonly fencing: boolean;
  /** The Lambda invocation it is for, where there is one. */
  readonly requestId: string | undefined;
  /** Where it is told what becomes of it. */
  readonly reporter: Reporter;
  /** Another's result will do as well: with it, its caller contends no more. */
  readonly sharedResult?: SharedResult | undefined;
}

/**
 * The head of the local queue, contending for the lock in DynamoDB (docs/protocol.md, sections 3 and 5):
 * a write first, then cheap looks until another write can succeed.
 */
export class Contention {
  /** Elapsed time at which the last request was sent. */
  private sentMs = 0;

  constructor(
    private readonly ref: LockRef,
    private readonly contender: Contender,
    private readonly budget: WaitBudget,
    private readonly waiter: Waiter,
  ) {
    waiter.asker = budget;
  }

  /** Contends until granted, or until patience is over, or served by an entry: then resolves without a ledger. */
  async wait(): Promise<LeaseState | undefined> {
    const { manager, queue } = this.ref;
    if (this.contender.sharedResult?.isServedHere()) return undefined;
    const yieldMs = queue.fairnessYieldMs(manager.clock.monotonicMs(), manager.random.fraction());
    if (yieldMs > 0) await this.budget.sleep(yieldMs);
    for (let missed = 0; !this.budget.isOver; missed += 1) {
      const outcome = await this.pursue('wait');
      if (outcome instanceof LeaseState) return outcome;
      if (outcome === 'served') return undefined;
      await this.budget.sleep(retryDelayMs(missed, manager.random.fraction()));
    }
    return undefined;
  }

  /** Contends until granted, or until another is seen to hold it: then resolves without a ledger. */
  async once(): Promise<LeaseState | undefined> {
    const outcome = await this.attempt();
    if (outcome instanceof LeaseState) return outcome;
    if (outcome !== 'missed') return undefined;
    const { leaseSeconds } = this.contender;
    throw new LockUnavailableError(
      `${this.ref.label} was not granted: DynamoDB answered too late to leave half of a lease of ${leaseSeconds} s`,
      this.ref.errorDetails(this.budget.lastFailure),
    );
  }

  /**
   * The same, without a word about what was missed.
   * @param judgedExpired a version that may be written over, by what its entry just showed
   */
  attempt(judgedExpired?: string): Promise<LeaseState | 'refused' | 'served' | 'missed'> {
    return this.pursue('try', judgedExpired);
  }

  /** One hold id's way to the lock. `missed` means it was had, but with too little left of it. */
  private async pursue(
    mode: 'wait' | 'try',
    judgedExpired?: string,
  ): Promise<LeaseState | 'refused' | 'served' | 'missed'> {
    const { manager, queue, store } = this.ref;
    const lease = this.newLease();
    let step: Step = { kind: 'write', expiredVersion: queue.expiredVersion(manager.clock.monotonicMs()) };
    const { sharedResult } = this.contender;
    if (sharedResult) step = { kind: 'poll' };
    if (judgedExpired !== undefined) step = { kind: 'write', expiredVersion: judgedExpired };
    let [inDoubt, isOurs] = [false, false];
    let [writesInARow, polls, failures] = [0, 0, 0];
    try {
      while (!this.budget.isOver) {
        let seen: Seen | undefined;
        try {
          seen = await this.ask(lease, step);
        } catch (error) {
          inDoubt ||= step.kind === 'write' && mayHaveLanded(error);
          if (error instanceof LynkError) throw error;
          this.budget.failed(error);
          if (store.isThrottling?.(error)) queue.backoff.throttled(manager.clock.monotonicMs());
          await this.budget.sleep(retryDelayMs(failures++, manager.random.fraction()));
          continue;
        }
        if (!seen) break;
        this.budget.answered();
        failures = 0;
        writesInARow = step.kind === 'write' ? writesInARow + 1 : 0;

        const ownVersion = seen.written ?? ownVersionIn(seen.entry, lease.holdId);
        if (ownVersion !== undefined) {
          // A write of ours landed, whichever answer tells: a lost one is made good by the next.
          lease.confirm(ownVersion, seen.dateMs);
          lease.fencingToken = seen.fencingToken ?? seen.entry?.fencingToken;
          queue.noteToken(lease.fencingToken);
          this.noteReplaced(seen.replaced);
          inDoubt = false;
          queue.wonRace(seen.arrivedMs);
          if (!isGrantable(this.ref, lease) && !(await this.topUp(lease))) return 'missed';
          queue.noteTaken();
          isOurs = true;
          return lease;
        }
        this.noteUnfenced(seen.entry);
        let next = this.assess(seen);
        if (next === 'held' && sharedResult?.isServedBy(seen, this.sentMs)) return 'served';
        if (next === 'held' && seen.entry && sharedResult?.mayReplace(seen.entry)) {
          next = { kind: 'write', expiredVersion: seen.entry.version };
        }
        if (next === 'held' && mode === 'try') return 'refused';
        if (next === 'held') {
          // The first write only asks; a later one was made because the lock could be had.
          const raced = step.kind === 'write' && polls > 0;
          const isLively = seen.entry !== undefined && queue.noteRival(seen.entry, seen.arrivedMs, raced);
          if (!this.budget.isOver) this.contender.reporter.waiting(this.waiter.holder);
          step = await this.sleepUntilNextStep(polls++, isLively);
        } else {
          // A server that shows an entry as free, and yet refuses the write, is not to be hammered.
          if (writesInARow >= WRITES_IN_A_ROW) {
            await this.budget.sleep(pollDelayMs(polls++, manager.random.fraction()));
          }
          step = next;
        }
      }
      return 'refused';
    } finally {
      // An attempt without an answer may have landed, or land yet. Of one that was refused, an earlier copy may.
      if (inDoubt) void discardAcquisition(this.ref, lease);
      else if (!isOurs) manager.abandon(lease.holdId);
    }
  }

  private newLease(): LeaseState {
    const { requestId, leaseSeconds, fencing } = this.contender;
    return new LeaseState(this.ref.manager.drawHoldId(requestId), leaseSeconds, fencing);
  }

  /** Warns once of an entry whose writer has fencing off: such a one takes the token away with it. */
  private noteUnfenced(entry: LockEntry | undefined): void {
    const { queue, label, settings } = this.ref;
    if (!this.contender.fencing || !entry || entry.fencingToken !== undefined || queue.isKnownUnfenced) return;
    queue.isKnownUnfenced = true;
    settings.logger.warn(
      `${label}: ${entry.hostIdentifier} uses it without fencing; until all its clients have it on, fencing tokens ` +
        'are only as good as clocks',
      { lockName: this.ref.name, hostIdentifier: entry.hostIdentifier },
    );
  }

  private async topUp(lease: LeaseState): Promise<boolean> {
    const { granted, cause } = await ensureLease(this.ref, lease, this.contender, () => this.budgetMs());
    this.budget.lastFailure ??= cause;
    return granted;
  }

  /** One request and its answer; nothing where patience was over before it was sent. */
  private ask(lease: LeaseState, step: Step): Promise<Seen | undefined> {
    const { gate, manager } = this.ref;
    return gate.through(step.kind, this.budget, () => {
      this.sentMs = manager.elapsedMs();
      this.budget.asks();
      return step.kind === 'write' ? this.write(lease, step.expiredVersion) : this.poll();
    });
  }

  private async write(lease: LeaseState, expiredVersion: string | undefined): Promise<Seen> {
    const { store, manager } = this.ref;
    this.contender.reporter.attempts += 1;
    const version = this.ref.draw(lease);
    const entry = this.ref.newEntry(lease, version, this.contender);
    const answer = await this.ref.exchange(this.budgetMs(), (signal) => store.acquire(entry, expiredVersion, signal));
    const { entry: standing, dateMs, written, replaced } = answer;
    const arrivedMs = manager.clock.monotonicMs();
    const seen = { entry: standing, dateMs, arrivedMs, consistency: 'strong' } as const;
    return written ? { ...seen, written: version, replaced, fencingToken: entry.fencingToken } : seen;
  }

  private async poll(): Promise<Seen> {
    const { store, name, manager, queue } = this.ref;
    const consistency = queue.nextPoll;
    this.contender.reporter.attempts += 1;
    const answer = await this.ref.exchange(this.budgetMs(), (signal) => store.read(name, consistency, signal));
    return { entry: answer.entry, dateMs: answer.dateMs, arrivedMs: manager.clock.monotonicMs(), consistency };
  }

  /** An entry that was left or given up is taken over from nobody. */
  private noteReplaced(replaced: Replaced | undefined): void {
    if (!replaced || replaced.leaseSeconds === 0) return;
    const version = parseVersion(replaced.version);
    if (version && (isTombstone(version.holdId) || this.ref.manager.isAbandoned(version.holdId))) return;
    this.contender.reporter.tookOverFrom(replaced);
  }

  private budgetMs(): number {
    return Math.min(this.budget.leftMs(), tryBudgetMs(this.contender.leaseSeconds));
  }

  private assess(seen: Seen): Step | 'held' {
    const verdict = assess(this.ref, seen);
    if (!(verdict instanceof LockHolder)) return { kind: 'write', ...verdict };
    this.waiter.refuse(verdict);
    return 'held';
  }

  /** Sleeps, though not past the moment at which the entry seen can expire by observation. */
  private async sleepUntilNextStep(polls: number, isLively: boolean): Promise<Step> {
    const { manager, queue } = this.ref;
    const nowMs = manager.clock.monotonicMs();
    const crowding = queue.backoff.at(nowMs);
    const delayMs = pollDelayMs(polls, manager.random.fraction(), crowding, isLively);
    await this.budget.sleep(Math.min(delayMs, Math.max(0, queue.expiryMs() - nowMs)));
    const expiredVersion = queue.expiredVersion(manager.clock.monotonicMs());
    // In a crowd somebody else has most likely been faster: a look is cheaper than a write that fails.
    if (expiredVersion === undefined || crowding >= CROWDED) return { kind: 'poll' };
    return { kind: 'write', expiredVersion };
  }
}
