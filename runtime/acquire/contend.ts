import type { Waiter } from '../core/local-queue.js';
import type { Replaced } from '../core/store.js';
import type { WaitBudget } from '../core/wait-budget.js';
import { assess, type Observation } from '../entry/assess.js';
import type { LockRef } from '../entry/lock-ref.js';
import { retry } from '../entry/retry.js';
import { LockHolder, LockUnavailableError } from '../errors.js';
import { firstStep, nextMove, type Step, stepAfterWait, type Verdict } from '../protocol/contending.js';
import type { LockEntry } from '../protocol/entry.js';
import { LeaseState } from '../protocol/lease-state.js';
import { tryBudgetMs } from '../protocol/schedule.js';
import { isTombstone, parseVersion } from '../protocol/version.js';
import type { AnyRequest, Contending, Grant } from './acquire-request.js';
import { discardAcquisition, ensureLease, isGrantable, mayHaveLanded, ownVersionIn } from './ensure-lease.js';

/** What an answer showed, and what of it is ours. */
interface Answered extends Observation {
  /** The version that the answer says we wrote, and its fencing token. */
  readonly ownVersion?: string | undefined;
  readonly fencingToken?: bigint | undefined;
  readonly replaced?: Replaced | undefined;
}

/** `missed`: the lock was granted, but with too little left of its lease. */
type Outcome = LeaseState | 'refused' | 'served' | 'missed';

/**
 * The head of the local queue, contending for the lock in DynamoDB (docs/protocol.md, sections 3 and 5).
 * protocol/contending.ts decides what it does next.
 */
export class Contention implements Contending {
  /** Elapsed time at which the last request was sent. */
  private sentMs = 0;

  constructor(
    private readonly ref: LockRef,
    private readonly request: AnyRequest,
    private readonly budget: WaitBudget,
    private readonly waiter: Waiter,
  ) {
    waiter.budget = budget;
  }

  async wait(): Promise<Grant | undefined> {
    const { manager, shared } = this.ref;
    if (this.request.sharedResult?.isServedHere()) return undefined;
    const yieldMs = shared.fairnessYieldMs(manager.clock.monotonicMs(), manager.random.fraction());
    if (yieldMs > 0) await this.budget.sleep(yieldMs);
    for (let missed = 0; ; missed += 1) {
      const outcome = await this.attempt(undefined, 'wait');
      if (outcome instanceof LeaseState) return this.grantOf(outcome);
      if (outcome === 'served') return undefined;
      await this.budget.pauseAfter(missed);
    }
  }

  async once(): Promise<Grant | undefined> {
    const outcome = await this.attempt();
    if (outcome instanceof LeaseState) return this.grantOf(outcome);
    if (outcome === 'missed') throw tooLate(this.ref, this.request.leaseSeconds, this.budget);
    return undefined;
  }

  /**
   * Contends under one hold id.
   * @param expiredVersion a version that may be written over, by what its entry just showed
   */
  async attempt(expiredVersion?: string, mode: 'wait' | 'try' = 'try'): Promise<Outcome> {
    const { manager, observed, shared } = this.ref;
    const { clock, random } = manager;
    const { sharedResult, reporter, requestId, leaseSeconds, fencing } = this.request;
    const lease = new LeaseState(manager.drawHoldId(requestId), leaseSeconds, fencing);
    let step = firstStep(
      expiredVersion ?? observed.expiredVersion(clock.monotonicMs()),
      sharedResult !== undefined && expiredVersion === undefined,
    );
    let [mayStand, isGranted] = [false, false];
    const onFailure = (error: unknown): void => {
      mayStand ||= step.kind === 'write' && mayHaveLanded(error);
    };
    try {
      for (let [writesInARow, polls] = [0, 0]; ; ) {
        const answer = await retry(this.budget, () => this.send(step, lease, onFailure));
        writesInARow = step.kind === 'write' ? writesInARow + 1 : 0;
        const ownVersion = answer.ownVersion ?? ownVersionIn(answer.entry, lease.holdId);
        if (ownVersion !== undefined) {
          mayStand = false;
          isGranted = await this.isGranted(lease, ownVersion, answer);
          return isGranted ? lease : 'missed';
        }
        this.warnIfUnfenced(answer.entry);
        const verdict = this.verdictOn(answer);
        const isWaiting = verdict === 'held' && mode === 'wait';
        // The first write only asks; a later one was made because the lock could be taken.
        const isLively = isWaiting && this.noteHolder(answer, step.kind === 'write' && polls > 0);
        const nowMs = clock.monotonicMs();
        const crowding = isWaiting ? shared.rivals.backoff.at(nowMs) : 1;
        const move = nextMove({
          mode,
          verdict,
          writesInARow,
          polls,
          crowding,
          isLively,
          untilExpiryMs: observed.expiryMs() - nowMs,
          random: random.fraction(),
        });
        if (typeof move === 'string') return move;
        if (isWaiting && !this.budget.isOver) reporter.waiting(this.waiter.holder);
        if (!move.step || move.delayMs > 0) {
          await this.budget.sleep(move.delayMs);
          polls += 1;
        }
        step = move.step ?? stepAfterWait(observed.expiredVersion(clock.monotonicMs()), crowding);
      }
    } finally {
      // A write without an answer may have landed, or may land yet; so may an earlier copy of one that was refused.
      if (mayStand) void discardAcquisition(this.ref, lease);
      else if (!isGranted) manager.abandon(lease.holdId);
    }
  }

  private grantOf(lease: LeaseState): Grant {
    return { ref: this.ref, lease, waiter: this.waiter };
  }

  /** One request and its answer. */
  private send(step: Step, lease: LeaseState, onFailure: (error: unknown) => void): Promise<Answered> {
    const { gate, manager, shared, store } = this.ref;
    return gate.through(step.kind, this.budget, async () => {
      this.sentMs = manager.elapsedMs();
      this.budget.sent();
      this.request.reporter.attempts += 1;
      try {
        return await (step.kind === 'write' ? this.write(lease, step.expiredVersion) : this.poll());
      } catch (error) {
        onFailure(error);
        if (store.isThrottling?.(error)) shared.rivals.backoff.throttled(manager.clock.monotonicMs());
        throw error;
      }
    });
  }

  private async write(lease: LeaseState, expiredVersion: string | undefined): Promise<Answered> {
    const { store, manager } = this.ref;
    const version = this.ref.draw(lease);
    const entry = this.ref.newEntry(lease, version, this.request);
    const answer = await this.ref.exchange(this.budgetMs(), (signal) => store.acquire(entry, expiredVersion, signal));
    const own = answer.written && { ownVersion: version, fencingToken: entry.fencingToken };
    return { entry: undefined, ...answer, ...own, arrivedMs: manager.clock.monotonicMs(), consistency: 'strong' };
  }

  private async poll(): Promise<Answered> {
    const { store, name, manager, observed } = this.ref;
    const consistency = observed.nextConsistency;
    const answer = await this.ref.exchange(this.budgetMs(), (signal) => store.read(name, consistency, signal));
    return { ...answer, arrivedMs: manager.clock.monotonicMs(), consistency };
  }

  private budgetMs(): number {
    return Math.min(this.budget.leftMs(), tryBudgetMs(this.request.leaseSeconds));
  }

  /** A write of ours landed, whichever answer tells so: the answer to the write itself may have been lost. */
  private async isGranted(lease: LeaseState, ownVersion: string, answer: Answered): Promise<boolean> {
    const { observed, shared } = this.ref;
    lease.confirm(ownVersion, answer.dateMs);
    lease.fencingToken = answer.fencingToken ?? answer.entry?.fencingToken;
    observed.noteToken(lease.fencingToken);
    this.reportReplaced(answer.replaced);
    shared.rivalsIfAny?.backoff.wonRace(answer.arrivedMs);
    if (!isGrantable(this.ref, lease)) {
      const { granted, cause } = await ensureLease(this.ref, lease, this.request, () => this.budgetMs());
      this.budget.lastFailure ??= cause;
      if (!granted) return false;
    }
    shared.granted();
    return true;
  }

  /** Nothing was taken over if the entry was a tombstone, or abandoned by this process. */
  private reportReplaced(replaced: Replaced | undefined): void {
    if (!replaced || replaced.leaseSeconds === 0) return;
    const version = parseVersion(replaced.version);
    if (version && (isTombstone(version.holdId) || this.ref.manager.isAbandoned(version.holdId))) return;
    this.request.reporter.tookOverFrom(replaced);
  }

  /** Warns once of an entry whose writer has fencing off: such a writer removes the token. */
  private warnIfUnfenced(entry: LockEntry | undefined): void {
    const { shared, label, settings } = this.ref;
    if (!this.request.fencing || !entry || entry.fencingToken !== undefined || shared.isKnownUnfenced) return;
    shared.isKnownUnfenced = true;
    settings.logger.warn(
      `${label}: ${entry.hostIdentifier} uses it without fencing; until all its clients have it on, fencing tokens ` +
        'are only as good as clocks',
      { lockName: this.ref.name, hostIdentifier: entry.hostIdentifier },
    );
  }

  private verdictOn(answer: Answered): Verdict {
    const { sharedResult } = this.request;
    const holder = assess(this.ref, answer);
    if (!(holder instanceof LockHolder)) return holder;
    this.waiter.refuse(holder);
    if (sharedResult?.isServedBy(answer, this.sentMs)) return 'served';
    return answer.entry && sharedResult?.mayReplace(answer.entry) ? { expiredVersion: answer.entry.version } : 'held';
  }

  /** Returns whether the lock has changed hands since the poll before. */
  private noteHolder({ entry, arrivedMs }: Answered, hasLostRace: boolean): boolean {
    const { observed, shared } = this.ref;
    if (!entry || observed.isOutdated(entry)) return false;
    return shared.rivals.sawWhileWaiting(entry, arrivedMs, hasLostRace);
  }
}

/** The error of a try that was granted, but too late to be of use. */
export function tooLate(
  ref: Pick<LockRef, 'label' | 'errorDetails'>,
  leaseSeconds: number,
  budget: WaitBudget,
): LockUnavailableError {
  return new LockUnavailableError(
    `${ref.label} was not granted: DynamoDB answered too late to leave half of a lease of ${leaseSeconds} s`,
    ref.errorDetails(budget.lastFailure),
  );
}
