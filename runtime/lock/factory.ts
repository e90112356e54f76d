import { adoptHold } from './acquisition.js';
import { type BreakOptions, breakLock, lookAt } from './break.js';
import { parseHandOver } from './hand-over.js';
import type { HeldLock, WaitOptions } from './held-lock.js';
import { inspectionOf, type LockInspection } from './inspection.js';
import type { Lease } from './invocation.js';
import { type ListOptions, listLocks } from './listing.js';
import { askFor, Lock, type TryOutcome } from './lock.js';
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
  checkedNames,
  checkedObservers,
  checkedPermits,
  checkedSignal,
  checkedTolerance,
  checkedWait,
  checkedWork,
  DESERIALIZE_OPTIONS,
  type DeserializeOptions,
  type FactorySettings,
  LOCK_OPTIONS,
  type LockOptions,
  refuseUnknown,
  SEMAPHORE_OPTIONS,
  type SemaphoreOptions,
  SINGLE_FLIGHT_OPTIONS,
  type SingleFlightOptions,
  TRY_OPTIONS,
  type TryOptions,
} from './options.js';
import type { LockProcess } from './process.js';
import { Semaphore } from './semaphore.js';
import { permitName, SemaphoreTarget } from './semaphore-target.js';
import { SeveralLocks, type WorkOnSeveral } from './several-locks.js';
import { singleFlight } from './single-flight.js';
import type { Footing } from './stand-in.js';
import type { LockStore } from './store.js';
import { LockTable, type TargetSettings } from './table.js';
import { LockTarget } from './target.js';
import { type Work, type WorkArguments, workArguments } from './with-lock.js';

const DEFAULT_LEASE_SECONDS = 10;
const DEFAULT_WAIT_SECONDS = 30;
const DEFAULT_CLOCK_TOLERANCE_SECONDS = 3;

const WITH_LOCK_OPTIONS = [...new Set([...LOCK_OPTIONS, ...ACQUIRE_OPTIONS])];

/** What `withLock` of a factory takes: the lock's options and those of the call. */
export interface WithLockOptions extends LockOptions, AcquireOptions {}

/** What `withLocks` takes. What was taken is given back at once where not all are to be had, so it stays for no time. */
export type WithLocksOptions = Omit<WithLockOptions, 'lockAtLeastSeconds'>;

const WITH_LOCKS_OPTIONS = WITH_LOCK_OPTIONS.filter((key) => key !== 'lockAtLeastSeconds');

/** What `tryWithLock` of a factory takes. */
export interface TryWithLockOptions extends TryOptions, Pick<LockOptions, 'leaseSeconds' | 'fencing'> {}

/** Makes locks that share a table, a connection and settings. */
export class LockFactory {
  private readonly leaseSeconds: Lease;
  private readonly waitSeconds: number;
  private readonly fencing: boolean;
  private readonly settings: TargetSettings;
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

  /**
   * A semaphore by its name: at most `permits` holders at once, over all functions. Sends no request. Its
   * permits are the locks `name#0`, `name#1` and so on, which need no setting up, so another client may
   * ask for more permits, or fewer, at any time.
   * @param name as of a lock, with room for its permits' numbers
   * @throws LockOptionError
   */
  createSemaphore(name: string, options: SemaphoreOptions): Semaphore {
    refuseUnknown(options, SEMAPHORE_OPTIONS, 'createSemaphore');
    // Who calls from JavaScript may leave them out.
    const { permits, leaseSeconds, waitSeconds } = { ...options };
    const count = checkedPermits(permits);
    checkedName(permitName(checkedName(name), count - 1));
    const reach = (reached: string): Promise<SemaphoreTarget> => this.reachSemaphore(reached, count);
    return new Semaphore({ ...this.lockSettings(name, { leaseSeconds, waitSeconds, fencing: false }), reach }, count);
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

  /**
   * Holds several locks while `work` runs: all of them, or none. However many callers ask for overlapping
   * ones, in whatever order, they do not wait for each other in a circle. The loss of one aborts all.
   * `waitSeconds` is for all together.
   * @param names 1 to 100, each once
   * @throws as `Lock.withLock`; `LockNotGrantedError` names the lock that was not to be had
   */
  withLocks<T>(names: readonly string[], work: WorkOnSeveral<T>): Promise<T>;
  withLocks<T>(names: readonly string[], options: WithLocksOptions | undefined, work: WorkOnSeveral<T>): Promise<T>;
  async withLocks<T>(
    names: readonly string[],
    ...args: WorkArguments<WithLocksOptions, T, WorkOnSeveral<T>>
  ): Promise<T> {
    const { options, work } = workArguments<WithLocksOptions, T, WorkOnSeveral<T>>(args, 'withLocks');
    refuseUnknown(options, WITH_LOCKS_OPTIONS, 'withLocks');
    const { leaseSeconds, waitSeconds, fencing, ...call } = options;
    const several = checkedNames(names);
    const settings = this.lockSettings(several[0] ?? '', { leaseSeconds, waitSeconds, fencing });
    const reach = (name: string): Promise<LockTarget> => this.reach(name);
    return new SeveralLocks(several, { ...settings, reach }, call).holdWhile(work);
  }

  /**
   * Of all who ask at once, in any number of functions, one does the work; the others wait for its result,
   * and those who ask later get it too, while it is fresh. It is kept in the lock's entry, as JSON.
   * @param name of the lock that the work runs under
   * @param work resolves to a JSON value of at most 4 KB, or to nothing; all get what JSON makes of it
   * @throws what `work` throws, to the caller whose work it was; then the next one does it
   * @throws LockNotGrantedError where another was still at it after `waitSeconds`
   * @throws LockOptionError where the result is no JSON, or too long
   * @throws otherwise as `Lock.withLock`
   */
  async singleFlight<T>(name: string, options: SingleFlightOptions, work: Work<T>): Promise<T> {
    refuseUnknown(options, SINGLE_FLIGHT_OPTIONS, 'singleFlight');
    const { leaseSeconds, waitSeconds, ...call } = { ...options };
    const settings = this.lockSettings(name, { leaseSeconds, waitSeconds, fencing: false });
    const reach = (reached: string): Promise<LockTarget> => this.reach(reached);
    return singleFlight({ ...settings, reach }, call, checkedWork(work, 'singleFlight'));
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

  /**
   * Goes on holding a lock that `serialize` here, or Python's `serialize`, handed over. The lock is looked
   * for in this factory's table, and held with its lease.
   * @throws CannotDeserializeError where the text is none of theirs
   * @throws LockLostError where it was used before, or came too late
   * @throws LockNotGrantedError where DynamoDB did not answer in time; the text may then be tried again
   */
  async deserializeLock(text: string, options: DeserializeOptions = {}): Promise<HeldLock> {
    refuseUnknown(options, DESERIALIZE_OPTIONS, 'deserializeLock');
    const { fencing = this.fencing, ...call } = options;
    const handOver = parseHandOver(text);
    const name = checkedName(handOver.lockName);
    const reach = (): Promise<LockTarget> => this.reach(name);
    const { leaseSeconds } = this;
    const settings = { name, leaseSeconds, fencing: checkedFencing(fencing), reach };
    return adoptHold(await askFor(settings, call), handOver);
  }

  /**
   * What the lock's entry tells at this moment, by a consistent read: who holds it, and whether its holder
   * seems alive. Resolves to `undefined` where there is no entry: nobody holds it.
   * @throws LockEntryError, LockTableError, LockOptionError; LynkError where no answer came in time
   */
  async inspect(name: string, options: WaitOptions = {}): Promise<LockInspection | undefined> {
    refuseUnknown(options, ['signal'], 'inspect');
    const signal = checkedSignal(options.signal);
    const target = await this.reach(checkedName(name));
    const look = await lookAt(target, signal);
    return look && inspectionOf(target, target.local, look);
  }

  /**
   * The table's locks, in no order, as they are held while it is read, page after page:
   *
   *     for await (const { name, holder } of factory.list({ prefix: 'account/' })) console.log(name, `${holder}`);
   *
   * It reads the whole table, eventually consistent: half a read unit for each 4 KB.
   * @throws LockOptionError at once; while iterating LockTableError, and LynkError where no answer came in time
   */
  list(options: ListOptions = {}): AsyncIterableIterator<LockInspection, undefined, undefined> {
    return listLocks(new LockTable(this.process, this.store, this.settings), options);
  }

  /**
   * Breaks off the hold that another has on the lock: puts a version that nobody holds in place of its
   * entry's. The holder is told at its next write, within half a lease, with a `LockLostError` that gives the
   * reason; and since its lease runs out first, nobody takes the lock while it may still believe.
   *
   *     const seen = await factory.inspect('nightly');
   *     if (seen?.looksDead === undefined) await factory.break('nightly', { reason: 'host is gone', version: seen?.version });
   *
   * Resolves to what then stands in the table, or, by `force`, to `undefined`.
   * @throws LockNotBrokenError where it has changed since it was looked at, or nobody holds it
   * @throws LockEntryError, LockTableError, LockOptionError; LynkError where no answer came in time
   */
  async break(name: string, options: BreakOptions): Promise<LockInspection | undefined> {
    return breakLock(await this.reach(checkedName(name)), options);
  }

  private lock(name: string, options: LockOptions): Lock {
    return new Lock({ ...this.lockSettings(name, options), reach: (reached) => this.reach(reached) });
  }

  private lockSettings(name: string, options: LockOptions) {
    const { leaseSeconds, waitSeconds, lockAtLeastSeconds = 0, fencing = this.fencing } = options;
    return {
      name: checkedName(name),
      leaseSeconds: leaseSeconds === undefined ? this.leaseSeconds : checkedLease(leaseSeconds),
      waitSeconds: waitSeconds === undefined ? this.waitSeconds : checkedWait(waitSeconds),
      lockAtLeastSeconds: checkedAtLeast(lockAtLeastSeconds),
      fencing: checkedFencing(fencing),
    };
  }

  private get process(): LockProcess {
    return (this.instead() ?? this.footing).process;
  }

  private get store(): LockStore {
    return (this.instead() ?? this.footing).store;
  }

  private async reach(name: string, title?: string): Promise<LockTarget> {
    const { process, store, settings } = this;
    const local = process.localLock(await store.identify(name));
    return new LockTarget(process, store, name, local, settings, title);
  }

  private async reachSemaphore(name: string, count: number): Promise<SemaphoreTarget> {
    const { process, store, settings } = this;
    const names = Array.from({ length: count }, (_, index) => permitName(name, index));
    const titleOf = (permit: string): string => `permit ${JSON.stringify(permit)} of semaphore ${JSON.stringify(name)}`;
    const permits = await Promise.all(names.map((permit) => this.reach(permit, titleOf(permit))));
    // Those who want one of another number of permits queue apart: what holds these up need not hold up them.
    const queue = process.localLock(JSON.stringify(['semaphore', count, await store.identify(name)]));
    return new SemaphoreTarget(process, store, settings, name, permits, queue);
  }
}
