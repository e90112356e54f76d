import { adoptHold } from '../acquire/acquire.js';
import { acquireRequest } from '../acquire/acquire-request.js';
import { type Lock, lockOf } from '../acquire/lock.js';
import { LockClient } from '../acquire/lock-client.js';
import {
  holdOne,
  type TryOutcome,
  type TryWithLockOptions,
  tryOne,
  type WithLockOptions,
} from '../acquire/one-lock.js';
import { type BreakOptions, breakLock } from '../admin/break.js';
import { inspectionOf, type ListOptions, type LockInspection, listLocks, readEntry } from '../admin/inspect.js';
import type { Backend } from '../core/backend.js';
import type { LockManager } from '../core/lock-manager.js';
import type { LockStore } from '../core/store.js';
import type { LockRef } from '../entry/lock-ref.js';
import { TableClient } from '../entry/table-client.js';
import { LockOptionError } from '../errors.js';
import { parseHandOver } from '../hold/hand-over-text.js';
import type { Work, WorkArguments } from '../hold/run-under.js';
import type { HeldLock, WaitOptions } from '../options/held-lock.js';
import {
  DESERIALIZE_OPTIONS,
  type DeserializeOptions,
  type FactorySettings,
  type LockOptions,
  SEMAPHORE_OPTIONS,
  type SemaphoreOptions,
  type SingleFlightOptions,
} from '../options/options.js';
import { check, checkedFencing, checkedName, isWholeWithin, refuseUnknown, signalIn } from '../options/validate.js';
import { holdSeveral, type WithLocksOptions, type WorkOnSeveral } from '../recipes/multi-lock.js';
import { Semaphore } from '../recipes/semaphore.js';
import { permitName, SemaphoreRef } from '../recipes/semaphore-ref.js';
import { flySingly } from '../recipes/single-flight.js';
import { settled } from './factory-settings.js';

/** The items that one BatchGetItem reads at most. */
const MOST_PERMITS = 100;

const checkedPermits = check<number>(
  (value) => isWholeWithin(value, 1, MOST_PERMITS),
  `permits is a whole number from 1 to ${MOST_PERMITS}`,
  '; for more, let callers choose between several semaphores',
);

/**
 * Makes locks that share a table, a connection and settings. `getLockFactory` makes one, and `createTestLocks` for
 * tests. The class itself is a token for dependency injection, and for `instanceof`; nobody else constructs it.
 */
export class LockFactory extends LockClient<LockStore> {
  /** @internal */
  constructor(
    manager: LockManager,
    store: LockStore,
    settings: FactorySettings,
    hostIdentifier: (requestId: string | undefined) => string,
    instead?: () => Backend | undefined,
  ) {
    if (!store) throw new LockOptionError('a LockFactory is made by getLockFactory, or for tests by createTestLocks');
    super(manager, store, settled(settings, hostIdentifier), instead);
  }

  /**
   * A lock by its name; sends no request.
   * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
   * @throws LockOptionError
   */
  createLock(name: string, options: LockOptions = {}): Lock {
    return lockOf(this, name, options);
  }

  /** As `Lock.withLock`, by name. */
  withLock<T>(name: string, work: Work<T>): Promise<T>;
  withLock<T>(name: string, options: WithLockOptions | undefined, work: Work<T>): Promise<T>;
  async withLock<T>(name: string, ...args: WorkArguments<WithLockOptions, T>): Promise<T> {
    return holdOne(this, name, args);
  }

  /** As `Lock.tryWithLock`, by name. */
  tryWithLock<T>(name: string, work: Work<T>): Promise<TryOutcome<T>>;
  tryWithLock<T>(name: string, options: TryWithLockOptions | undefined, work: Work<T>): Promise<TryOutcome<T>>;
  async tryWithLock<T>(name: string, ...args: WorkArguments<TryWithLockOptions, T>): Promise<TryOutcome<T>> {
    return tryOne(this, name, args);
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
    const reach = (reached: string): Promise<SemaphoreRef> => this.reachSemaphore(reached, count);
    return new Semaphore({ ...this.lockSettings(name, { leaseSeconds, waitSeconds, fencing: false }), reach }, count);
  }

  /**
   * Holds several locks while `work` runs: all of them, or none. However many callers ask for overlapping
   * ones, in whatever order, they do not wait for each other in a circle. The loss of one aborts all.
   * `waitSeconds` is for all together.
   * @param names 1 to 100, each once
   * @throws as `Lock.withLock`; `LockNotGrantedError`, or `LockUnavailableError`, names the lock that was not to be had
   */
  withLocks<T>(names: readonly string[], work: WorkOnSeveral<T>): Promise<T>;
  withLocks<T>(names: readonly string[], options: WithLocksOptions | undefined, work: WorkOnSeveral<T>): Promise<T>;
  async withLocks<T>(
    names: readonly string[],
    ...args: WorkArguments<WithLocksOptions, T, WorkOnSeveral<T>>
  ): Promise<T> {
    return holdSeveral(this, names, args);
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
    return flySingly(this, name, options, work);
  }

  /**
   * Goes on holding a lock that `serialize` here, or Python's `serialize`, handed over. The lock is looked
   * for in this factory's table, and held with its lease.
   * @throws CannotDeserializeError where the text is none of theirs
   * @throws LockLostError where it was used before, or came too late
   * @throws LockUnavailableError where DynamoDB did not answer in time; this process may then try the text again, as
   *   long as the lock is not taken by another: after a lease
   */
  async deserializeLock(text: string, options: DeserializeOptions = {}): Promise<HeldLock> {
    refuseUnknown(options, DESERIALIZE_OPTIONS, 'deserializeLock');
    const handOver = parseHandOver(text);
    const { lockName: name } = handOver;
    const reach = (): Promise<LockRef<LockStore>> => this.reach(name);
    const { leaseSeconds, maxInvocationLeaseSeconds } = this;
    const fencing = checkedFencing(options.fencing, this.fencing);
    const settings = { name, leaseSeconds, maxInvocationLeaseSeconds, fencing, reach };
    return adoptHold(await acquireRequest(settings, options), handOver);
  }

  /**
   * What the lock's entry tells at this moment, by a consistent read: who holds it, and whether its holder
   * seems alive. Resolves to `undefined` where there is no entry: nobody holds it.
   * @throws LockEntryError, LockTableError, LockOptionError; LynkError where no answer came in time
   */
  async inspect(name: string, options: WaitOptions = {}): Promise<LockInspection | undefined> {
    const signal = signalIn(options, 'inspect');
    const ref = await this.reach(checkedName(name));
    const seen = await readEntry(ref, signal);
    return seen && inspectionOf(ref, ref.queue, seen);
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
    return listLocks(new TableClient(this.manager, this.store, this.settings), options);
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
   * @throws BreakRefusedError where it has changed since it was looked at, or nobody holds it
   * @throws LockEntryError, LockTableError, LockOptionError; LynkError where no answer came in time
   */
  async break(name: string, options: BreakOptions): Promise<LockInspection | undefined> {
    return breakLock(await this.reach(checkedName(name)), options);
  }

  private async reachSemaphore(name: string, count: number): Promise<SemaphoreRef> {
    const { manager, store, settings } = this;
    const names = Array.from({ length: count }, (_, index) => permitName(name, index));
    const titleOf = (permit: string): string => `permit ${JSON.stringify(permit)} of semaphore ${JSON.stringify(name)}`;
    const permits = await Promise.all(names.map((permit) => this.reach(permit, titleOf(permit))));
    // Those who want one of another number of permits queue apart: what holds these up need not hold up them.
    const id = JSON.stringify(['semaphore', count, await store.identify(name)]);
    const queue = manager.localQueue(id, store.connection);
    return new SemaphoreRef(manager, store, settings, name, permits, queue);
  }
}
