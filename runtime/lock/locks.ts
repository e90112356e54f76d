import type { Lease } from './invocation.js';
import { Lock, type TryOutcome } from './lock.js';
import { LogLines, LossLines } from './log-lines.js';
import { consoleLogger, harmless } from './logger.js';
import { MetricLines } from './metrics.js';
import {
  ACQUIRE_OPTIONS,
  type AcquireOptions,
  checkedAtLeast,
  checkedFencing,
  checkedHost,
  checkedLease,
  checkedLogger,
  checkedMetrics,
  checkedName,
  checkedObservers,
  checkedTolerance,
  checkedWait,
  type FactorySettings,
  LOCK_OPTIONS,
  type LockOptions,
  refuseUnknown,
  TRY_OPTIONS,
  type TryOptions,
} from './options.js';
import type { LockProcess } from './process.js';
import type { Footing } from './stand-in.js';
import type { LockStore } from './store.js';
import type { TargetSettings } from './table.js';
import { LockTarget } from './target.js';
import { type Work, type WorkArguments, workArguments } from './with-lock.js';

const DEFAULT_LEASE_SECONDS = 10;
const DEFAULT_WAIT_SECONDS = 30;
const DEFAULT_CLOCK_TOLERANCE_SECONDS = 3;

/** The names of all of those. */
export const WITH_LOCK_OPTIONS = [...new Set([...LOCK_OPTIONS, ...ACQUIRE_OPTIONS])];

/** What `withLock` of a factory takes: the lock's options and those of the call. */
export interface WithLockOptions extends LockOptions, AcquireOptions {}

/** What `tryWithLock` of a factory takes. */
export interface TryWithLockOptions extends TryOptions, Pick<LockOptions, 'leaseSeconds' | 'fencing'> {}

/**
 * Locks that share a table, a connection and settings: what a handler needs that holds a lock while it works.
 * A bundle that takes no more of the library than that has no more in it: a class's methods go along unused.
 */
export class Locks {
  /** @internal */
  protected readonly leaseSeconds: Lease;
  private readonly waitSeconds: number;
  /** @internal */
  protected readonly fencing: boolean;
  /** @internal */
  protected readonly settings: TargetSettings;
  private readonly footing: Footing;

  /** @internal */
  constructor(
    process: LockProcess,
    store: LockStore,
    settings: FactorySettings,
    hostIdentifier: (requestId: string | undefined) => string,
    /** Asked at each use: what the locks rest on instead, for the time being. */
    private readonly instead: () => Footing | undefined = () => undefined,
  ) {
    this.footing = { process, store };
    const { leaseSeconds = DEFAULT_LEASE_SECONDS, waitSeconds = DEFAULT_WAIT_SECONDS } = settings;
    const { clockToleranceSeconds = DEFAULT_CLOCK_TOLERANCE_SECONDS, observers = [] } = settings;
    const logger = harmless(settings.logger === undefined ? consoleLogger : checkedLogger(settings.logger));
    const logLines = settings.logger === undefined ? new LossLines(logger) : new LogLines(logger);
    const metricLines = settings.metrics === undefined ? [] : [new MetricLines(checkedMetrics(settings.metrics))];
    this.leaseSeconds = checkedLease(leaseSeconds);
    this.waitSeconds = checkedWait(waitSeconds);
    this.fencing = checkedFencing(settings.fencing ?? false);
    const givenHost = settings.hostIdentifier === undefined ? undefined : checkedHost(settings.hostIdentifier);
    this.settings = {
      clockToleranceSeconds: checkedTolerance(clockToleranceSeconds),
      logger,
      observers: [logLines, ...metricLines, ...checkedObservers(observers)],
      hostIdentifier: givenHost === undefined ? hostIdentifier : () => givenHost,
    };
  }

  /**
   * A lock by its name; sends no request.
   * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
   * @throws LockOptionError
   */
  createLock(name: string, options: LockOptions = {}): Lock {
    refuseUnknown(options, LOCK_OPTIONS, 'createLock');
    return this.lock(name, options);
  }

  /** As `Lock.withLock`, by name. */
  withLock<T>(name: string, work: Work<T>): Promise<T>;
  withLock<T>(name: string, options: WithLockOptions | undefined, work: Work<T>): Promise<T>;
  async withLock<T>(name: string, ...args: WorkArguments<WithLockOptions, T>): Promise<T> {
    const { options, work } = workArguments(args, 'withLock');
    refuseUnknown(options, WITH_LOCK_OPTIONS, 'withLock');
    const { leaseSeconds, waitSeconds, fencing, ...call } = options;
    return this.lock(name, { leaseSeconds, waitSeconds, fencing }).withLock(call, work);
  }

  /** As `Lock.tryWithLock`, by name. */
  tryWithLock<T>(name: string, work: Work<T>): Promise<TryOutcome<T>>;
  tryWithLock<T>(name: string, options: TryWithLockOptions | undefined, work: Work<T>): Promise<TryOutcome<T>>;
  async tryWithLock<T>(name: string, ...args: WorkArguments<TryWithLockOptions, T>): Promise<TryOutcome<T>> {
    const { options, work } = workArguments(args, 'tryWithLock');
    refuseUnknown(options, ['leaseSeconds', 'fencing', ...TRY_OPTIONS], 'tryWithLock');
    const { leaseSeconds, fencing, ...call } = options;
    return this.lock(name, { leaseSeconds, fencing }).tryWithLock(call, work);
  }

  private lock(name: string, options: LockOptions): Lock {
    return new Lock({ ...this.lockSettings(name, options), reach: (reached) => this.reach(reached) });
  }

  /**
   * The settings of one lock, the factory's where it has none of its own.
   * @internal
   */
  lockSettings(name: string, options: LockOptions) {
    const { leaseSeconds, waitSeconds, lockAtLeastSeconds = 0, fencing = this.fencing } = options;
    return {
      name: checkedName(name),
      leaseSeconds: leaseSeconds === undefined ? this.leaseSeconds : checkedLease(leaseSeconds),
      waitSeconds: waitSeconds === undefined ? this.waitSeconds : checkedWait(waitSeconds),
      lockAtLeastSeconds: checkedAtLeast(lockAtLeastSeconds),
      fencing: checkedFencing(fencing),
    };
  }

  /** @internal */
  protected get process(): LockProcess {
    return (this.instead() ?? this.footing).process;
  }

  /** @internal */
  protected get store(): LockStore {
    return (this.instead() ?? this.footing).store;
  }

  /** @internal */
  async reach(name: string, title?: string): Promise<LockTarget> {
    const { process, store, settings } = this;
    const local = process.localLock(await store.identify(name));
    return new LockTarget(process, store, name, local, settings, title);
  }
}
