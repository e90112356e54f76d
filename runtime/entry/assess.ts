import type { Consistency } from '../core/store.js';
import { LockHolder } from '../errors.js';
import { noteFrom } from '../options/note.js';
import type { LockEntry } from '../protocol/entry.js';
import { isStampExpired, untilTakeoverMs } from '../protocol/takeover.js';
import { parseVersion } from '../protocol/version.js';
import type { LockTarget } from './lock-ref.js';
import { refuseReentry } from './scope.js';

/** What an answer showed of a lock's entry. */
export interface Sight {
  readonly entry: LockEntry | undefined;
  readonly dateMs: number | undefined;
  /** Monotonic time at which the answer had arrived. */
  readonly arrivedMs: number;
  /** @default 'eventual' */
  readonly consistency?: Consistency | undefined;
}

/** A lock that may be written: where `expiredVersion` is given, over exactly that version. */
export interface Takeable {
  readonly expiredVersion?: string | undefined;
}

/**
 * Whether the entry just seen may be written over (docs/protocol.md, section 3), or who holds the lock.
 * @throws LockReentrancyError where the code that asks runs inside of that hold
 */
export function judge(target: LockTarget, { entry, dateMs, arrivedMs, consistency }: Sight): Takeable | LockHolder {
  const { process, local, settings } = target;
  if (!entry) return {};
  const expiryMs = local.saw(entry, arrivedMs, consistency);
  const isOutdated = local.isOutdated(entry);
  if (isOutdated && arrivedMs >= expiryMs) return { expiredVersion: local.expiredVersion(arrivedMs) };
  if (!isOutdated && entry.leaseSeconds === 0) return {};
  const version = parseVersion(entry.version);
  const isGivenUp = version !== undefined && process.hasGivenUp(version.holdId);
  const isExpired = arrivedMs >= expiryMs || isStampExpired(entry, dateMs, settings.clockToleranceSeconds);
  if (!isOutdated && (isGivenUp || isExpired)) {
    return { expiredVersion: entry.version };
  }
  refuseReentry(target, version?.holdId);
  local.noteForeign(arrivedMs);
  const { clockToleranceSeconds } = settings;
  const serverNowMs = target.serverNowMs();
  const remainingMs = untilTakeoverMs(entry, { expiryMs, nowMs: arrivedMs, serverNowMs, clockToleranceSeconds });
  const { hostIdentifier, leaseSeconds, data } = entry;
  return new LockHolder(hostIdentifier, leaseSeconds, remainingMs / 1000, noteFrom(data));
}
