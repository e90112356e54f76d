import { unavailable } from '../acquire/acquire.js';
import type { LocalQueue } from '../core/local-queue.js';
import type { LockManager } from '../core/lock-manager.js';
import type { LockStore } from '../core/store.js';
import type { LockRef } from '../entry/lock-ref.js';
import type { TableSettings } from '../entry/table-client.js';
import { type LockHolder, LockNotGrantedError, type LockUnavailableError, type LynkErrorDetails } from '../errors.js';

/** Holders that an error's message names; its `holders` has them all. */
const NAMED_HOLDERS = 4;

/** The lock that is permit number `index` of a semaphore. */
export function permitName(semaphore: string, index: number): string {
  return `${semaphore}#${index}`;
}

/** One semaphore in one table, as one process reaches it: an ordinary lock for each of its permits. */
export class SemaphoreRef {
  constructor(
    readonly manager: LockManager,
    readonly store: LockStore,
    readonly settings: TableSettings,
    readonly name: string,
    readonly permits: readonly LockRef[],
    /** Where the callers of this process queue: only the head looks for a permit. */
    readonly queue: LocalQueue,
  ) {}

  /** `semaphore "api" in table "locks"`, to begin a message with. */
  get label(): string {
    return `semaphore ${JSON.stringify(this.name)} in table "${this.store.tableName}"`;
  }

  errorDetails(cause?: unknown): LynkErrorDetails {
    return { lockName: this.name, tableName: this.store.tableName, cause };
  }

  /** How an asking ends in vain: others hold the permits, or nobody can tell. */
  notGranted(
    limit: string,
    holders: readonly LockHolder[],
    cause: unknown,
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
}

function heldBy(permits: number, holders: readonly LockHolder[]): string {
  const named = holders.slice(0, NAMED_HOLDERS).join(', ');
  const more = holders.length > NAMED_HOLDERS ? `, and ${holders.length - NAMED_HOLDERS} more` : '';
  if (permits === 1) return `its permit is held by ${named}`;
  const which = holders.length < permits ? `${holders.length} of its ${permits}` : `its ${permits}`;
  return `${which} permits are held by ${named}${more}`;
}
