import type { LockRef } from '../entry/lock-ref.js';
import { BreakRefusedError } from '../errors.js';
import type { WaitOptions } from '../options/held-lock.js';
import { check, checkedFlag, checkedSignal, isWellFormed, refuseUnknown } from '../options/validate.js';
import { breakingVersion, brokenBy, takenBy } from '../protocol/breaking.js';
import type { LockEntry } from '../protocol/entry.js';
import { isStampAhead, isStampExpired } from '../protocol/takeover.js';
import { parseVersion } from '../protocol/version.js';
import { ask, inspectionOf, type LockInspection, type ObservedEntry, readEntry, stateOf } from './inspect.js';

const checkedReason = check<string>(
  (value) =>
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= 500 &&
    isWellFormed(value) &&
    !/\p{Cc}/u.test(value),
  'reason is a text of 1 to 500 characters on one line',
  '; the holder gets it with its LockLostError',
);

const checkedSeenVersion = check<string | undefined>(
  (value) => value === undefined || (typeof value === 'string' && value !== ''),
  'version is one that inspect has returned',
);

/** What `break` takes. */
export interface BreakOptions extends WaitOptions {
  /**
   * Why the lock is broken: 1 to 500 characters on one line. It goes into the table, and into the holder's
   * `LockLostError`.
   */
  readonly reason: string;
  /**
   * The version to break: `inspect(name).version`. If the entry has changed since, even only by a refresh, nothing is
   * broken.
   * @default the version that the entry has now
   */
  readonly version?: string | undefined;
  /**
   * Deletes the entry, so that the next contender gets the lock at once. If the holder is alive, it learns of this only
   * at its next write, up to half a lease later: **two may hold the lock at the same time** until then. Use it only if
   * the holder is certainly gone. The fencing token is deleted too; the next one is made from DynamoDB's time.
   * @default false
   */
  readonly force?: boolean | undefined;
}

/** A holder may refresh between the read and the write. Then both are done again, this many times in all. */
const ATTEMPTS = 5;

/** @returns the entry that was left; undefined if it was deleted */
export async function breakLock(ref: LockRef, options: BreakOptions): Promise<LockInspection | undefined> {
  refuseUnknown(options, ['reason', 'version', 'force', 'signal'], 'break');
  const reason = checkedReason(options?.reason);
  const version = checkedSeenVersion(options.version);
  const isForced = checkedFlag(options.force, 'force');
  const signal = checkedSignal(options.signal);
  const hostIdentifier = brokenBy(ref.settings.hostIdentifier(undefined), reason);

  let first: LockEntry | undefined;
  for (let attempts = 1; ; attempts += 1) {
    const seen = await readEntry(ref, signal);
    first ??= seen?.entry;
    refuseWhatChanged(ref, seen?.entry, { first, version });
    if (!seen) throw refusal(ref, 'it has no entry: nobody holds it');
    if (!isForced) refuseWhatIsFree(ref, seen);
    const broken = await (isForced ? remove(ref, seen, signal) : replace(ref, seen, hostIdentifier, signal));
    if (broken) return broken.left && inspectionOf(ref, ref.observed, broken.left);
    if (attempts === ATTEMPTS) throw refusal(ref, 'its entry kept changing between read and write', seen.entry);
  }
}

/** Replaces the version seen by a tombstone's. Resolves to undefined if another version stands there. */
async function replace(
  ref: LockRef,
  { entry: seen, dateMs }: ObservedEntry,
  hostIdentifier: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly left: ObservedEntry } | undefined> {
  const { store, name: lockKey, manager } = ref;
  const { leaseSeconds, fencingToken } = seen;
  // All attempts write the same version, so an answer that shows it means that one of them was carried out.
  const version = breakingVersion(seen.version, manager.drawTombstoneHoldId(seen.version), ref.serverNowMs(), dateMs);
  const expiresAtSeconds = ref.expiresAtSeconds(Math.ceil(leaseSeconds), fencingToken);
  const left = { lockKey, ours: seen.version, version, leaseSeconds, expiresAtSeconds, hostIdentifier };
  const answer = await ask(ref, (budget) => store.leave(left, budget), signal);
  if (!answer.written && answer.entry?.version !== version) return undefined;
  const entry = { ...seen, version, hostIdentifier };
  return { left: { entry, dateMs: answer.dateMs, arrivedMs: manager.clock.monotonicMs(), consistency: 'strong' } };
}

/** Deletes the version seen. Resolves to undefined if another version stands there. */
async function remove(
  ref: LockRef,
  { entry: seen }: ObservedEntry,
  signal: AbortSignal | undefined,
): Promise<{ readonly left: undefined } | undefined> {
  const { store, name } = ref;
  const answer = await ask(ref, (budget) => store.release(name, seen.version, budget), signal);
  // An earlier attempt may have deleted it, and its answer was lost. It is enough that the entry is gone.
  return answer.written || !(await readEntry(ref, signal)) ? { left: undefined } : undefined;
}

function refuseWhatChanged(
  ref: LockRef,
  entry: LockEntry | undefined,
  { first, version }: { readonly first: LockEntry | undefined; readonly version: string | undefined },
): void {
  const expected = version ?? first?.version;
  if (expected === undefined || entry?.version === expected) return;
  if (!entry) throw refusal(ref, 'its entry has disappeared since it was inspected');
  const holdId = parseVersion(expected)?.holdId;
  const isSameHold = holdId !== undefined && entry.version.includes(holdId);
  if (!isSameHold) throw refusal(ref, `it has changed since it was inspected: ${holding(entry)}`, entry);
  // The same hold was refreshed between the read and the write. Only a caller that named a version minds.
  if (version === undefined) return;
  throw refusal(ref, 'its holder has refreshed it since it was inspected', entry);
}

/** A lock that anybody may take already is not broken: that would keep it taken for another lease. */
function refuseWhatIsFree(ref: LockRef, { entry, dateMs, arrivedMs }: ObservedEntry): void {
  const { clockToleranceSeconds } = ref.settings;
  const state = stateOf(entry);
  if (state === 'free') throw refusal(ref, 'it is free', entry);
  if (
    arrivedMs >= ref.observed.observe(entry, arrivedMs, 'strong') ||
    isStampExpired(entry, dateMs, clockToleranceSeconds)
  ) {
    throw refusal(ref, 'its lease is over, and the next contender takes it', entry);
  }
  // A stamp ahead of DynamoDB's clock keeps the lock taken for longer than its lease, so breaking it helps.
  if (isStampAhead(entry, dateMs)) return;
  if (state === 'broken') throw refusal(ref, `its lease is already running out: it was ${entry.hostIdentifier}`, entry);
  if (state === 'released') {
    throw refusal(ref, 'nobody holds it: it was released, and stays taken until its lease runs out', entry);
  }
}

function holding(entry: LockEntry): string {
  if (entry.leaseSeconds === 0) return 'it is free now';
  return takenBy(entry);
}

function refusal(ref: LockRef, why: string, current?: LockEntry): BreakRefusedError {
  return new BreakRefusedError(`${ref.label} was not broken: ${why}`, {
    ...ref.errorDetails(),
    version: current?.version,
  });
}
