import type { Backend } from '../core/backend.js';
import type { LockManager } from '../core/lock-manager.js';
import type { HoldStore, LockStore } from '../core/store.js';
import { LockRef } from '../entry/lock-ref.js';
import type { TableSettings } from '../entry/table-client.js';
import type { Lease } from '../options/invocation-lease.js';
import type { LockOptions } from '../options/options.js';
import {
  checkedAtLeast,
  checkedFencing,
  checkedLease,
  checkedMaxInvocationLease,
  checkedName,
  checkedWait,
} from '../options/validate.js';
import { contendForLock } from './acquire.js';
import type { LockSettings } from './acquire-request.js';

export const DEFAULT_LEASE_SECONDS = 10;
export const DEFAULT_WAIT_SECONDS = 30;
export const DEFAULT_CLOCK_TOLERANCE_SECONDS = 3;

/** The settings of all locks of a client, checked. */
export interface LocksSettings {
  readonly leaseSeconds: Lease;
  readonly maxInvocationLeaseSeconds: number;
  readonly waitSeconds: number;
  readonly fencing: boolean;
  readonly target: TableSettings;
}

/**
 * Locks that share a table, a connection and settings. Functions (`holdOne`, `holdSeveral`, `flySingly`) do something
 * with them, and not methods, because a bundle leaves out a function that its handler does not use.
 */
export class LockClient<S extends HoldStore = HoldStore> {
  /** @internal */
  protected readonly leaseSeconds: Lease;
  /** @internal */
  protected readonly maxInvocationLeaseSeconds: number;
  /** @internal */
  protected readonly fencing: boolean;
  /** @internal */
  protected readonly settings: TableSettings;
  private readonly waitSeconds: number;
  private readonly backend: Backend<S>;

  /** @internal */
  constructor(
    manager: LockManager,
    store: S,
    { leaseSeconds, maxInvocationLeaseSeconds, waitSeconds, fencing, target }: LocksSettings,
    /** Called at each use: the test backend that replaces `manager` and `store` now, if there is one. */
    private readonly instead: () => Backend | undefined = () => undefined,
  ) {
    this.backend = { manager, store };
    this.leaseSeconds = leaseSeconds;
    this.maxInvocationLeaseSeconds = maxInvocationLeaseSeconds;
    this.waitSeconds = waitSeconds;
    this.fencing = fencing;
    this.settings = target;
  }

  /**
   * The settings of one lock: its own, and this client's for the rest.
   * @internal
   */
  lockSettings(name: string, options: LockOptions): LockSettings {
    return {
      name: checkedName(name),
      leaseSeconds: checkedLease(options.leaseSeconds, this.leaseSeconds),
      maxInvocationLeaseSeconds: checkedMaxInvocationLease(
        options.maxInvocationLeaseSeconds,
        this.maxInvocationLeaseSeconds,
      ),
      waitSeconds: checkedWait(options.waitSeconds, this.waitSeconds),
      lockAtLeastSeconds: checkedAtLeast(options.lockAtLeastSeconds, 0),
      fencing: checkedFencing(options.fencing, this.fencing),
      reach: (reached) => this.reach(reached),
      contend: contendForLock,
    };
  }

  /** @internal */
  protected get manager(): LockManager {
    return (this.instead() ?? this.backend).manager;
  }

  /** @internal */
  protected get store(): S | LockStore {
    return (this.instead() ?? this.backend).store;
  }

  /** @internal */
  async reach(name: string, title?: string): Promise<LockRef<S | LockStore>> {
    const { manager, store, settings } = this;
    const shared = manager.sharedLock(await store.identify(name), store.connection);
    return new LockRef(manager, store, name, shared, settings, title);
  }
}
