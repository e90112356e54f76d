import type { LockManager } from '../core/lock-manager.js';
import type { Replaced } from '../core/store.js';
import { type LockHolder, type LockLostError, LockNotGrantedError } from '../errors.js';
import { harmlessly, type LockAttempt, type LockEvent, type LockObserver, unheard } from './events.js';
import { checkedTrace, traceLeftBy } from './holder-trace.js';
import { Reporter } from './reporter.js';

/** A refresh that is confirmed later than this part of the lease after it was due is worth a warning. */
const LATE_PART_OF_LEASE = 0.25;

type WithoutAttempt<E> = E extends LockEvent ? Omit<E, 'attempt'> : never;

/** Reports one attempt, and the hold that it leads to, to observers. */
export class ObserverReporter extends Reporter {
  private isWaiting = false;
  private takenOverFrom: string | undefined;
  private formerTrace: string | undefined;

  constructor(
    attempt: LockAttempt,
    manager: Pick<LockManager, 'elapsedMs'>,
    private readonly observers: readonly LockObserver[],
  ) {
    super(attempt, manager);
    this.requestedMs = manager.elapsedMs();
  }

  override requested(): void {
    this.report({ type: 'requested' });
  }

  override waiting(holder: LockHolder | undefined): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.report({ type: 'waiting', holder });
  }

  override tookOverFrom(former: Replaced): void {
    this.takenOverFrom = former.hostIdentifier;
    this.formerTrace = traceLeftBy(former);
  }

  override wasGivenBy(giver: Replaced): void {
    this.formerTrace = traceLeftBy(giver);
  }

  override acquired(): void {
    super.acquired();
    const { takenOverFrom, formerTrace } = this;
    this.report({ type: 'acquired', ...this.effort(), takenOverFrom, formerTrace });
  }

  override around<T>(work: () => T): T {
    return observedWork(this.observers, this.attempt, work);
  }

  override trace(): string | undefined {
    let trace: string | undefined;
    for (const observer of this.observers) {
      harmlessly(() => {
        trace ??= checkedTrace(unheard(observer.traceOf?.(this.attempt)));
      });
    }
    return trace;
  }

  override refused(holder: LockHolder | undefined): void {
    this.notGranted(holder, undefined);
  }

  override served(): void {
    this.report({ type: 'served', ...this.effort() });
  }

  override failed(error: unknown): void {
    this.notGranted(error instanceof LockNotGrantedError ? error.holder : undefined, error);
  }

  override refreshed(before: { readonly dueMs: number; readonly remainedMs: number }, remainingMs: number): void {
    const { dueMs, remainedMs } = before;
    const lateMs = this.manager.elapsedMs() - dueMs;
    if (lateMs > this.attempt.leaseSeconds * 1000 * LATE_PART_OF_LEASE) {
      this.report({ type: 'refreshed-late', lateSeconds: lateMs / 1000, remainedSeconds: remainedMs / 1000 });
    } else {
      this.report({ type: 'refreshed', remainingSeconds: remainingMs / 1000 });
    }
  }

  override refreshFailed(error: unknown, remainingMs: number): void {
    this.report({ type: 'refresh-failed', error, remainingSeconds: remainingMs / 1000 });
  }

  override lapsed(error: LockLostError): void {
    this.report({ type: 'lapsed', heldSeconds: this.heldSeconds(), error });
  }

  override lost(error: LockLostError): void {
    this.report(this.lossOf(error));
  }

  override async releasing(released: Promise<void>): Promise<void> {
    const heldSeconds = this.heldSeconds();
    try {
      await released;
    } catch (error) {
      this.report({ type: 'release-failed', heldSeconds, error });
      throw error;
    }
    this.report({ type: 'released', heldSeconds });
  }

  override handedOver(): void {
    this.report({ type: 'handed-over', heldSeconds: this.heldSeconds() });
  }

  private notGranted(holder: LockHolder | undefined, error: unknown): void {
    this.report({ type: 'not-granted', ...this.effort(), holder, error });
  }

  /** What the attempt has taken so far. */
  private effort(): { readonly waitSeconds: number; readonly attempts: number } {
    return { waitSeconds: this.secondsSince(this.requestedMs), attempts: this.attempts };
  }

  private report(reported: WithoutAttempt<LockEvent>): void {
    const event = { ...reported, attempt: this.attempt } as LockEvent;
    for (const observer of this.observers) harmlessly(() => observer.onLockEvent(event));
  }
}

/** Runs the work inside the `runWork` of all observers that have one. The first observer is the outermost. */
export function observedWork<T>(observers: readonly LockObserver[], attempt: LockAttempt, work: () => T): T {
  return observers.reduceRight<() => T>((inner, observer) => () => runInside(observer, attempt, inner), work)();
}

/** Whatever the observer does, the work runs exactly once, and its outcome is passed on unchanged. */
function runInside<T>(observer: LockObserver, attempt: LockAttempt, work: () => T): T {
  if (!observer.runWork) return work();
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  const once = (): T => {
    outcome ??= outcomeOf(work);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
  harmlessly(() => observer.runWork?.(attempt, once));
  return once();
}

function outcomeOf<T>(work: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}
