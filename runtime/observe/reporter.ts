import type { LockManager } from '../core/lock-manager.js';
import type { Replaced } from '../core/store.js';
import type { LockHolder, LockLostError } from '../errors.js';
import type { LockAttempt, LockLostEvent } from './events.js';
import { consoleLogger } from './logger.js';
import { writeLoss } from './loss-lines.js';

/**
 * What becomes of one asking, and of the hold that may come of it. This one is for locks that nobody watches: it
 * keeps all to itself but what must not go unheard, a lost lock. `ObserverReporter` tells observers.
 */
export class Reporter {
  /** How many times DynamoDB was asked for the lock. */
  attempts = 0;
  private acquiredMs = 0;

  constructor(
    readonly attempt: LockAttempt,
    protected readonly manager: Pick<LockManager, 'elapsedMs'>,
  ) {}

  asked(): void {}

  waiting(_holder: LockHolder | undefined): void {}

  /** An expired entry was written over. */
  tookOverFrom(_former: Replaced): void {}

  /** An entry that was handed over was written over. */
  wasGivenBy(_giver: Replaced): void {}

  acquired(): void {
    this.acquiredMs = this.manager.elapsedMs();
  }

  /** Runs the work that the hold is for, as the observers would have it. */
  around<T>(work: () => T): T {
    return work();
  }

  /** What the hold is to leave for its taker: the first observer's word. */
  trace(): string | undefined {
    return undefined;
  }

  /** Another holds it: a try was refused. */
  refused(_holder: LockHolder | undefined): void {}

  /** What the lock was wanted for has been done by another. */
  served(): void {}

  failed(_error: unknown): void {}

  /** @param before what was so before the refresh was confirmed: when it was due, and what the hold had left */
  refreshed(_before: { readonly dueMs: number; readonly remainedMs: number }, _remainingMs: number): void {}

  refreshFailed(_error: unknown, _remainingMs: number): void {}

  lapsed(_error: LockLostError): void {}

  lost(error: LockLostError): void {
    writeLoss(consoleLogger, this.lossOf(error));
  }

  /** Tells how a release ends; the outcome stays the same. The lock was held until now. */
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
