import { answerTo } from '../entry/inquiry.js';
import type { LockTarget } from '../entry/lock-ref.js';
import { LockNotBrokenError } from '../errors.js';
import type { WaitOptions } from '../options/held-lock.js';
import { check, checkedFlag, checkedSignal, isWellFormed, refuseUnknown } from '../options/validate.js';
import { breakingVersion, brokenBy, isBroken, takenBy } from '../protocol/breaking.js';
import type { LockEntry } from '../protocol/entry.js';
import { isStampAhead, isStampExpired } from '../protocol/takeover.js';
import { isNobodys, parseVersion } from '../protocol/version.js';
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
export async function breakLock(target: LockTarget, options: BreakOptions): Promise<LockInspection | undefined> {
  refuseUnknown(options, ['reason', 'version', 'force', 'signal'], 'break');
  const reason = checkedReason(options?.reason);
  const version = checkedSeenVersion(options.version);
  const isForced = checkedFlag(options.force, 'force');
  const signal = checkedSignal(options.signal);
  const hostIdentifier = brokenBy(target.settings.hostIdentifier(undefined), reason);

  let first: LockEntry | undefined;
  for (let looks = 1; ; looks += 1) {
    const look = await lookAt(target, signal);
    first ??= look?.entry;
    refuseWhatChanged(target, look?.entry, { first, version });
    if (!look) throw refusal(target, 'it has no entry: nobody holds it');
    if (!isForced) refuseWhatIsFree(target, look);
    const attempt = isForced ? remove : replace;
    const broken = await attempt(target, look, hostIdentifier, signal);
    if (broken) return broken.left && inspectionOf(target, target.local, broken.left);
    if (looks === LOOKS) throw refusal(target, 'its entry went on changing while it was looked at', look.entry);
  }
}

/** The entry as it stands, and what its answer said. */
export async function lookAt(target: LockTarget, signal: AbortSignal | undefined): Promise<Look | undefined> {
  const { store, name, process } = target;
  const answer = await ask(target, (budget) => store.read(name, 'strong', budget), signal);
  const arrivedMs = process.clock.monotonicMs();
  return answer.entry && { entry: answer.entry, dateMs: answer.dateMs, arrivedMs, consistency: 'strong' };
}

/** Puts a version of nobody's in place of the one seen. Resolves to nothing where that one is gone. */
async function replace(
  target: LockTarget,
  { entry: seen, dateMs }: Look,
  hostIdentifier: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly left: Look } | undefined> {
  const { store, name: lockKey, process } = target;
  const { leaseSeconds, fencingToken } = seen;
  // One version for all attempts: the condition lets one of them through, and an answer that shows it tells.
  const version = breakingVersion(seen.version, process.drawNobodysHoldId(seen.version), target.serverNowMs(), dateMs);
  const expiresAtSeconds = target.expiresAtSeconds(Math.ceil(leaseSeconds), fencingToken);
  const left = { lockKey, ours: seen.version, version, leaseSeconds, expiresAtSeconds, hostIdentifier };
  const answer = await ask(target, (budget) => store.leave(left, budget), signal);
  if (!answer.written && answer.entry?.version !== version) return undefined;
  const entry = { ...seen, version, hostIdentifier };
  return { left: { entry, dateMs: answer.dateMs, arrivedMs: process.clock.monotonicMs(), consistency: 'strong' } };
}

/** Deletes the version seen. Resolves to nothing where another stands. */
async function remove(
  target: LockTarget,
  { entry: seen }: Look,
  _hostIdentifier: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly left: undefined } | undefined> {
  const { store, name } = target;
  const answer = await ask(target, (budget) => store.release(name, seen.version, budget), signal);
  // An attempt before it may have deleted it, and its answer been lost: what counts is that it is gone.
  return answer.written || !(await lookAt(target, signal)) ? { left: undefined } : undefined;
}

function refuseWhatChanged(
  target: LockTarget,
  entry: LockEntry | undefined,
  { first, version }: { readonly first: LockEntry | undefined; readonly version: string | undefined },
): void {
  const expected = version ?? first?.version;
  if (expected === undefined || entry?.version === expected) return;
  if (!entry) throw refusal(target, 'its entry is gone since it was looked at');
  const holdId = parseVersion(expected)?.holdId;
  const isSameHold = holdId !== undefined && entry.version.includes(holdId);
  if (!isSameHold) throw refusal(target, `it has changed since it was looked at: ${holding(entry)}`, entry);
  // Refreshed between look and write, by a holder that was to be broken whatever it does.
  if (version === undefined) return;
  throw refusal(target, 'its holder has given a sign of life since it was looked at', entry);
}

/** Breaking what anybody may take already would only keep them from it for another lease. */
function refuseWhatIsFree(target: LockTarget, { entry, dateMs, arrivedMs }: Look): void {
  const { clockToleranceSeconds } = target.settings;
  if (entry.leaseSeconds === 0) throw refusal(target, 'it is free', entry);
  if (
    arrivedMs >= target.local.saw(entry, arrivedMs, 'strong') ||
    isStampExpired(entry, dateMs, clockToleranceSeconds)
  ) {
    throw refusal(target, 'its lease is over, and the next contender takes it', entry);
  }
  // By its stamp, which is ahead, nobody who comes only now could take it for longer than its lease.
  if (isStampAhead(entry, dateMs)) return;
  if (isBroken(entry)) throw refusal(target, `its lease runs out already: it was ${entry.hostIdentifier}`, entry);
  const version = parseVersion(entry.version);
  if (version && isNobodys(version.holdId)) {
    throw refusal(target, 'nobody holds it: it was released, and stays taken until its lease runs out', entry);
  }
}

function holding(entry: LockEntry): string {
  if (entry.leaseSeconds === 0) return 'it is free now';
  return takenBy(entry);
}

function refusal(target: LockTarget, why: string, current?: LockEntry): LockNotBrokenError {
  return new LockNotBrokenError(`${target.label} was not broken: ${why}`, {
    ...target.errorDetails(),
    version: current?.version,
  });
}

function ask<A extends { readonly dateMs: number | undefined }>(
  target: LockTarget,
  request: (signal: AbortSignal) => Promise<A>,
  signal: AbortSignal | undefined,
): Promise<A> {
  return answerTo(target, { label: target.label, details: target.errorDetails() }, request, signal);
}
