import type { LocalQueue } from '../core/local-queue.js';
import type { LockManager } from '../core/lock-manager.js';
import type { SharedLock } from '../core/shared-lock.js';
import type { LockStore } from '../core/store.js';
import { type LockRef, unavailable } from '../entry/lock-ref.js';
import { isHeldAround } from '../entry/scope.js';
import type { TableSettings } from '../entry/table-client.js';
import {
  type LockHolder,
  LockNotGrantedError,
  LockReentrancyError,
  type LockUnavailableError,
  type LynkErrorDetails,
} from '../errors.js';

/** An error's message names so many holders; its `holders` has all of them. */
const NAMED_HOLDERS = 4;

/** The lock that is permit number `index` of a semaphore. */
export function permitName(semaphore: string, index: number): string {
  return `${semaphore}#${index}`;
}

/** One semaphore in one table, as one process reaches it. Each of its permits is an ordinary lock. */
export class SemaphoreRef {
  constructor(
    readonly manager: LockManager,
    readonly store: LockStore,
    readonly settings: TableSettings,
    readonly name: string,
    readonly permits: readonly LockRef[],
    /** What the callers of this process share. Only the head of their queue contends for a permit. */
    readonly shared: SharedLock,
  ) {}

  get queue(): LocalQueue {
    return this.shared.queue;
  }

  /** `semaphore "api" in table "locks"`, to begin a message with. */
  get label(): string {
    return `semaphore ${JSON.stringify(this.name)} in table "${this.store.tableName}"`;
  }

  errorDetails(cause?: unknown): LynkErrorDetails {
    return { lockName: this.name, tableName: this.store.tableName, cause };
  }

  /** The error of an attempt that ended without a permit; see `LockRef`. */
  notGranted(
    limit: string,
    holders: readonly LockHolder[],
    cause?: unknown,
  ): LockNotGrantedError | LockUnavailableError {
    const { length: permits } = this.permits;
    const seen = holders.length > 0 ? heldBy(permits, holders) : undefined;
    if (seen === undefined || cause !== undefined) return unavailable(this, limit, seen, cause);
    return new LockNotGrantedError(`${this.label} was not granted ${limit}: ${seen}`, {
      ...this.errorDetails(),
      holders,
      permits,
    });
  }

  /** @throws LockReentrancyError if the code running now runs inside a `withPermit` of this semaphore */
  refuseReentry(): void {
    if (!this.permits.some((permit) => isHeldAround(permit))) return;
    throw new LockReentrancyError(
      `${this.label}: a permit of it is held by the withPermit that this code runs in, and a second one may never ` +
        'be free while everybody holds one; use its held object, or another semaphore',
      this.errorDetails(),
    );
  }
}

function heldBy(permits: number, holders: readonly LockHolder[]): string {
  const named = holders.slice(0, NAMED_HOLDERS).join(', ');
  const more = holders.length > NAMED_HOLDERS ? `, and ${holders.length - NAMED_HOLDERS} more` : '';
  if (permits === 1) return `its permit is held by ${named}`;
  const which = holders.length < permits ? `${holders.length} of its ${permits}` : `its ${permits}`;
  return `${which} permits are held by ${named}${more}`;
}
