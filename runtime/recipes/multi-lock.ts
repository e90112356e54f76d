import { acquireHold } from '../acquire/acquire.js';
import type { LockSettings } from '../acquire/acquire-request.js';
import { WITH_LOCK_OPTIONS, type WithLockOptions } from '../acquire/lock.js';
import type { LockClient } from '../acquire/lock-client.js';
import { newController, whenAborted } from '../core/abort.js';
import type { LockManager } from '../core/lock-manager.js';
import { refuseReentry } from '../entry/scope.js';
import {
  InvocationEndingError,
  LockLostError,
  LockNotGrantedError,
  LockOptionError,
  LockUnavailableError,
} from '../errors.js';
import type { Hold } from '../hold/hold.js';
import { holdAllWhile, type WorkArguments, workArguments } from '../hold/run-under.js';
import type { HeldLock } from '../options/held-lock.js';
import type { TryOptions } from '../options/options.js';
import { checkedName, checkedSignal, refuseUnknown, shown } from '../options/validate.js';

/** As many as one transaction of DynamoDB writes, so that they can be guarded together. */
const MOST_LOCKS_AT_ONCE = 100;

/** @throws LockOptionError unless they are several lock names, each once */
function checkedNames(names: unknown): readonly string[] {
  if (!Array.isArray(names)) throw new LockOptionError(`withLocks takes a list of lock names, got ${shown(names)}`);
  if (names.length === 0 || names.length > MOST_LOCKS_AT_ONCE) {
    throw new LockOptionError(
      `withLocks takes 1 to ${MOST_LOCKS_AT_ONCE} lock names, got ${names.length}; lock what they belong to instead`,
    );
  }
  const checked = Array.from(names, checkedName);
  const twice = [...new Set(checked.filter((name, index) => checked.indexOf(name) !== index))];
  if (twice.length === 0) return checked;
  throw new LockOptionError(
    `withLocks got ${twice.map(shown).join(', ')} more than once; nobody can hold a lock twice: name each once`,
  );
}

/** Several locks that are held together. */
export interface HeldLocks {
  /** The locks, in the order in which they were asked for. */
  readonly locks: readonly HeldLock[];
  /** Aborts when any of the locks is lost, with its `LockLostError`, and when the caller's own signal does. */
  readonly signal: AbortSignal;
  /** Whether all of the locks are held at this moment, by the clock. */
  readonly isHeld: boolean;
  /** Seconds for which all of the locks are certainly ours if no further refresh succeeds; 0 when one is not held. */
  readonly remainingSeconds: number;
  /** Throws the `LockLostError` of a lock that is not held at this moment, and for `forSeconds` more (default 0). */
  assertHeld(options?: { readonly forSeconds?: number }): void;
}

/** What `withLocks` takes. What was taken is given back at once where not all are to be had, so it stays for no time. */
export type WithLocksOptions = Omit<WithLockOptions, 'lockAtLeastSeconds'>;

const WITH_LOCKS_OPTIONS = /* @__PURE__ */ WITH_LOCK_OPTIONS.filter((key) => key !== 'lockAtLeastSeconds');

/** What runs while several locks are held. */
export type WorkOnSeveral<T> = (held: HeldLocks) => T | PromiseLike<T>;

/** Holds the locks while `work` runs, as `withLocks` of a factory says. */
export async function holdSeveral<T>(
  client: LockClient,
  names: readonly string[],
  args: WorkArguments<WithLocksOptions, T, WorkOnSeveral<T>>,
): Promise<T> {
  const { options, work } = workArguments<WithLocksOptions, T, WorkOnSeveral<T>>(args, 'withLocks');
  refuseUnknown(options, WITH_LOCKS_OPTIONS, 'withLocks');
  const several = checkedNames(names);
  const settings = client.lockSettings(several[0] ?? '', options);
  return new SeveralLocks(several, settings, options).holdWhile(work);
}

/**
 * One asking for several locks: all or none. They are taken one by one, in the order of their names, so
 * that whoever waits for one holds only such as come before it: no two such callers wait for each other,
 * in one process or in many.
 */
class SeveralLocks {
  private readonly group = newController();
  /** In the order of names. */
  private readonly holds: Hold[] = [];

  constructor(
    private readonly names: readonly string[],
    private readonly settings: Omit<LockSettings, 'name'>,
    private readonly options: TryOptions,
  ) {}

  async holdWhile<T>(work: WorkOnSeveral<T>): Promise<T> {
    const signal = checkedSignal(this.options.signal);
    signal?.throwIfAborted();
    const stop = signal && whenAborted(signal, () => this.group.abort(signal.reason));
    try {
      const targets = await Promise.all(this.names.map((name) => this.settings.reach(name)));
      // Before anything is taken: it would have to be given back.
      for (const ref of targets) refuseReentry(ref);
      await this.acquireAll(targets[0]?.manager as LockManager);
      return await holdAllWhile(this.holds, () => work(this.held()));
    } finally {
      stop?.();
    }
  }

  private async acquireAll({ clock }: LockManager): Promise<void> {
    const { group, settings } = this;
    const limitMs = clock.monotonicMs() + settings.waitSeconds * 1000;
    let isAsking = true;
    try {
      for (const name of [...this.names].sort(byBytes)) {
        const waitSeconds = Math.max(0, limitMs - clock.monotonicMs()) / 1000;
        const options = { ...this.options, signal: group.signal, waitSeconds };
        const hold = await acquireHold({ ...settings, name }, options);
        this.holds.push(hold);
        // The loss of one is told to all that were taken, and to the one waited for.
        const onLoss = (): void => {
          // Where the invocation is ending, the wait for the next one ends at the same moment, and says for which.
          const isOnlyEnding = isAsking && hold.signal.reason instanceof InvocationEndingError;
          if (!isOnlyEnding) group.abort(hold.signal.reason);
        };
        hold.signal.addEventListener('abort', onLoss, { once: true });
        if (hold.signal.aborted) onLoss();
      }
      group.signal.throwIfAborted();
      isAsking = false;
      for (const { signal } of this.holds) if (signal.aborted) group.abort(signal.reason);
    } catch (error) {
      await Promise.all(this.holds.map((hold) => hold[Symbol.asyncDispose]()));
      throw this.explained(error);
    }
  }

  private explained(error: unknown): unknown {
    if (error === this.options.signal?.reason) return error;
    const { length: count } = this.names;
    const given = this.holds.length === 0 ? '' : `; ${this.holds.length} that had been taken were given back`;
    const which = `all ${count} locks were asked for, or none${given}`;
    if (error instanceof LockNotGrantedError) {
      const { lockName, tableName, holders } = error;
      return new LockNotGrantedError(`${error.message} (${which})`, { lockName, tableName, holders });
    }
    if (error instanceof LockUnavailableError) {
      const { lockName, tableName, cause } = error;
      return new LockUnavailableError(`${error.message} (${which})`, { lockName, tableName, cause });
    }
    // Lost again while another was waited for: nothing was ever granted.
    if (error instanceof LockLostError) {
      const { lockName, tableName, reason } = error;
      // Others have it, or had it; or it could not be kept, for DynamoDB confirmed nothing in time.
      const Ended = reason === 'deadline' ? LockUnavailableError : LockNotGrantedError;
      return new Ended(`${error.message} (${which})`, { lockName, tableName, cause: error });
    }
    return error;
  }

  private held(): HeldLocks {
    const { group, holds, names } = this;
    const inOrder = names.map((name) => holds.find((hold) => hold.name === name) as Hold);
    return {
      locks: inOrder,
      get signal() {
        // Each reads the clock: right even where no timer could run.
        for (const hold of holds) void hold.isHeld;
        return group.signal;
      },
      get isHeld() {
        return holds.every((hold) => hold.isHeld);
      },
      get remainingSeconds() {
        return Math.min(...holds.map((hold) => hold.remainingSeconds));
      },
      assertHeld: (options) => {
        for (const hold of holds) hold.assertHeld(options);
      },
    };
  }
}

/** By UTF-8 bytes, which is by code points: as Python sorts, too. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
