import type { Place } from '../core/local-queue.js';
import type { Replaced } from '../core/store.js';
import type { Patience } from '../core/wait-budget.js';
import { judge, type Sight } from '../entry/assess.js';
import type { LockTarget } from '../entry/lock-ref.js';
import { LockHolder, LockUnavailableError, LynkError } from '../errors.js';
import type { Chronicle } from '../observe/reporter.js';
import type { LockEntry } from '../protocol/entry.js';
import { Ledger } from '../protocol/ledger.js';
import { pollDelayMs, retryDelayMs, tryBudgetMs } from '../protocol/schedule.js';
import { isNobodys, parseVersion } from '../protocol/version.js';
import { abandon, isGrantable, mayHaveLanded, ownVersionIn, topUp } from './ensure-lease.js';
import type { Flight } from './shared-result.js';

/** Writes in a row without a sleep between them: a takeover, its loss to another, and one more. */
const WRITES_IN_A_ROW = 3;
/** From this factor on, a lock counts as crowded. */
const CROWDED = 2;

/** The next request: a write, over an expired version where there is one, or a look. */
type Step = { readonly kind: 'write'; readonly expiredVersion?: string | undefined } | { readonly kind: 'look' };

/** What an answer showed. */
interface Seen extends Sight {
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
  readonly chronicle: Chronicle;
  /** Another's result will do as well: with it, its caller contends no more. */
  readonly flight?: Flight | undefined;
}

/**
 * The head of the local queue, contending for the lock in DynamoDB (docs/protocol.md, sections 3 and 5):
 * a write first, then cheap looks until another write can succeed.
 */
export class Contention {
  /** Elapsed time at which the last request was sent. */
  private sentMs = 0;

  constructor(
    private readonly target: LockTarget,
    private readonly contender: Contender,
    private readonly patience: Patience,
    private readonly place: Place,
  ) {
    place.asker = patience;
  }

  /** Contends until granted, or until patience is over, or served by an entry: then resolves without a ledger. */
  async wait(): Promise<Ledger | undefined> {
    const { process, local } = this.target;
    if (this.contender.flight?.isServedHere()) return undefined;
    const courtesyMs = local.courtesyMs(process.clock.monotonicMs(), process.random.fraction());
    if (courtesyMs > 0) await this.patience.sleep(courtesyMs);
    for (let missed = 0; !this.patience.isOver; missed += 1) {
      const outcome = await this.pursue('wait');
      if (outcome instanceof Ledger) return outcome;
      if (outcome === 'served') return undefined;
      await this.patience.sleep(retryDelayMs(missed, process.random.fraction()));
    }
    return undefined;
  }

  /** Contends until granted, or until another is seen to hold it: then resolves without a ledger. */
  async once(): Promise<Ledger | undefined> {
    const outcome = await this.attempt();
    if (outcome instanceof Ledger) return outcome;
    if (outcome !== 'missed') return undefined;
    const { leaseSeconds } = this.contender;
    throw new LockUnavailableError(
      `${this.target.label} was not granted: DynamoDB answered too late to leave half of a lease of ${leaseSeconds} s`,
      this.target.errorDetails(this.patience.lastFailure),
    );
  }

  /**
   * The same, without a word about what was missed.
   * @param judgedExpired a version that may be written over, by what its entry just showed
   */
  attempt(judgedExpired?: string): Promise<Ledger | 'refused' | 'served' | 'missed'> {
    return this.pursue('try', judgedExpired);
  }

  /** One hold id's way to the lock. `missed` means it was had, but with too little left of it. */
  private async pursue(
    mode: 'wait' | 'try',
    judgedExpired?: string,
  ): Promise<Ledger | 'refused' | 'served' | 'missed'> {
    const { process, local, store } = this.target;
    const ledger = this.newLedger();
    let step: Step = { kind: 'write', expiredVersion: local.expiredVersion(process.clock.monotonicMs()) };
    const { flight } = this.contender;
    if (flight) step = { kind: 'look' };
    if (judgedExpired !== undefined) step = { kind: 'write', expiredVersion: judgedExpired };
    let [inDoubt, isOurs] = [false, false];
    let [writesInARow, looks, failures] = [0, 0, 0];
    try {
      while (!this.patience.isOver) {
        let seen: Seen | undefined;
        try {
          seen = await this.ask(ledger, step);
        } catch (error) {
          inDoubt ||= step.kind === 'write' && mayHaveLanded(error);
          if (error instanceof LynkError) throw error;
          this.patience.failed(error);
          if (store.isThrottling?.(error)) local.crowd.throttled(process.clock.monotonicMs());
          await this.patience.sleep(retryDelayMs(failures++, process.random.fraction()));
          continue;
        }
        if (!seen) break;
        this.patience.answered();
        failures = 0;
        writesInARow = step.kind === 'write' ? writesInARow + 1 : 0;

        const ownVersion = seen.written ?? ownVersionIn(seen.entry, ledger.holdId);
        if (ownVersion !== undefined) {
          // A write of ours landed, whichever answer tells: a lost one is made good by the next.
          ledger.confirm(ownVersion, seen.dateMs);
          ledger.fencingToken = seen.fencingToken ?? seen.entry?.fencingToken;
          local.noteToken(ledger.fencingToken);
          this.noteReplaced(seen.replaced);
          inDoubt = false;
          local.wonRace(seen.arrivedMs);
          if (!isGrantable(this.target, ledger) && !(await this.topUp(ledger))) return 'missed';
          local.noteTaken();
          isOurs = true;
          return ledger;
        }
        this.noteUnfenced(seen.entry);
        let next = this.judge(seen);
        if (next === 'held' && flight?.isServedBy(seen, this.sentMs)) return 'served';
        if (next === 'held' && seen.entry && flight?.mayReplace(seen.entry)) {
          next = { kind: 'write', expiredVersion: seen.entry.version };
        }
        if (next === 'held' && mode === 'try') return 'refused';
        if (next === 'held') {
          // The first write only asks; a later one was made because the lock could be had.
          const raced = step.kind === 'write' && looks > 0;
          const isLively = seen.entry !== undefined && local.noteRival(seen.entry, seen.arrivedMs, raced);
          if (!this.patience.isOver) this.contender.chronicle.waiting(this.place.holder);
          step = await this.sleepUntilNextStep(looks++, isLively);
        } else {
          // A server that shows an entry as free, and yet refuses the write, is not to be hammered.
          if (writesInARow >= WRITES_IN_A_ROW) {
            await this.patience.sleep(pollDelayMs(looks++, process.random.fraction()));
          }
          step = next;
        }
      }
      return 'refused';
    } finally {
      // An attempt without an answer may have landed, or land yet. Of one that was refused, an earlier copy may.
      if (inDoubt) void abandon(this.target, ledger);
      else if (!isOurs) process.giveUp(ledger.holdId);
    }
  }

  private newLedger(): Ledger {
    const { requestId, leaseSeconds, fencing } = this.contender;
    return new Ledger(this.target.process.drawHoldId(requestId), leaseSeconds, fencing);
  }

  /** Warns once of an entry whose writer has fencing off: such a one takes the token away with it. */
  private noteUnfenced(entry: LockEntry | undefined): void {
    const { local, label, settings } = this.target;
    if (!this.contender.fencing || !entry || entry.fencingToken !== undefined || local.isKnownUnfenced) return;
    local.isKnownUnfenced = true;
    settings.logger.warn(
      `${label}: ${entry.hostIdentifier} uses it without fencing; until all its clients have it on, fencing tokens ` +
        'are only as good as clocks',
      { lockName: this.target.name, hostIdentifier: entry.hostIdentifier },
    );
  }

  private async topUp(ledger: Ledger): Promise<boolean> {
    const { granted, cause } = await topUp(this.target, ledger, this.contender, () => this.budgetMs());
    this.patience.lastFailure ??= cause;
    return granted;
  }

  /** One request and its answer; nothing where patience was over before it was sent. */
  private ask(ledger: Ledger, step: Step): Promise<Seen | undefined> {
    const { gate, process } = this.target;
    return gate.through(step.kind, this.patience, () => {
      this.sentMs = process.elapsedMs();
      this.patience.asks();
      return step.kind === 'write' ? this.write(ledger, step.expiredVersion) : this.look();
    });
  }

  private async write(ledger: Ledger, expiredVersion: string | undefined): Promise<Seen> {
    const { store, process } = this.target;
    this.contender.chronicle.attempts += 1;
    const version = this.target.draw(ledger);
    const entry = this.target.newEntry(ledger, version, this.contender);
    const answer = await this.target.exchange(this.budgetMs(), (signal) =>
      store.acquire(entry, expiredVersion, signal),
    );
    const { entry: standing, dateMs, written, replaced } = answer;
    const arrivedMs = process.clock.monotonicMs();
    const seen = { entry: standing, dateMs, arrivedMs, consistency: 'strong' } as const;
    return written ? { ...seen, written: version, replaced, fencingToken: entry.fencingToken } : seen;
  }

  private async look(): Promise<Seen> {
    const { store, name, process, local } = this.target;
    const consistency = local.nextLook;
    this.contender.chronicle.attempts += 1;
    const answer = await this.target.exchange(this.budgetMs(), (signal) => store.read(name, consistency, signal));
    return { entry: answer.entry, dateMs: answer.dateMs, arrivedMs: process.clock.monotonicMs(), consistency };
  }

  /** An entry that was left or given up is taken over from nobody. */
  private noteReplaced(replaced: Replaced | undefined): void {
    if (!replaced || replaced.leaseSeconds === 0) return;
    const version = parseVersion(replaced.version);
    if (version && (isNobodys(version.holdId) || this.target.process.hasGivenUp(version.holdId))) return;
    this.contender.chronicle.tookOverFrom(replaced);
  }

  private budgetMs(): number {
    return Math.min(this.patience.leftMs(), tryBudgetMs(this.contender.leaseSeconds));
  }

  private judge(seen: Seen): Step | 'held' {
    const verdict = judge(this.target, seen);
    if (!(verdict instanceof LockHolder)) return { kind: 'write', ...verdict };
    this.place.refuse(verdict);
    return 'held';
  }

  /** Sleeps, though not past the moment at which the entry seen can expire by observation. */
  private async sleepUntilNextStep(looks: number, isLively: boolean): Promise<Step> {
    const { process, local } = this.target;
    const nowMs = process.clock.monotonicMs();
    const crowding = local.crowd.at(nowMs);
    const delayMs = pollDelayMs(looks, process.random.fraction(), crowding, isLively);
    await this.patience.sleep(Math.min(delayMs, Math.max(0, local.expiryMs() - nowMs)));
    const expiredVersion = local.expiredVersion(process.clock.monotonicMs());
    // In a crowd somebody else has most likely been faster: a look is cheaper than a write that fails.
    if (expiredVersion === undefined || crowding >= CROWDED) return { kind: 'look' };
    return { kind: 'write', expiredVersion };
  }
}
