import { answerTo } from '../entry/inquiry.js';
import type { LockRef } from '../entry/lock-ref.js';
import { BreakRefusedError } from '../errors.js';
import type { WaitOptions } from '../options/held-lock.js';
import { check, checkedFlag, checkedSignal, isWellFormed, refuseUnknown } from '../options/validate.js';
import { breakingVersion, brokenBy, isBroken, takenBy } from '../protocol/breaking.js';
import type { LockEntry } from '../protocol/entry.js';
import { isStampAhead, isStampExpired } from '../protocol/takeover.js';
import { isTombstone, parseVersion } from '../protocol/version.js';
import { inspectionOf, type LockInspection, type Look } from './inspect.js';

/** Why a lock is broken: it stands in the table, and in the holder's log. */
const checkedReason = check<string>(
  (value) =>
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= 500 &&
    isWellFormed(value) &&
    !/\p{Cc}/u.test(value),
  'break takes a reason, which the holder is told: 1 to 500 characters on one line',
);

const checkedSeenVersion = check<string | undefined>(
  (value) => value === undefined || (typeof value === 'string' && value !== ''),
  'version is one that inspect has shown',
);

/** What `break` takes. */
export interface BreakOptions extends WaitOptions {
  /** Why, for the holder and for whoever looks into the table: 1 to 500 characters on one line. */
  readonly reason: string;
  /**
   * The version that was looked at: `inspect(name).version`. Whatever has changed since, if only by a sign of
   * life, is not broken.
   * @default what stands there now
   */
  readonly version?: string | undefined;
  /**
   * Deletes the entry, so that the next contender takes the lock at once. Its holder, if it lives, is not told
   * before its next write, up to half a lease later, and believes until then: **two may hold the lock at the
   * same time**. Only for a holder that is certainly gone. Also forgets the fencing token, which then goes
   * on from DynamoDB's time.
   * @default false
   */
  readonly force?: boolean | undefined;
}

/** A holder may refresh between our look and our write: look again, that often. */
const LOOKS = 5;

/** @returns the entry that stands now; undefined where it was deleted */
export async function breakLock(ref: LockRef, options: BreakOptions): Promise<LockInspection | undefined> {
  refuseUnknown(options, ['reason', 'version', 'force', 'signal'], 'break');
  const reason = checkedReason(options?.reason);
  const version = checkedSeenVersion(options.version);
  const isForced = checkedFlag(options.force, 'force');
  const signal = checkedSignal(options.signal);
  const hostIdentifier = brokenBy(ref.settings.hostIdentifier(undefined), reason);

  let first: LockEntry | undefined;
  for (let looks = 1; ; looks += 1) {
    const look = await lookAt(ref, signal);
    first ??= look?.entry;
    refuseWhatChanged(ref, look?.entry, { first, version });
    if (!look) throw refusal(ref, 'it has no entry: nobody holds it');
    if (!isForced) refuseWhatIsFree(ref, look);
    const attempt = isForced ? remove : replace;
    const broken = await attempt(ref, look, hostIdentifier, signal);
    if (broken) return broken.left && inspectionOf(ref, ref.queue, broken.left);
    if (looks === LOOKS) throw refusal(ref, 'its entry went on changing while it was looked at', look.entry);
  }
}

/** The entry as it stands, and what its answer said. */
export async function lookAt(ref: LockRef, signal: AbortSignal | undefined): Promise<Look | undefined> {
  const { store, name, manager } = ref;
  const answer = await ask(ref, (budget) => store.read(name, 'strong', budget), signal);
  const arrivedMs = manager.clock.monotonicMs();
  return answer.entry && { entry: answer.entry, dateMs: answer.dateMs, arrivedMs, consistency: 'strong' };
}

/** Puts a version of nobody's in place of the one seen. Resolves to nothing where that one is gone. */
async function replace(
  ref: LockRef,
  { entry: seen, dateMs }: Look,
  hostIdentifier: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly left: Look } | undefined> {
  const { store, name: lockKey, manager } = ref;
  const { leaseSeconds, fencingToken } = seen;
  // One version for all attempts: the condition lets one of them through, and an answer that shows it tells.
  const version = breakingVersion(seen.version, manager.drawTombstoneHoldId(seen.version), ref.serverNowMs(), dateMs);
  const expiresAtSeconds = ref.expiresAtSeconds(Math.ceil(leaseSeconds), fencingToken);
  const left = { lockKey, ours: seen.version, version, leaseSeconds, expiresAtSeconds, hostIdentifier };
  const answer = await ask(ref, (budget) => store.leave(left, budget), signal);
  if (!answer.written && answer.entry?.version !== version) return undefined;
  const entry = { ...seen, version, hostIdentifier };
  return { left: { entry, dateMs: answer.dateMs, arrivedMs: manager.clock.monotonicMs(), consistency: 'strong' } };
}

/** Deletes the version seen. Resolves to nothing where another stands. */
async function remove(
  ref: LockRef,
  { entry: seen }: Look,
  _hostIdentifier: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly left: undefined } | undefined> {
  const { store, name } = ref;
  const answer = await ask(ref, (budget) => store.release(name, seen.version, budget), signal);
  // An attempt before it may have deleted it, and its answer been lost: what counts is that it is gone.
  return answer.written || !(await lookAt(ref, signal)) ? { left: undefined } : undefined;
}

function refuseWhatChanged(
  ref: LockRef,
  entry: LockEntry | undefined,
  { first, version }: { readonly first: LockEntry | undefined; readonly version: string | undefined },
): void {
  const expected = version ?? first?.version;
  if (expected === undefined || entry?.version === expected) return;
  if (!entry) throw refusal(ref, 'its entry is gone since it was looked at');
  const holdId = parseVersion(expected)?.holdId;
  const isSameHold = holdId !== undefined && entry.version.includes(holdId);
  if (!isSameHold) throw refusal(ref, `it has changed since it was looked at: ${holding(entry)}`, entry);
  // Refreshed between look and write, by a holder that was to be broken whatever it does.
  if (version === undefined) return;
  throw refusal(ref, 'its holder has given a sign of life since it was looked at', entry);
}

/** Breaking what anybody may take already would only keep them from it for another lease. */
function refuseWhatIsFree(ref: LockRef, { entry, dateMs, arrivedMs }: Look): void {
  const { clockToleranceSeconds } = ref.settings;
  if (entry.leaseSeconds === 0) throw refusal(ref, 'it is free', entry);
  if (arrivedMs >= ref.queue.saw(entry, arrivedMs, 'strong') || isStampExpired(entry, dateMs, clockToleranceSeconds)) {
    throw refusal(ref, 'its lease is over, and the next contender takes it', entry);
  }
  // By its stamp, which is ahead, nobody who comes only now could take it for longer than its lease.
  if (isStampAhead(entry, dateMs)) return;
  if (isBroken(entry)) throw refusal(ref, `its lease runs out already: it was ${entry.hostIdentifier}`, entry);
  const version = parseVersion(entry.version);
  if (version && isTombstone(version.holdId)) {
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

function ask<A extends { readonly dateMs: number | undefined }>(
  ref: LockRef,
  request: (signal: AbortSignal) => Promise<A>,
  signal: AbortSignal | undefined,
): Promise<A> {
  return answerTo(ref, { label: ref.label, details: ref.errorDetails() }, request, signal);
}
