import type { LockManager } from '../core/lock-manager.js';
import type { Replaced } from '../core/store.js';
import { type LockHolder, type LockLostError, LockNotGrantedError } from '../errors.js';
import { harmlessly, type LockAttempt, type LockEvent, type LockObserver, unheard } from './events.js';
import { checkedTrace, traceLeftBy } from './holder-trace.js';
import { observedWork } from './observed-work.js';
import { Reporter } from './reporter.js';

/** A refresh confirmed later than this part of the lease after it was due is worth a warning. */
const LATE_PART_OF_LEASE = 0.25;

type Reported<E> = E extends LockEvent ? Omit<E, 'attempt'> : never;

/** Tells observers what becomes of one asking, and how long it took. */
export class ObserverReporter extends Reporter {
  private readonly askedMs: number;
  private isWaiting = false;
  private takenOverFrom: string | undefined;
  private formerTrace: string | undefined;

  constructor(
    attempt: LockAttempt,
    manager: Pick<LockManager, 'elapsedMs'>,
    private readonly observers: readonly LockObserver[],
  ) {
    super(attempt, manager);
    this.askedMs = manager.elapsedMs();
  }

  override asked(): void {
    this.tell({ type: 'requested' });
  }

  override waiting(holder: LockHolder | undefined): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.tell({ type: 'waiting', holder });
  }

  /** An expired entry was written over. */
  override tookOverFrom(former: Replaced): void {
    this.takenOverFrom = former.hostIdentifier;
    this.formerTrace = traceLeftBy(former);
  }

  /** An entry that was handed over was written over. */
  override wasGivenBy(giver: Replaced): void {
    this.formerTrace = traceLeftBy(giver);
  }

  override acquired(): void {
    super.acquired();
    const { attempts, takenOverFrom, formerTrace } = this;
    const waitSeconds = this.secondsSince(this.askedMs);
    this.tell({ type: 'acquired', waitSeconds, attempts, takenOverFrom, formerTrace });
  }

  /** Runs the work that the hold is for, as the observers would have it. */
  override around<T>(work: () => T): T {
    return observedWork(this.observers, this.attempt, work);
  }

  /** What the hold is to leave for its taker: the first observer's word. */
  override trace(): string | undefined {
    let trace: string | undefined;
    for (const observer of this.observers) {
      harmlessly(() => {
        trace ??= checkedTrace(unheard(observer.traceOf?.(this.attempt)));
      });
    }
    return trace;
  }

  /** Another holds it: a try was refused. */
  override refused(holder: LockHolder | undefined): void {
    this.notGranted(holder, undefined);
  }

  /** What the lock was wanted for has been done by another. */
  override served(): void {
    const { attempts } = this;
    this.tell({ type: 'served', waitSeconds: this.secondsSince(this.askedMs), attempts });
  }

  override failed(error: unknown): void {
    this.notGranted(error instanceof LockNotGrantedError ? error.holder : undefined, error);
  }

  /** @param before what was so before the refresh was confirmed: when it was due, and what the hold had left */
  override refreshed(before: { readonly dueMs: number; readonly remainedMs: number }, remainingMs: number): void {
    const { dueMs, remainedMs } = before;
    const lateMs = this.manager.elapsedMs() - dueMs;
    if (lateMs > this.attempt.leaseSeconds * 1000 * LATE_PART_OF_LEASE) {
      this.tell({ type: 'refreshed-late', lateSeconds: lateMs / 1000, remainedSeconds: remainedMs / 1000 });
    } else {
      this.tell({ type: 'refreshed', remainingSeconds: remainingMs / 1000 });
    }
  }

  override refreshFailed(error: unknown, remainingMs: number): void {
    this.tell({ type: 'refresh-failed', error, remainingSeconds: remainingMs / 1000 });
  }

  override lapsed(error: LockLostError): void {
    this.tell({ type: 'lapsed', heldSeconds: this.heldSeconds(), error });
  }

  override lost(error: LockLostError): void {
    this.tell(this.lossOf(error));
  }

  /** Tells how a release ends; the outcome stays the same. The lock was held until now. */
  override async releasing(released: Promise<void>): Promise<void> {
    const heldSeconds = this.heldSeconds();
    try {
      await released;
    } catch (error) {
      this.tell({ type: 'release-failed', heldSeconds, error });
      throw error;
    }
    this.tell({ type: 'released', heldSeconds });
  }

  override handedOver(): void {
    this.tell({ type: 'handed-over', heldSeconds: this.heldSeconds() });
  }

  private notGranted(holder: LockHolder | undefined, error: unknown): void {
    const { attempts } = this;
    this.tell({ type: 'not-granted', waitSeconds: this.secondsSince(this.askedMs), attempts, holder, error });
  }

  private tell(told: Reported<LockEvent>): void {
    const event = { ...told, attempt: this.attempt } as LockEvent;
    for (const observer of this.observers) harmlessly(() => observer.onLockEvent(event));
  }
}
