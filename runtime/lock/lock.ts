import type { LockHolder } from '../errors.js';
import { type Ask, askForHold, must, notGranted, waitForHold } from './acquisition.js';
import { Chronicle } from './chronicle.js';
import type { HeldLock } from './held-lock.js';
import { Hold } from './hold.js';
import { DEFAULT_RESERVE_SECONDS, type Lease, leaseSecondsOf } from './invocation.js';
import { checkedNote } from './note.js';
import {
  ACQUIRE_OPTIONS,
  type AcquireOptions,
  checkedAtLeast,
  checkedContext,
  checkedReserve,
  checkedSignal,
  checkedWait,
  refuseUnknown,
  TRY_OPTIONS,
  type TryOptions,
} from './options.js';
import type { LockTarget } from './target.js';
import { holdWhile, refuseReentry, type Work, type WorkArguments, workArguments } from './with-lock.js';

/** What `tryWithLock` resolves to. */
export type TryOutcome<T> =
  | { readonly acquired: true; readonly value: T }
  | { readonly acquired: false; readonly holder: LockHolder };

/** A lock's settings, and how it is reached. */
export interface LockSettings {
  readonly name: string;
  readonly leaseSeconds: Lease;
  readonly waitSeconds: number;
  readonly lockAtLeastSeconds: number;
  readonly fencing: boolean;
  /** Finds out which table it is in; sends no request. */
  readonly reach: (name: string) => Promise<LockTarget>;
}

/** A lock's name and settings, from `createLock`. Making one costs nothing and sends nothing. */
export class Lock {
  /** @internal */
  constructor(private readonly settings: LockSettings) {}

  /** The lock's name. */
  get name(): string {
    return this.settings.name;
  }

  /**
   * Waits until the lock is held. Callers of one process queue, first in first out.
   * @throws LockNotGrantedError after `waitSeconds`: who holds it, or, as `cause`, why DynamoDB did not answer
   * @throws LockEntryError, LockTableError, LockOptionError, LockReentrancyError
   */
  async acquire(options: AcquireOptions = {}): Promise<HeldLock> {
    return this.acquireHold(options, 'acquire');
  }

  /**
   * Asks once. Resolves to `undefined` where another holds the lock.
   * @throws LockNotGrantedError where that could not be found out: its `cause` says why
   * @throws LockEntryError, LockTableError, LockOptionError, LockReentrancyError
   */
  async tryAcquire(options: TryOptions = {}): Promise<HeldLock | undefined> {
    const outcome = await this.tryHold(options, 'tryAcquire');
    return outcome instanceof Hold ? outcome : undefined;
  }

  /**
   * Holds the lock while `work` runs, and resolves to what `work` resolves to.
   * @throws what `work` throws; `LockLostError` where the lock was lost before `work` settled, with its error
   *   as `cause` or its value as `result`; otherwise as `acquire`
   */
  withLock<T>(work: Work<T>): Promise<T>;
  withLock<T>(options: AcquireOptions | undefined, work: Work<T>): Promise<T>;
  async withLock<T>(...args: WorkArguments<AcquireOptions, T>): Promise<T> {
    const { options, work } = workArguments(args, 'withLock');
    return holdWhile(await this.acquireHold(options, 'withLock'), work);
  }

  /** As `withLock`, but asks once: where another holds the lock, `work` does not run, and the outcome says who. */
  tryWithLock<T>(work: Work<T>): Promise<TryOutcome<T>>;
  tryWithLock<T>(options: TryOptions | undefined, work: Work<T>): Promise<TryOutcome<T>>;
  async tryWithLock<T>(...args: WorkArguments<TryOptions, T>): Promise<TryOutcome<T>> {
    const { options, work } = workArguments(args, 'tryWithLock');
    const outcome = await this.tryHold(options, 'tryWithLock');
    if (!(outcome instanceof Hold)) return { acquired: false, holder: outcome };
    return { acquired: true, value: await holdWhile(outcome, work) };
  }

  /** @internal Finds out which table it is in; sends no request. */
  target(): Promise<LockTarget> {
    return this.settings.reach(this.settings.name);
  }

  /** @internal As `acquire`. */
  hold(options: AcquireOptions): Promise<Hold> {
    return this.acquireHold(options, 'acquire');
  }

  private async acquireHold(options: AcquireOptions, where: string): Promise<Hold> {
    refuseUnknown(options, ACQUIRE_OPTIONS, where);
    const { waitSeconds: given = this.settings.waitSeconds } = options;
    const asked = checkedWait(given);
    const ask = await this.ask(options);
    const waitSeconds = waitSecondsWithin(asked, ask);
    if (waitSeconds > 0) return must(await waitForHold(ask, waitSeconds));
    const outcome = await askForHold(ask);
    if (outcome instanceof Hold) return outcome;
    throw notGranted(ask.target, asked > 0 ? 'so late in its invocation' : 'at once', outcome, undefined);
  }

  private async tryHold(options: TryOptions, where: string): Promise<Hold | LockHolder> {
    refuseUnknown(options, TRY_OPTIONS, where);
    return askForHold(await this.ask(options));
  }

  private async ask(options: TryOptions): Promise<Ask> {
    const ask = await askFor(this.settings, options);
    refuseReentry(ask.target);
    return ask;
  }
}

/** What is left of the wait asked for, within its invocation; 0 or less asks once. */
export function waitSecondsWithin(asked: number, { invocationSeconds, reserveSeconds }: Ask<unknown>): number {
  return Math.min(asked, invocationSeconds - reserveSeconds);
}

/** What can be asked for: how it is reached, and the lease that it is to have. */
interface Askable<T> {
  readonly name: string;
  readonly leaseSeconds: Lease;
  readonly lockAtLeastSeconds?: number;
  readonly fencing?: boolean;
  readonly reach: (name: string) => Promise<T>;
}

/** Reaches the lock on a caller's behalf. The caller's signal, where aborted already, ends that at once. */
export async function askFor<T extends Pick<LockTarget, 'process' | 'settings' | 'store'>>(
  { name, leaseSeconds: lease, fencing = false, reach, ...settings }: Askable<T>,
  options: TryOptions,
): Promise<Ask<T>> {
  const signal = checkedSignal(options.signal);
  const context = checkedContext(options.context);
  const data = checkedNote(options.data);
  const lockAtLeastSeconds = checkedAtLeast(options.lockAtLeastSeconds ?? settings.lockAtLeastSeconds ?? 0);
  signal?.throwIfAborted();
  const invocationSeconds = context ? context.getRemainingTimeInMillis() / 1000 : Number.POSITIVE_INFINITY;
  const leaseSeconds = leaseSecondsOf(lease, invocationSeconds);
  const reserveSeconds = checkedReserve(options.releaseReserveSeconds ?? DEFAULT_RESERVE_SECONDS);
  const requestId = context?.awsRequestId;
  const target = await reach(name);
  const { process } = target;
  const hostIdentifier = target.settings.hostIdentifier(requestId);
  const asking = { lockName: name, tableName: target.store.tableName, hostIdentifier, leaseSeconds, requestId };
  return {
    target,
    leaseSeconds,
    hostIdentifier,
    data,
    lockAtLeastSeconds,
    fencing,
    requestId,
    chronicle: new Chronicle(asking, target.settings.observers, () => process.elapsedMs()),
    signal,
    invocationSeconds,
    reserveSeconds,
    invocationEndsMs: context && process.elapsedMs() + invocationSeconds * 1000,
  };
}
