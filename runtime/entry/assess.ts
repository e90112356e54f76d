import type { Consistency } from '../core/store.js';
import { LockHolder } from '../errors.js';
import { noteFrom } from '../options/validate.js';
import type { LockEntry } from '../protocol/entry.js';
import { isStampExpired, untilTakeoverMs } from '../protocol/takeover.js';
import { parseVersion } from '../protocol/version.js';
import type { LockRef } from './lock-ref.js';
import { refuseReentry } from './scope.js';

/** What an answer showed of a lock's entry. */
export interface Observation {
  readonly entry: LockEntry | undefined;
  readonly dateMs: number | undefined;
  /** Monotonic time at which the answer had arrived. */
  readonly arrivedMs: number;
  /** @default 'eventual' */
  readonly consistency?: Consistency | undefined;
}

/** A lock that may be written: over exactly `expiredVersion`, if that is given. */
export interface Takeable {
  readonly expiredVersion?: string | undefined;
}

/**
 * Whether the observed entry may be written over (docs/protocol.md, section 3), or who holds the lock.
 * @throws LockReentrancyError if the caller runs inside of that hold
 */
export function assess(ref: LockRef, { entry, dateMs, arrivedMs, consistency }: Observation): Takeable | LockHolder {
  const { manager, observed, settings } = ref;
  if (!entry) return {};
  const expiryMs = observed.observe(entry, arrivedMs, consistency);
  const isOutdated = observed.isOutdated(entry);
  if (isOutdated && arrivedMs >= expiryMs) return { expiredVersion: observed.expiredVersion(arrivedMs) };
  if (!isOutdated && entry.leaseSeconds === 0) return {};
  const version = parseVersion(entry.version);
  const isAbandoned = version !== undefined && manager.isAbandoned(version.holdId);
  const isExpired = arrivedMs >= expiryMs || isStampExpired(entry, dateMs, settings.clockToleranceSeconds);
  if (!isOutdated && (isAbandoned || isExpired)) {
    return { expiredVersion: entry.version };
  }
  refuseReentry(ref, version?.holdId);
  ref.shared.rivals.sawHolder(arrivedMs);
  const { clockToleranceSeconds } = settings;
  const serverNowMs = ref.serverNowMs();
  const remainingMs = untilTakeoverMs(entry, { expiryMs, nowMs: arrivedMs, serverNowMs, clockToleranceSeconds });
  const { hostIdentifier, leaseSeconds, data } = entry;
  return new LockHolder(hostIdentifier, leaseSeconds, remainingMs / 1000, noteFrom(data));
}
