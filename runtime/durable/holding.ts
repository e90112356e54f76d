import type { LockRef } from '../entry/lock-ref.js';
import { LockLostError, LockUnavailableError, LynkError } from '../errors.js';
import { Hold } from '../hold/hold.js';
import { Release } from '../hold/release.js';
import { outcomeOf, resultOf } from '../hold/run-under.js';
import type { Reporter } from '../observe/reporter.js';
import type { HeldLock } from '../options/held-lock.js';
import { leaseWithMargin, safetyMarginMs } from '../protocol/lease.js';
import { LeaseState } from '../protocol/lease-state.js';
import { releaseBudgetMs } from '../protocol/schedule.js';
import { type Claimed, claim, type Progress, type Purpose } from './claim.js';
import { type Execution, Interrupted, type Serdes } from './execution.js';
import { revived, type StoredError, stored } from './stored-error.js';
import { valueSerdes } from './value-serdes.js';

/** A stretch is kept by one write for so long; a longer one in parts. */
const LONGEST_STRETCH_SECONDS = 43_200;
/** What a stretch is kept for longer than it lasts, at least. */
const STRETCH_RESERVE_SECONDS = 60;
/** What has to be left of that when a stretch begins. */
const LEAST_RESERVE_SECONDS = 20;
/** Operations in a row that came to nothing, with pauses that double to a minute: 15 minutes without DynamoDB. */
const MOST_IN_VAIN = 20;
const LONGEST_PAUSE_SECONDS = 60;
/** A hold id has room for 4,095 ordinals. One operation may take several, if runs of it are interrupted. */
const MOST_RUNS = 4000;

/** What the execution was granted. */
export interface Granted {
  readonly acquisition: string;
  readonly fencingToken: bigint | undefined;
  /** DynamoDB's time of the grant, in epoch milliseconds. */
  readonly grantedMs: number;
}

/** One piece of the execution that runs under the lock, and what it needs of its process. */
export interface RunContext {
  readonly reporter: Reporter;
  readonly invocationEndsMs: number | undefined;
  readonly reserveSeconds: number;
}

/** Settings of the acquisition. */
export interface HoldingSettings {
  readonly leaseSeconds: number;
  readonly lockAtLeastSeconds: number;
  /** Reads the invocation that runs now. */
  readonly runContext: () => RunContext;
}

/** Where the lock stands after an operation with others inside. */
export interface HoldingCheckpoint {
  readonly progress: Progress;
  readonly loss?: StoredError | undefined;
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

/** What is stored of one run of a step. */
type Ran<T> =
  | Again
  | Lost<T>
  | ({ readonly kind: 'ended'; readonly value?: T | undefined } & Progress)
  | ({ readonly kind: 'failed'; readonly error: StoredError; readonly retrySeconds?: number | undefined } & Progress);

interface Lost<T = never> {
  readonly kind: 'lost';
  readonly error: StoredError;
  readonly value?: T | undefined;
}

/** What is stored of a claim under which nothing runs. */
type Idle = Again | Lost | ({ readonly kind: 'ended'; readonly atMs: number } & Progress);

/** Another operation goes on from there after that many seconds. */
interface Again extends Progress {
  readonly kind: 'again';
  readonly pauseSeconds: number;
  readonly error?: StoredError | undefined;
}

/** The lock of one execution, from its grant to its release (docs/protocol.md, section 7). */
export class Holding {
  /** By the last operation. The grant has claimed ordinal 1. */
  private progress: Progress = { ordinal: 1, isAtRest: true };
  private loss: LockLostError | undefined;
  private isBusy = false;
  private isOver = false;
  /** Why it is not known whether a run that was interrupted goes on. */
  private doubt: LockUnavailableError | undefined;
  /** The latest step: until it has settled, somebody may believe that the lock is held. */
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    readonly ref: LockRef,
    readonly granted: Granted,
    private readonly settings: HoldingSettings,
  ) {}

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
   */
  async release(execution: Execution, name: string): Promise<void> {
    this.isOver = true;
    await this.running;
    const { loss, doubt } = this;
    // Others would get the lock beside a run that goes on. They wait for its lease.
    if (doubt) return;
    if (loss && ['taken', 'broken', 'gone'].includes(loss.reason)) return;
    await execution.operation(name, async () => {
      await this.releaseOnce();
      return null;
    });
  }

  /**
   * Where the lock stands, for an operation that stores it with a result of its own. A step that nobody has awaited ends
   * first: a replay does not run it again.
   */
  async checkpoint(): Promise<HoldingCheckpoint> {
    await this.running;
    return { progress: this.progress, loss: this.loss && stored(this.loss) };
  }

  /** Goes on from where such an operation left it, which a replay does not run again. Others may have ended since. */
  resume({ progress, loss }: HoldingCheckpoint): void {
    if (progress.ordinal > this.progress.ordinal) this.progress = progress;
    if (loss) this.loss ??= revived(loss) as LockLostError;
  }

  get lossSoFar(): LockLostError | undefined {
    return this.loss;
  }

  /** Whether the execution holds the lock, as far as it knows. */
  get isHeld(): boolean {
    return !this.isOver && this.loss === undefined;
  }

  /** @throws LynkError if the lock is not held any more, or something else uses it at the moment */
  assertFree(what: string): void {
    if (this.loss) throw this.loss;
    if (this.doubt) throw this.doubt;
    const { label } = this.ref;
    if (this.isOver) {
      const details = { ...this.ref.errorDetails(), reason: 'released' } as const;
      throw new LockLostError(`${label} is not held any more: it was released, so ${what} cannot use it`, details);
    }
    if (!this.isBusy) return;
    throw new LynkError(
      `${label}: ${what} began while another operation of the same held lock was running; await that one first, or ` +
        'do both in one step',
      this.ref.errorDetails(),
    );
  }

  private assertRoom(): void {
    if (this.progress.ordinal < MOST_RUNS) return;
    throw new LynkError(
      `${this.ref.label}: one acquisition has at most ${MOST_RUNS} steps and waits; release the lock, and acquire it again`,
      this.ref.errorDetails(),
    );
  }

  private async alone<T>(what: string, run: () => Promise<T>): Promise<T> {
    this.assertFree(what);
    this.assertRoom();
    this.isBusy = true;
    try {
      return await run();
    } finally {
      this.isBusy = false;
    }
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

  /** @returns how many operations in a row have come to nothing */
  private async goOn(
    execution: Execution,
    name: string,
    ran: Again,
    inVain: number,
    isStretch = false,
  ): Promise<number> {
    const { ordinal, pauseSeconds, error } = ran;
    const isSame = ordinal === this.progress.ordinal;
    this.progress = progressOf(ran);
    if (inVain === MOST_IN_VAIN) {
      const { label } = this.ref;
      const unconfirmed = new LockUnavailableError(
        `${label}: DynamoDB has not confirmed in ${MOST_IN_VAIN} operations of the execution that it is still held`,
        this.ref.errorDetails(error && revived(error)),
      );
      if (!isStretch) this.doubt = unconfirmed;
      throw unconfirmed;
    }
    const seconds = isSame ? Math.min(LONGEST_PAUSE_SECONDS, pauseSeconds * 2 ** inVain) : pauseSeconds;
    if (seconds > 0) await execution.wait(`${name}: pause`, seconds);
    return isSame ? inVain + 1 : 0;
  }

  private async releaseOnce(): Promise<void> {
    const { ref } = this;
    const { acquisition, fencingToken, grantedMs } = this.granted;
    const { leaseSeconds, lockAtLeastSeconds } = this.settings;
    const lease = new LeaseState(acquisition, leaseSeconds, fencingToken !== undefined);
    lease.fencingToken = fencingToken;
    const stayMs = lockAtLeastSeconds * 1000 - (ref.serverNowMs() - grantedMs);
    const untilMs = lockAtLeastSeconds > 0 ? ref.manager.clock.monotonicMs() + stayMs : undefined;
    const { reporter, invocationEndsMs } = this.settings.runContext();
    this.goesOn(reporter);
    const release = new Release(ref, lease, { untilMs });
    // It may be the second one, after the first was interrupted: then nothing stands of it any more.
    const budgetMs = releaseBudgetMs(leaseSeconds, leaseSeconds * 1000 - safetyMarginMs(leaseSeconds));
    await reporter.releasing(release.within(budgetMs, invocationEndsMs)).catch((error: unknown) => {
      const what = `${ref.label}: the release was not confirmed; it may block others until its lease is over`;
      ref.settings.logger.warn(what, { error });
    });
  }

  private goesOn(reporter: Reporter): void {
    const heldMs = Math.max(0, this.ref.serverNowMs() - this.granted.grantedMs);
    reporter.acquiredMs = this.ref.manager.elapsedMs() - heldMs;
  }

  private lose<T>({ error, value }: { readonly error: StoredError; readonly value?: T | undefined }): LockLostError {
    const lost = revived(error) as LockLostError;
    this.loss ??= value === undefined ? lost : withResult(lost, value);
    return this.loss;
  }

  private failWith(execution: Execution, name: string, error: Error): Promise<never> {
    if (error instanceof LynkError) throw error;
    return execution.fail(`${name}: error`, error);
  }
}

function progressOf({ ordinal, isAtRest }: Progress): Progress {
  return { ordinal, isAtRest };
}

/** A claim that failed, as it is stored. */
function storedClaim(claimed: Exclude<Claimed, { kind: 'mine' }>): Again | Lost {
  if (claimed.kind === 'lost') return { kind: 'lost', error: stored(claimed.error) };
  const { pauseSeconds, cause } = claimed;
  return {
    kind: 'again',
    ...progressOf(claimed),
    pauseSeconds,
    error: cause === undefined ? undefined : stored(cause),
  };
}

function withResult({ message, reason, lockName, tableName, cause }: LockLostError, result: unknown): LockLostError {
  return new LockLostError(message, { reason, lockName, tableName, cause, result });
}

function lostWith<T>(outcome: { readonly value: T } | { readonly error: unknown }, loss: LockLostError): Ran<T> {
  try {
    resultOf(outcome, loss);
  } catch (error) {
    return { kind: 'lost', error: stored(error), ...('value' in outcome && { value: outcome.value }) };
  }
  return { kind: 'lost', error: stored(loss) };
}
