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

/** One transaction of DynamoDB has at most 100 items, so that so many locks can guard a write together. */
const MOST_LOCKS_AT_ONCE = 100;

/** @throws LockOptionError if they are not a list of lock names, each once */
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
  /** The locks, in the order of the names that were given. */
  readonly locks: readonly HeldLock[];
  /** Aborts when one of the locks is lost, with its `LockLostError`, and with the caller's own signal. */
  readonly signal: AbortSignal;
  /** Whether all of the locks are held at this moment, by the clock. */
  readonly isHeld: boolean;
  /** Seconds for which all locks stay held if no further refresh succeeds; 0 if one is not held. */
  readonly remainingSeconds: number;
  /**
   * Throws the `LockLostError` of a lock that is not held now, and for `forSeconds` more (default 0).
   * @param options `forSeconds` is a number of seconds, 0 by default
   */
  assertHeld(options?: { readonly forSeconds?: number }): void;
}

/** The options of `withLocks`. If not all locks are granted, the others are released at once, so none stays taken. */
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
 * One request for several locks: all or none. It takes them one by one, in the order of their names. A caller that
 * waits for one so holds only locks whose names come before it: no two such callers wait for each other, in one process
 * or in many.
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
      // Checked first: a lock that was taken before would have to be released.
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
        // The loss of one aborts the signal of all, and the wait for the next.
        const onLoss = (): void => {
          // If the invocation is ending, the wait for the next lock ends at the same moment, and its error names it.
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
    const given = this.holds.length === 0 ? '' : `; released again: ${this.holds.length}`;
    const which = `all ${count} locks were requested, or none${given}`;
    if (error instanceof LockNotGrantedError) {
      const { lockName, tableName, holders } = error;
      return new LockNotGrantedError(`${error.message} (${which})`, { lockName, tableName, holders });
    }
    if (error instanceof LockUnavailableError) {
      const { lockName, tableName, cause } = error;
      return new LockUnavailableError(`${error.message} (${which})`, { lockName, tableName, cause });
    }
    // One was lost while another was waited for: the work never ran.
    if (error instanceof LockLostError) {
      const { lockName, tableName, reason } = error;
      // Others have it, or had it; or it could not be kept, as DynamoDB confirmed nothing in time.
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
        // Each reads the clock, which is right even if no timer could run.
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

/** By UTF-8 bytes, which is by code points, as Python sorts. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
