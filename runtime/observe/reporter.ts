import type { LockManager } from '../core/lock-manager.js';
import type { Replaced } from '../core/store.js';
import type { LockHolder, LockLostError } from '../errors.js';
import type { LockAttempt, LockLostEvent } from './events.js';
import { logLoss } from './logger.js';

/**
 * Follows one attempt to get a lock, and the hold that it leads to. This base class is for locks that nobody
 * observes: it reports a lost lock to the console, and nothing else. `ObserverReporter` reports to observers.
 */
export class Reporter {
  /** How many requests for the lock were sent to DynamoDB. */
  attempts = 0;
  /** Elapsed time at which the lock was requested, if somebody observes it. */
  requestedMs = 0;
  /** Elapsed time at which it was acquired. */
  acquiredMs = 0;

  constructor(
    readonly attempt: LockAttempt,
    protected readonly manager: Pick<LockManager, 'elapsedMs'>,
  ) {}

  requested(): void {}

  waiting(_holder: LockHolder | undefined): void {}

  /** An expired entry was replaced. */
  tookOverFrom(_former: Replaced): void {}

  /** The entry of a hold that was handed over was replaced. */
  wasGivenBy(_giver: Replaced): void {}

  acquired(): void {
    this.acquiredMs = this.manager.elapsedMs();
  }

  /** Runs the work of the hold inside of what the observers put around it. */
  around<T>(work: () => T): T {
    return work();
  }

  /** The trace that the hold leaves for its successor, from the first observer that has one. */
  trace(): string | undefined {
    return undefined;
  }

  /** A single try found the lock held by another. */
  refused(_holder: LockHolder | undefined): void {}

  /** The lock is not needed any more: another caller has done the work. */
  served(): void {}

  failed(_error: unknown): void {}

  /** @param before when the refresh was due, and what was left of the hold just before it was confirmed */
  refreshed(_before: { readonly dueMs: number; readonly remainedMs: number }, _remainingMs: number): void {}

  refreshFailed(_error: unknown, _remainingMs: number): void {}

  lapsed(_error: LockLostError): void {}

  lost(error: LockLostError): void {
    logLoss(this.lossOf(error));
  }

  /** Reports how a release ends, and passes its outcome on. The lock was held until this call. */
  releasing(released: Promise<void>): Promise<void> {
    return released;
  }

  handedOver(): void {}

  protected lossOf(error: LockLostError): LockLostEvent {
    return { type: 'lost', heldSeconds: this.heldSeconds(), error, attempt: this.attempt };
  }

  protected heldSeconds(): number {
    return this.secondsSince(this.acquiredMs);
  }

  protected secondsSince(ms: number): number {
    return Math.max(0, this.manager.elapsedMs() - ms) / 1000;
  }
}
