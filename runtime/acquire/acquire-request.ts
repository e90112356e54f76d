import type { LocalQueue, Waiter } from '../core/local-queue.js';
import type { LockManager } from '../core/lock-manager.js';
import type { WaitBudget } from '../core/wait-budget.js';
import type { LockRef } from '../entry/lock-ref.js';
import type { LockHolder } from '../errors.js';
import type { Reporter } from '../observe/reporter.js';
import { DEFAULT_RESERVE_SECONDS, type Lease, leaseSecondsOf } from '../options/invocation-lease.js';
import type { TryOptions } from '../options/options.js';
import { checkedAtLeast, checkedContext, checkedNote, checkedReserve, checkedSignal } from '../options/validate.js';
import type { LeaseState } from '../protocol/lease-state.js';
import { tryBudgetMs } from '../protocol/schedule.js';
import type { SharedResult } from './shared-result.js';

/** One caller's way to a grant. Both resolve to nothing if the caller is refused, or served by a shared result. */
export interface Contending {
  /** Contends until granted. */
  wait(): Promise<Grant | undefined>;
  /** Contends until granted, or until others are seen to hold. */
  once(): Promise<Grant | undefined>;
}

/** What can be acquired: a lock, or any permit of a semaphore. */
export interface Acquirable {
  readonly manager: LockManager;
  readonly settings: LockRef['settings'];
  readonly store: Pick<LockRef['store'], 'tableName'>;
  readonly queue: LocalQueue;
  notGranted(limit: string, holders: readonly LockHolder[], cause?: unknown): Error;
}

/** The settings of what is acquired, checked. */
export interface AcquireSettings<T extends Acquirable = LockRef> {
  readonly name: string;
  readonly leaseSeconds: Lease;
  readonly maxInvocationLeaseSeconds: number;
  readonly lockAtLeastSeconds?: number;
  readonly fencing?: boolean;
  /** Finds out which table it is in; sends no request. */
  reach(name: string): Promise<T>;
  contend(request: AcquireRequest<T>, budget: WaitBudget, waiter: Waiter): Contending;
}

/** A lock's settings. */
export interface LockSettings extends Required<AcquireSettings> {
  readonly waitSeconds: number;
}

/** What one caller asks for, with every option checked and every default filled in. */
export interface AcquireRequest<T extends Acquirable = LockRef> extends Pick<AcquireSettings<T>, 'contend'> {
  readonly ref: T;
  readonly leaseSeconds: number;
  readonly hostIdentifier: string;
  /** The note for the entry: JSON text. */
  readonly data: string | undefined;
  readonly lockAtLeastSeconds: number;
  /** Whether the hold gets a fencing token. */
  readonly fencing: boolean;
  /** The Lambda invocation it is for, if any. */
  readonly requestId: string | undefined;
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
  /** Seconds left of that invocation; `Infinity` without one. */
  readonly invocationSeconds: number;
  /** Elapsed time at which it ends. */
  readonly invocationEndsMs: number | undefined;
  /** Seconds before that end at which the work has to stop. */
  readonly reserveSeconds: number;
  /** Whether the hold outlives the invocation. */
  readonly isToStay?: boolean;
  /** The result of another caller serves as well as the lock. */
  readonly sharedResult?: SharedResult | undefined;
}

/** Of a lock or of a semaphore. */
export type AnyRequest = Omit<AcquireRequest, 'ref' | 'contend'>;

/** What was granted, with its waiter in the queue of the lock. */
export interface Grant {
  readonly ref: LockRef;
  readonly lease: LeaseState;
  readonly waiter: Waiter | undefined;
}

/** Checks a caller's options and reaches the lock. An aborted signal ends that at once. */
export async function acquireRequest<T extends Acquirable>(
  settings: AcquireSettings<T>,
  options: TryOptions,
): Promise<AcquireRequest<T>> {
  const { name, leaseSeconds: lease, maxInvocationLeaseSeconds, fencing = false, contend } = settings;
  const signal = checkedSignal(options.signal);
  const context = checkedContext(options.context);
  const data = checkedNote(options.data);
  const lockAtLeastSeconds = checkedAtLeast(options.lockAtLeastSeconds, settings.lockAtLeastSeconds ?? 0);
  signal?.throwIfAborted();
  const reserveSeconds = checkedReserve(options.releaseReserveSeconds, DEFAULT_RESERVE_SECONDS);
  const requestId = context?.awsRequestId;
  const ref = await settings.reach(name);
  const { manager } = ref;
  // Both are read at one moment, after all awaiting: the hold must not outlive its invocation by what that took.
  const invocationSeconds = context ? context.getRemainingTimeInMillis() / 1000 : Infinity;
  const invocationEndsMs = context && manager.elapsedMs() + invocationSeconds * 1000;
  const leaseSeconds = leaseSecondsOf(lease, invocationSeconds, maxInvocationLeaseSeconds);
  const hostIdentifier = ref.settings.hostIdentifier(requestId);
  const attempt = { lockName: name, tableName: ref.store.tableName, hostIdentifier, leaseSeconds, requestId };
  return {
    ref,
    contend,
    leaseSeconds,
    hostIdentifier,
    data,
    fencing,
    lockAtLeastSeconds,
    reporter: ref.settings.reporterFor(attempt, manager),
    signal,
    requestId,
    invocationSeconds,
    invocationEndsMs,
    reserveSeconds,
  };
}

/** Elapsed time at which the work has to stop, and a wait for it ends; `Infinity` without an invocation. */
export function stopMsOf({ invocationEndsMs = Infinity, reserveSeconds }: AnyRequest): number {
  return invocationEndsMs - reserveSeconds * 1000;
}

/** Seconds that a single try may take. */
export function trySeconds({ leaseSeconds, invocationSeconds }: AnyRequest): number {
  return Math.max(0, Math.min(tryBudgetMs(leaseSeconds) / 1000, invocationSeconds));
}
