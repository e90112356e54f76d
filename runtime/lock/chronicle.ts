import { type LockHolder, type LockLostError, LockNotGrantedError } from '../errors.js';
import { harmlessly, type LockAsking, type LockEvent, type LockObserver } from './events.js';
import { checkedTrace, traceLeftBy } from './holder-trace.js';
import { observedWork } from './observed-work.js';
import type { LockProcess } from './process.js';
import type { Replaced } from './store.js';

/** A refresh confirmed later than this part of the lease after it was due is worth a warning. */
const LATE_PART_OF_LEASE = 0.25;

type Told<E> = E extends LockEvent ? Omit<E, 'asking'> : never;

/** Tells observers what becomes of one asking, and how long it took. */
export class Chronicle {
  /** How many times DynamoDB was asked for the lock. */
  attempts = 0;
  private readonly askedMs: number;
  private acquiredMs = 0;
  private isWaiting = false;
  private takenOverFrom: string | undefined;
  private formerTrace: string | undefined;

  constructor(
    readonly asking: LockAsking,
    private readonly observers: readonly LockObserver[],
    private readonly process: Pick<LockProcess, 'elapsedMs'>,
  ) {
    this.askedMs = process.elapsedMs();
  }

  asked(): void {
    this.tell({ type: 'asked' });
  }

  waiting(holder: LockHolder | undefined): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.tell({ type: 'waiting', holder });
  }

  /** An expired entry was written over. */
  tookOverFrom(former: Replaced): void {
    this.takenOverFrom = former.hostIdentifier;
    this.formerTrace = traceLeftBy(former);
  }

  /** An entry that was handed over was written over. */
  wasGivenBy(giver: Replaced): void {
    this.formerTrace = traceLeftBy(giver);
  }

  acquired(): void {
    this.acquiredMs = this.process.elapsedMs();
    const { attempts, takenOverFrom, formerTrace } = this;
    const waitSeconds = this.secondsSince(this.askedMs);
    this.tell({ type: 'acquired', waitSeconds, attempts, takenOverFrom, formerTrace });
  }

  /** Runs the work that the hold is for, as the observers would have it. */
  around<T>(work: () => T): T {
    return observedWork(this.observers, this.asking, work);
  }

  /** What the hold is to leave for its taker: the first observer's word. */
  trace(): string | undefined {
    let trace: string | undefined;
    for (const observer of this.observers) {
      harmlessly(() => {
        trace ??= checkedTrace(observer.traceOf?.(this.asking));
      });
    }
    return trace;
  }

  /** Another holds it: a try was refused. */
  refused(holder: LockHolder | undefined): void {
    this.notGranted(holder, undefined);
  }

  /** What the lock was wanted for has been done by another. */
  served(): void {
    const { attempts } = this;
    this.tell({ type: 'served', waitSeconds: this.secondsSince(this.askedMs), attempts });
  }

  failed(error: unknown): void {
    this.notGranted(error instanceof LockNotGrantedError ? error.holder : undefined, error);
  }

  /** @param before what was so before the refresh was confirmed: when it was due, and what the hold had left */
  refreshed(before: { readonly dueMs: number; readonly remainedMs: number }, remainingMs: number): void {
    const { dueMs, remainedMs } = before;
    const lateMs = this.process.elapsedMs() - dueMs;
    if (lateMs > this.asking.leaseSeconds * 1000 * LATE_PART_OF_LEASE) {
      this.tell({ type: 'refreshed-late', lateSeconds: lateMs / 1000, remainedSeconds: remainedMs / 1000 });
    } else {
      this.tell({ type: 'refreshed', remainingSeconds: remainingMs / 1000 });
    }
  }

  refreshFailed(error: unknown, remainingMs: number): void {
    this.tell({ type: 'refresh-failed', error, remainingSeconds: remainingMs / 1000 });
  }

  lapsed(error: LockLostError): void {
    this.tell({ type: 'lapsed', heldSeconds: this.heldSeconds(), error });
  }

  lost(error: LockLostError): void {
    this.tell({ type: 'lost', heldSeconds: this.heldSeconds(), error });
  }

  /** Tells how a release ends; the outcome stays the same. The lock was held until now. */
  async releasing(released: Promise<void>): Promise<void> {
    const heldSeconds = this.heldSeconds();
    try {
      await released;
    } catch (error) {
      this.tell({ type: 'release-failed', heldSeconds, error });
      throw error;
    }
    this.tell({ type: 'released', heldSeconds });
  }

  handedOver(): void {
    this.tell({ type: 'handed-over', heldSeconds: this.heldSeconds() });
  }

  private notGranted(holder: LockHolder | undefined, error: unknown): void {
    const { attempts } = this;
    this.tell({ type: 'not-granted', waitSeconds: this.secondsSince(this.askedMs), attempts, holder, error });
  }

  private heldSeconds(): number {
    return this.secondsSince(this.acquiredMs);
  }

  private secondsSince(ms: number): number {
    return Math.max(0, this.process.elapsedMs() - ms) / 1000;
  }

  private tell(told: Told<LockEvent>): void {
    const event = { ...told, asking: this.asking } as LockEvent;
    for (const observer of this.observers) harmlessly(() => observer.onLockEvent(event));
  }
}
