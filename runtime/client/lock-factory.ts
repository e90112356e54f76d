import { adoptHold, contendForLock } from '../acquire/acquire.js';
import { acquireRequest } from '../acquire/acquire-request.js';
import {
  holdOne,
  type Lock,
  lockOf,
  type TryOutcome,
  type TryWithLockOptions,
  tryOne,
  type WithLockOptions,
} from '../acquire/lock.js';
import { LockClient } from '../acquire/lock-client.js';
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

/** BatchGetItem reads at most this many items. */
const MOST_PERMITS = 100;

const checkedPermits = check<number>(
  (value) => isWholeWithin(value, 1, MOST_PERMITS),
  `permits is a whole number from 1 to ${MOST_PERMITS}`,
  '; for more, let callers choose between several semaphores',
);

/** How many permits a semaphore of this name has. @throws LockOptionError if it cannot have so many, or that name */
export function checkedPermitCount(name: string, permits: number): number {
  const count = checkedPermits(permits);
  checkedName(permitName(checkedName(name), count - 1));
  return count;
}

/**
 * Makes locks that share a table, a connection and settings. `getLockFactory` makes a factory, and `createTestLocks`
 * makes one for tests. Use the class itself as a token for dependency injection, or with `instanceof`; do not construct
 * it.
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
   * Makes a lock. Sends no request.
   * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
   * @param options override the factory's, for this lock
   * @throws LockOptionError if the name or an option is not allowed
   * @example
   * import { getLockFactory } from 'cdk-lynk/runtime';
   *
   * const lock = getLockFactory('my-locks').createLock('report', { leaseSeconds: 20 });
   * await using held = await lock.acquire({ waitSeconds: 5 });
   * console.log(held.remainingSeconds);
   */
  createLock(name: string, options: LockOptions = {}): Lock {
    return lockOf(this, name, options);
  }

  /**
   * Waits for a lock, and holds it while `work` runs: `createLock(name).withLock(work)`, with the same errors.
   * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
   * @param work runs once the lock is held, and gets the held lock
   */
  withLock<T>(name: string, work: Work<T>): Promise<T>;
  /**
   * Waits for a lock, and holds it while `work` runs, with options for this call.
   * @param options for this call; they override the defaults
   */
  withLock<T>(name: string, options: WithLockOptions | undefined, work: Work<T>): Promise<T>;
  async withLock<T>(name: string, ...args: WorkArguments<WithLockOptions, T>): Promise<T> {
    return holdOne(this, name, args);
  }

  /**
   * Tries once to get a lock: `createLock(name).tryWithLock(work)`, with the same errors.
   * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
   * @param work runs if the lock was free, and gets the held lock
   */
  tryWithLock<T>(name: string, work: Work<T>): Promise<TryOutcome<T>>;
  /**
   * Tries once to get a lock, with options for this call.
   * @param options for this call; they override the defaults
   */
  tryWithLock<T>(name: string, options: TryWithLockOptions | undefined, work: Work<T>): Promise<TryOutcome<T>>;
  async tryWithLock<T>(name: string, ...args: WorkArguments<TryWithLockOptions, T>): Promise<TryOutcome<T>> {
    return tryOne(this, name, args);
  }

  /**
   * Makes a semaphore: at most `permits` may hold it at the same time, over all functions. Sends no request. Its
   * permits are the locks `name#0`, `name#1` and so on. They need not be created, so the number of permits may change
   * at any time.
   * @param name 1 to 2,048 UTF-8 bytes, including the permit's number
   * @param options `permits`, and defaults for its holds
   * @throws LockOptionError if the name or an option is not allowed
   * @example
   * import { getLockFactory } from 'cdk-lynk/runtime';
   *
   * const partner = getLockFactory('my-locks').createSemaphore('partner-api', { permits: 5 });
   * await partner.withPermit((held) => fetch('https://example.com/orders', { signal: held.signal }));
   */
  createSemaphore(name: string, options: SemaphoreOptions): Semaphore {
    refuseUnknown(options, SEMAPHORE_OPTIONS, 'createSemaphore');
    // In JavaScript, the options may be missing.
    const { permits, leaseSeconds, waitSeconds } = { ...options };
    const count = checkedPermitCount(name, permits);
    const reach = (reached: string): Promise<SemaphoreRef> => this.reachSemaphore(reached, count);
    return new Semaphore({ ...this.lockSettings(name, { leaseSeconds, waitSeconds, fencing: false }), reach }, count);
  }

  /**
   * Holds several locks while `work` runs: all of them, or none. Callers never deadlock, whatever locks they want, and
   * in whatever order. If one lock is lost, `held.signal` aborts. `waitSeconds` is for all locks together.
   * @param names 1 to 100 names, each once
   * @param work runs once all locks are held, and gets them
   * @throws LockNotGrantedError or LockUnavailableError about the lock that was not granted in time
   * @throws LockOptionError if a name is given twice, there are none or more than 100, or an option is not allowed
   * @throws the other errors of `Lock.withLock`
   */
  withLocks<T>(names: readonly string[], work: WorkOnSeveral<T>): Promise<T>;
  /**
   * Holds several locks while `work` runs, with options for this call. Its errors are those without options.
   * @param options for this call; they override the defaults
   */
  withLocks<T>(names: readonly string[], options: WithLocksOptions | undefined, work: WorkOnSeveral<T>): Promise<T>;
  async withLocks<T>(
    names: readonly string[],
    ...args: WorkArguments<WithLocksOptions, T, WorkOnSeveral<T>>
  ): Promise<T> {
    return holdSeveral(this, names, args);
  }

  /**
   * Runs `work` once for all callers, in any number of functions: one caller runs it, and the others wait for its
   * result. Later callers get the same result as long as it is fresh. It is kept in the lock's entry, as JSON.
   * @param name the name of the lock that `work` runs under
   * @param work resolves to a JSON value of at most 4 KB, or to undefined. Every caller gets the value as read from
   *   JSON.
   * @param options how long a result is fresh, and what locks take
   * @throws what `work` throws, to the caller that ran it; another caller runs `work` then
   * @throws LockNotGrantedError if another caller's `work` was still running after `waitSeconds`
   * @throws LockOptionError if the result is not a JSON value, or too long; or if the name or an option is not allowed
   * @throws the other errors of `Lock.withLock`
   */
  async singleFlight<T>(name: string, options: SingleFlightOptions, work: Work<T>): Promise<T> {
    return flySingly(this, name, options, work);
  }

  /**
   * Goes on holding a lock that was handed over by `serialize`, of this library or of Python's `lynk`. The lock must be
   * in this factory's table. The hold gets this factory's lease.
   * @param text what `serialize` returned
   * @param options for this hold; they override the defaults
   * @throws CannotDeserializeError if the text is not from `serialize`
   * @throws LockLostError if the text was used before, or is used too late
   * @throws LockUnavailableError if DynamoDB did not answer in time. This process may try the text again, until another
   *   takes the lock after a lease.
   * @throws LockOptionError if an option is not allowed
   * @throws LockTableError if the table cannot be used, or the caller may not use it
   * @throws LockEntryError if the table's item with the lock's name is not a lock's entry
   * @example
   * import { getLockFactory } from 'cdk-lynk/runtime';
   *
   * export const handler = async (event: { handOver: string }) => {
   *   await using held = await getLockFactory('my-locks').deserializeLock(event.handOver);
   *   await fetch('https://example.com/step/2', { method: 'POST', signal: held.signal });
   * };
   */
  async deserializeLock(text: string, options: DeserializeOptions = {}): Promise<HeldLock> {
    refuseUnknown(options, DESERIALIZE_OPTIONS, 'deserializeLock');
    const handOver = parseHandOver(text);
    const { lockName: name } = handOver;
    const reach = (): Promise<LockRef<LockStore>> => this.reach(name);
    const { leaseSeconds, maxInvocationLeaseSeconds } = this;
    const fencing = checkedFencing(options.fencing, this.fencing);
    const settings = { name, leaseSeconds, maxInvocationLeaseSeconds, fencing, reach, contend: contendForLock };
    return adoptHold(await acquireRequest<LockRef<LockStore>>(settings, options), handOver);
  }

  /**
   * Reads the lock's entry, by a consistent read: who holds it, and whether the holder seems alive.
   * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
   * @param options `signal` ends the wait for the answer
   * @returns undefined if there is no entry: then nobody holds the lock
   * @throws LockUnavailableError if no answer came within 10 s
   * @throws LockTableError if the table cannot be used, or the caller may not use it
   * @throws LockEntryError if the table's item with this name is not a lock's entry
   * @throws LockOptionError if the name or an option is not allowed
   * @example
   * import { getLockFactory } from 'cdk-lynk/runtime';
   *
   * const nightly = await getLockFactory('my-locks').inspect('nightly');
   * console.log(nightly?.holder ? `held by ${nightly.holder}` : 'free');
   */
  async inspect(name: string, options: WaitOptions = {}): Promise<LockInspection | undefined> {
    const signal = signalIn(options, 'inspect');
    const ref = await this.reach(checkedName(name));
    const seen = await readEntry(ref, signal);
    return seen && inspectionOf(ref, ref.observed, seen);
  }

  /**
   * Lists the table's locks, in no order. It reads the whole table, page by page, while it is iterated. The reads are
   * eventually consistent, and cost half a read unit for each 4 KB.
   * @param options which locks, and a `signal` that ends the reading
   * @throws LockOptionError at once, if an option is not allowed
   * @throws LockTableError while iterating, if the table cannot be used, or the caller may not read it
   * @throws LockUnavailableError while iterating, if no answer came within 10 s
   * @example
   * import { getLockFactory } from 'cdk-lynk/runtime';
   *
   * const factory = getLockFactory('my-locks');
   * for await (const { name, holder } of factory.list({ prefix: 'account/' })) console.log(name, `${holder}`);
   */
  list(options: ListOptions = {}): AsyncIterableIterator<LockInspection, undefined, undefined> {
    return listLocks(new TableClient(this.manager, this.store, this.settings), options);
  }

  /**
   * Breaks another's hold on the lock: writes a tombstone into the entry, so that the holder's next refresh fails. The
   * holder learns of it within half a lease, by a `LockLostError` with the reason. The lock stays taken for a whole
   * lease, so nobody gets it while the holder may still believe that it holds it.
   * @param name 1 to 2,048 UTF-8 bytes, such as `account/42`
   * @param options why, and which hold, as `inspect` saw it
   * @returns what the entry says now; undefined with `force`, which deletes the entry
   * @throws BreakRefusedError if the lock has changed since it was inspected, or nobody holds it
   * @throws LockUnavailableError if no answer came within 10 s
   * @throws LockTableError if the table cannot be used, or the caller may not use it
   * @throws LockEntryError if the table's item with this name is not a lock's entry
   * @throws LockOptionError if the name or an option is not allowed
   * @example
   * import { getLockFactory } from 'cdk-lynk/runtime';
   *
   * const factory = getLockFactory('my-locks');
   * const seen = await factory.inspect('nightly');
   * if (seen?.holder) await factory.break('nightly', { reason: 'the host is gone', version: seen.version });
   */
  async break(name: string, options: BreakOptions): Promise<LockInspection | undefined> {
    return breakLock(await this.reach(checkedName(name)), options);
  }

  /** @internal */
  async reachSemaphore(name: string, count: number): Promise<SemaphoreRef> {
    const { manager, store, settings } = this;
    const names = Array.from({ length: count }, (_, index) => permitName(name, index));
    const titleOf = (permit: string): string => `permit ${JSON.stringify(permit)} of semaphore ${JSON.stringify(name)}`;
    const permits = await Promise.all(names.map((permit) => this.reach(permit, titleOf(permit))));
    // One queue for each number of permits: callers that want one of 5 need not wait behind those that want one of 2.
    const id = JSON.stringify(['semaphore', count, await store.identify(name)]);
    const shared = manager.sharedLock(id, store.connection);
    return new SemaphoreRef(manager, store, settings, name, permits, shared);
  }
}
