import type { LockRef } from '../entry/lock-ref.js';
import { LockLostError, LockUnavailableError, LynkError } from '../errors.js';
import type { Progress } from './claim.js';
import type { Execution } from './execution.js';
import { type Again, type Lost, progressOf, withResult } from './ran.js';
import { revived, type StoredError, stored } from './stored-error.js';

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

/** Where the lock stands after an operation with others inside. */
export interface HoldingCheckpoint {
  readonly progress: Progress;
  readonly loss?: StoredError | undefined;
}

/** Where the lock of one execution stands, by the operations that are stored. */
export class HoldingState {
  /** By the last operation. The grant has claimed ordinal 1. */
  protected progress: Progress = { ordinal: 1, isAtRest: true };
  protected loss: LockLostError | undefined;
  private isBusy = false;
  protected isOver = false;
  /** Why it is not known whether a run that was interrupted goes on. */
  protected doubt: LockUnavailableError | undefined;
  /** The latest step: until it has settled, somebody may believe that the lock is held. */
  protected running: Promise<unknown> = Promise.resolve();

  constructor(
    readonly ref: LockRef,
    readonly granted: Granted,
  ) {}

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

  protected async alone<T>(what: string, run: () => Promise<T>): Promise<T> {
    this.assertFree(what);
    this.assertRoom();
    this.isBusy = true;
    try {
      return await run();
    } finally {
      this.isBusy = false;
    }
  }

  /** @returns how many operations in a row have come to nothing */
  protected async goOn(
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

  protected lose<T>({ error, value }: Omit<Lost<T>, 'kind'>): LockLostError {
    const lost = revived(error) as LockLostError;
    this.loss ??= value === undefined ? lost : withResult(lost, value);
    return this.loss;
  }
}
