import type { LockRef } from '../entry/lock-ref.js';
import { LynkError } from '../errors.js';
import { Hold } from '../hold/hold.js';
import { Release } from '../hold/release.js';
import { outcomeOf } from '../hold/run-under.js';
import type { Reporter } from '../observe/reporter.js';
import type { HeldLock } from '../options/held-lock.js';
import { leaseWithMargin, safetyMarginMs } from '../protocol/lease.js';
import { LeaseState } from '../protocol/lease-state.js';
import { releaseBudgetMs } from '../protocol/schedule.js';
import { claim, type Progress, type Purpose } from './claim.js';
import { type Execution, Interrupted, type Serdes } from './execution.js';
import { type Granted, HoldingState } from './holding-state.js';
import { type Idle, lostWith, progressOf, type Ran, storedClaim } from './ran.js';
import { revived, stored } from './stored-error.js';
import { valueSerdes } from './value-serdes.js';

/** A stretch is kept by one write for so long; a longer one in parts. */
const LONGEST_STRETCH_SECONDS = 43_200;
/** What a stretch is kept for longer than it lasts, at least. */
const STRETCH_RESERVE_SECONDS = 60;
/** What has to be left of that when a stretch begins. */
const LEAST_RESERVE_SECONDS = 20;
/** One piece of the execution that runs under the lock, and what it needs of its process. */
export interface RunContext {
  readonly reporter: Reporter;
  readonly invocationEndsMs: number | undefined;
  readonly reserveSeconds: number;
}

/** Settings of the acquisition. */
export interface HoldingSettings {
  readonly leaseSeconds: number;
  /** Reads the invocation that runs now. */
  readonly runContext: () => RunContext;
}

/** What runs in a step: with its hold, and what the execution gives to a step. */
export type StepWork<T> = (hold: HeldLock, step: never) => PromiseLike<T> | T;

/** How a step runs. */
export interface StepOptions<T> {
  /** Seconds after which the work runs again; undefined if its error is final. */
  readonly retryAfter: (error: Error, attempt: number) => number | undefined;
  readonly atMostOnce: boolean;
  readonly serdes?: Serdes<T> | undefined;
}

/** The lock of one execution, from its grant to its release (docs/protocol.md, section 7). */
export class Holding extends HoldingState {
  constructor(
    ref: LockRef,
    granted: Granted,
    private readonly settings: HoldingSettings,
  ) {
    super(ref, granted);
  }

  /** Runs work under an ordinary hold, as one operation of the execution. */
  step<T>(execution: Execution, name: string, work: StepWork<T>, options: StepOptions<T>): Promise<T> {
    return this.alone(`step ${JSON.stringify(name)}`, () => {
      const ended = this.runUntilEnded(execution, name, work, options);
      this.running = ended.catch(() => {});
      return ended;
    });
  }

  /** Keeps the lock over a time in which nothing runs under it. */
  stretch(execution: Execution, name: string, seconds: number): Promise<void> {
    return this.alone(`wait ${JSON.stringify(name)}`, () => this.stretchFor(execution, name, seconds));
  }

  /**
   * Keeps the lock while something of unknown length goes on outside of the process.
   * @param endsWithin resolves to whether it has ended, or that time is over
   */
  keepWhile(
    execution: Execution,
    name: string,
    endsWithin: (seconds: number, beat: number) => Promise<boolean>,
  ): Promise<void> {
    return this.alone(`${JSON.stringify(name)}`, async () => {
      for (let beat = 1; ; beat += 1) {
        // The first beats are short, as most of what is waited for is: if the execution is stopped, its lock is free
        // the sooner.
        const seconds = Math.min(LONGEST_STRETCH_SECONDS, 600 * 2 ** beat);
        const fromMs = await this.claimStretch(execution, name, seconds);
        if ((await endsWithin(seconds, beat)) || this.isOver) return;
        await this.skip(fromMs, seconds);
      }
    });
  }

  /**
   * Gives the lock back, whatever run of the execution wrote its entry last. A step that nobody has awaited ends first.
   * Never rejects.
   * @param atLeastSeconds for which the lock stays taken, counted from the grant
   */
  async release(execution: Execution, name: string, atLeastSeconds: number): Promise<void> {
    this.isOver = true;
    await this.running;
    const { loss, doubt } = this;
    // Others would get the lock beside a run that goes on. They wait for its lease.
    if (doubt) return;
    if (loss && ['taken', 'broken', 'gone'].includes(loss.reason)) return;
    await execution.operation(name, async () => {
      await this.releaseOnce(atLeastSeconds);
      return null;
    });
  }

  private async runUntilEnded<T>(
    execution: Execution,
    name: string,
    work: StepWork<T>,
    options: StepOptions<T>,
  ): Promise<T> {
    for (let [attempt, inVain] = [1, 0]; ; ) {
      const ran = await this.runOnce(execution, name, work, attempt, options);
      if (ran.kind === 'lost') throw this.lose(ran);
      if (ran.kind === 'again') {
        inVain = await this.goOn(execution, name, ran, inVain);
        continue;
      }
      this.progress = progressOf(ran);
      if (ran.kind === 'ended') return ran.value as T;
      const { error, retrySeconds } = ran;
      if (retrySeconds === undefined) return this.failWith(execution, name, revived(error));
      await this.keepFor(execution, `${name}: retry`, retrySeconds);
      [attempt, inVain] = [attempt + 1, 0];
    }
  }

  private async runOnce<T>(
    execution: Execution,
    name: string,
    work: StepWork<T>,
    attempt: number,
    { retryAfter, atMostOnce, serdes }: StepOptions<T>,
  ): Promise<Ran<T>> {
    try {
      return await execution.operation(name, (step) => this.runUnder(work, step, attempt, retryAfter), {
        atMostOnce,
        serdes: serdes && valueSerdes<T, Ran<T>>(serdes),
      });
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      // The run that was interrupted may go on, and believe that it holds the lock.
      await this.claimIdle(execution, `${name}: settle`, this.leaseOfStep);
      const decide = async (): Promise<number | null> => retryAfter(error, attempt) ?? null;
      const retrySeconds = await execution.operation(`${name}: interrupted`, decide);
      return { kind: 'failed', ...this.progress, error: stored(error), retrySeconds: retrySeconds ?? undefined };
    }
  }

  /** One run, with all that it was about in its result: also what went wrong. */
  private async runUnder<T>(
    work: StepWork<T>,
    stepContext: object,
    attempt: number,
    retryAfter: StepOptions<T>['retryAfter'],
  ): Promise<Ran<T>> {
    const { ref } = this;
    const claimed = await this.claim(this.leaseOfStep);
    if (claimed.kind !== 'mine') return storedClaim(claimed);
    const { reporter, ...invocation } = this.settings.runContext();
    this.goesOn(reporter);
    const hold = new Hold(ref, { lease: claimed.lease, reporter, ...invocation });
    // The execution's own attempts are always the first.
    const step = { ...stepContext, attempt } as never;
    const around = () => hold.around(() => Promise.resolve(work(hold, step)));
    const outcome = await ref.manager.stayFor(() => outcomeOf([hold], around));
    const loss = hold.lossSoFar();
    hold.passOn();
    if (loss) return lostWith(outcome, loss);
    if (!('error' in outcome)) return { kind: 'ended', ...this.claimedNow, value: outcome.value };
    const { error } = outcome;
    const retrySeconds = retryAfter(error instanceof Error ? error : new Error('Unknown Error'), attempt);
    return { kind: 'failed', ...this.claimedNow, error: stored(error), retrySeconds };
  }

  private async stretchFor(execution: Execution, name: string, seconds: number): Promise<void> {
    for (let leftSeconds = seconds; leftSeconds > 0; leftSeconds -= LONGEST_STRETCH_SECONDS) {
      const part = Math.ceil(Math.min(leftSeconds, LONGEST_STRETCH_SECONDS));
      const fromMs = await this.claimStretch(execution, name, part);
      await execution.wait(name, part);
      await this.skip(fromMs, part);
    }
  }

  /** In a test with virtual time, the time that the execution was suspended for passes for its locks as well. */
  private async skip(fromMs: number, seconds: number): Promise<void> {
    await this.ref.manager.clock.skipTo?.(fromMs + seconds * 1000);
  }

  private claimStretch(execution: Execution, name: string, seconds: number): Promise<number> {
    const keptSeconds = seconds + Math.max(STRETCH_RESERVE_SECONDS, this.settings.leaseSeconds);
    const leaseSeconds = leaseWithMargin(keptSeconds);
    const neededMs = (seconds + LEAST_RESERVE_SECONDS) * 1000;
    return this.claimIdle(execution, `${name}: keep`, { leaseSeconds, neededMs, isStretch: true });
  }

  /**
   * Claims the lock by operations of their own. Nobody believes in what they have claimed.
   * @returns when that was, by this machine's clock of then
   */
  private async claimIdle(execution: Execution, name: string, lease: Omit<Purpose, 'standing'>): Promise<number> {
    for (let inVain = 0; ; ) {
      const ran = await execution.operation<Idle>(name, async () => {
        const claimed = await this.claim(lease);
        if (claimed.kind !== 'mine') return storedClaim(claimed);
        return { kind: 'ended', ...this.claimedNow, atMs: this.ref.manager.clock.wallMs() };
      });
      if (ran.kind === 'lost') throw this.lose(ran);
      if (ran.kind === 'again') inVain = await this.goOn(execution, name, ran, inVain, lease.isStretch);
      else {
        this.progress = progressOf(ran);
        return ran.atMs;
      }
    }
  }

  /** What is to be stored by an operation that has claimed the lock, and believes in it no more. */
  private get claimedNow(): Progress {
    return { ordinal: this.progress.ordinal + 1, isAtRest: true };
  }

  private claim(lease: Omit<Purpose, 'standing'>) {
    const { acquisition, fencingToken } = this.granted;
    return claim(this.ref, { ...lease, standing: { acquisition, fencingToken, ...this.progress } });
  }

  private get leaseOfStep(): Omit<Purpose, 'standing'> {
    const { leaseSeconds } = this.settings;
    return { leaseSeconds, neededMs: leaseSeconds * 500, isStretch: false };
  }

  /** A short pause is within what is left of the lease after a run; a longer one is a stretch. */
  private async keepFor(execution: Execution, name: string, seconds: number): Promise<void> {
    if (seconds > this.settings.leaseSeconds / 4) await this.stretchFor(execution, name, seconds);
    else if (seconds > 0) await execution.wait(name, Math.ceil(seconds));
  }

  private async releaseOnce(atLeastSeconds: number): Promise<void> {
    const { ref } = this;
    const { acquisition, fencingToken, grantedMs } = this.granted;
    const { leaseSeconds } = this.settings;
    const lease = new LeaseState(acquisition, leaseSeconds, fencingToken !== undefined);
    lease.fencingToken = fencingToken;
    const stayMs = atLeastSeconds * 1000 - (ref.serverNowMs() - grantedMs);
    const untilMs = atLeastSeconds > 0 ? ref.manager.clock.monotonicMs() + stayMs : undefined;
    const { reporter, invocationEndsMs } = this.settings.runContext();
    this.goesOn(reporter);
    const release = new Release(ref, lease, { untilMs });
    // It may be the second one, after the first was interrupted: then nothing stands of it any more.
    const budgetMs = releaseBudgetMs(leaseSeconds, leaseSeconds * 1000 - safetyMarginMs(leaseSeconds));
    await reporter.releasing(release.within(budgetMs, invocationEndsMs)).catch((error: unknown) => {
      ref.settings.logger.warn(`${ref.label}: the release was not confirmed; others may wait until its lease is over`, {
        error,
      });
    });
  }

  private goesOn(reporter: Reporter): void {
    const heldMs = Math.max(0, this.ref.serverNowMs() - this.granted.grantedMs);
    reporter.acquiredMs = this.ref.manager.elapsedMs() - heldMs;
  }

  private failWith(execution: Execution, name: string, error: Error): Promise<never> {
    if (error instanceof LynkError) throw error;
    return execution.fail(`${name}: error`, error);
  }
}
