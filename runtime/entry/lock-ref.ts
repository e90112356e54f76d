import type { LocalQueue } from '../core/local-queue.js';
import type { LockManager } from '../core/lock-manager.js';
import type { SharedLock } from '../core/shared-lock.js';
import type { HoldStore, NewEntry } from '../core/store.js';
import {
  type LockHolder,
  LockLostError,
  LockNotGrantedError,
  LockUnavailableError,
  type LynkErrorDetails,
} from '../errors.js';
import { holderTraceText } from '../observe/holder-trace.js';
import type { Reporter } from '../observe/reporter.js';
import type { EntryObserver } from '../protocol/entry-observer.js';
import { nextFencingToken } from '../protocol/fencing.js';
import type { LeaseState } from '../protocol/lease-state.js';
import { STAMP_LIMIT_MS } from '../protocol/version.js';
import { TableClient, type TableSettings } from './table-client.js';

/** DynamoDB's TTL may delete an entry this long after its lease. */
const EXPIRES_AFTER_LEASE_SECONDS = 24 * 60 * 60;
/**
 * A token may be this old when it is granted: TTL leaves the former one for a day, and a write may be answered late.
 */
const TOKEN_MAY_BE_BEHIND_MS = 60_000;

/** What an entry says about its holder. */
export interface EntryOwner extends Pick<NewEntry, 'hostIdentifier' | 'data'> {
  readonly reporter: Pick<Reporter, 'trace'>;
}

/** One lock in one table, as one process reaches it: everything that contending and holding need. */
export class LockRef<S extends HoldStore = HoldStore> extends TableClient<S> {
  constructor(
    manager: LockManager,
    store: S,
    readonly name: string,
    /** What all callers of this process share of the lock. */
    readonly shared: SharedLock,
    settings: TableSettings,
    /** What its callers call it, if that is more than a lock of its name. */
    private readonly title?: string,
  ) {
    super(manager, store, settings);
  }

  get queue(): LocalQueue {
    return this.shared.queue;
  }

  get observed(): EntryObserver {
    return this.shared.observed;
  }

  /** `lock "nightly" in table "locks"`, to begin a message with. */
  get label(): string {
    const { title = `lock ${JSON.stringify(this.name)}` } = this;
    return `${title} in table "${this.store.tableName}"`;
  }

  errorDetails(cause?: unknown): LynkErrorDetails {
    return { lockName: this.name, tableName: this.store.tableName, cause };
  }

  /**
   * The error of an attempt that ended without the lock.
   * @param limit as the message says it, such as `within 3 s`
   * @param cause why nothing is known of the lock, if that is so
   */
  notGranted(
    limit: string,
    [holder]: readonly LockHolder[],
    cause?: unknown,
  ): LockNotGrantedError | LockUnavailableError {
    if (!holder || cause !== undefined) return unavailable(this, limit, holder && `held by ${holder}`, cause);
    return new LockNotGrantedError(`${this.label} was not granted ${limit}: held by ${holder}`, {
      ...this.errorDetails(),
      holder,
    });
  }

  notConfirmed(what: 'refresh' | 'release' | 'transaction', cause: unknown): LockUnavailableError {
    return new LockUnavailableError(`${this.label}: the ${what} was not confirmed in time`, this.errorDetails(cause));
  }

  /** The error for work that needs the lock for longer than it is held. */
  tooShort(remainingSeconds: number, forSeconds: number, cause?: unknown): LockLostError {
    const left = `${this.label} is held for ${remainingSeconds.toFixed(3)} s more`;
    const details = { ...this.errorDetails(cause), reason: 'deadline' } as const;
    return new LockLostError(`${left}, not for the ${forSeconds} s asked for`, details);
  }

  /** Draws the hold's next version. Its request has to be sent at once. */
  draw(lease: LeaseState): string {
    const timed = this.serverClock.timed && this.settings.clockToleranceSeconds !== Infinity;
    // A hold cannot take back a stamp that is ahead, as after the wall clock was set forward since the last answer.
    const latestMs = (lease.confirmedVersion !== undefined && this.serverCeilingMs()) || Infinity;
    return lease.draw(this.manager.elapsedMs(), Math.min(this.serverNowMs(), latestMs), timed);
  }

  /** Whether stamps of the lease are certainly ahead of DynamoDB's clock. */
  isAhead(lease: LeaseState): boolean {
    return lease.isAheadOf(this.serverCeilingMs() ?? Infinity);
  }

  /**
   * Whether its fencing token is behind DynamoDB's clock: its process had not heard that clock when it drew the token.
   * TTL may have deleted an entry with a greater token.
   */
  isTokenBehind({ fencingToken }: LeaseState): boolean {
    const latestMs = (this.serverFloorMs() ?? -Infinity) - TOKEN_MAY_BE_BEHIND_MS;
    return fencingToken !== undefined && Number(fencingToken) < latestMs;
  }

  newEntry(lease: LeaseState, version: string, { hostIdentifier, data, reporter }: EntryOwner): NewEntry {
    const { leaseSeconds, fencing, holdId } = lease;
    const { fencingToken = fencing ? nextFencingToken(this.observed.fencingToken, this.serverNowMs()) : undefined } =
      lease;
    const expiresAtSeconds = this.expiresAtSeconds(leaseSeconds, fencingToken);
    lease.asks(expiresAtSeconds, fencingToken);
    const trace = reporter.trace();
    const holderTrace = trace === undefined ? undefined : holderTraceText(holdId, trace);
    const said = { version, hostIdentifier, data, holderTrace };
    return { lockKey: this.name, leaseSeconds, expiresAtSeconds, fencingToken, ...said };
  }

  /**
   * Epoch seconds at which TTL may delete an entry whose lease begins now. An entry with a fencing token stays until
   * the clock has passed the token by a day, so that the next token, drawn from the clock, is greater. Undefined if
   * DynamoDB never told its time: by a clock that is days behind, TTL could delete the entry at once.
   */
  expiresAtSeconds(leaseSeconds: number, fencingToken = 0n): number | undefined {
    if (this.serverClock.isDark) return undefined;
    const tokenMs = Math.min(Number(fencingToken), STAMP_LIMIT_MS);
    return Math.ceil(Math.max(this.serverNowMs(), tokenMs) / 1000) + leaseSeconds + EXPIRES_AFTER_LEASE_SECONDS;
  }

  /** Whether TTL leaves the confirmed entry alone for long enough, by the time and the token that its answer told. */
  isKept({ expiresAtSeconds, latestToken }: LeaseState): boolean {
    return expiresAtSeconds >= (this.expiresAtSeconds(0, latestToken) ?? Infinity);
  }
}

/**
 * The error of an attempt that DynamoDB did not answer.
 * @param seen who held the lock before that, as the message says it
 */
export function unavailable(
  ref: Pick<LockRef, 'label' | 'errorDetails'>,
  limit: string,
  seen: string | undefined,
  cause: unknown = new Error('no answer from DynamoDB'),
): LockUnavailableError {
  const before = seen === undefined ? '' : `; when last seen, ${seen}`;
  return new LockUnavailableError(
    `${ref.label} could not be requested ${limit}: ${cause}${before}`,
    ref.errorDetails(cause),
  );
}
