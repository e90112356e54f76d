import { AdaptiveBackoff } from './adaptive-backoff.js';
import type { LockEntry } from './entry.js';
import { parseVersion } from './version.js';

/** After so many grants in a row, a lock that other processes want is left to them for a moment. */
const GRANTS_IN_A_ROW = 4;
/** If no other process took it then, this process takes it so many times as often before it leaves it again. */
const AFTER_UNUSED = 1.4;
/** But not more often than this. */
const MOST_GRANTS_IN_A_ROW = 24;
/** For how long a foreign entry counts as a sign that other processes want the lock. */
const MEMORY_MS = 60_000;
/** For how long the lock is left to them, at most. */
const YIELD_MS = 100;

/**
 * What one process knows of the others that want a lock: how many they seem to be, and whose turn it is (section 5).
 */
export class Rivals {
  readonly backoff = new AdaptiveBackoff();
  private seenMs = -Infinity;
  /** The holder that a poll saw last. */
  private holder: string | undefined;
  private grantsInARow = 0;
  private allowedInARow = GRANTS_IN_A_ROW;

  /** Another process has the lock that this one wants. */
  sawHolder(nowMs: number): void {
    this.seenMs = nowMs;
    this.grantsInARow = 0;
    this.allowedInARow = GRANTS_IN_A_ROW;
  }

  /** Others have permits of a semaphore. That does not tell that they had their turn. */
  sawPermitHolder(nowMs: number): void {
    this.seenMs = nowMs;
  }

  /**
   * A waiter saw this entry of another holder.
   * @param hasLostRace the waiter wrote because the lock could be had, but another was faster
   * @returns whether the lock has changed hands since the poll before
   */
  sawWhileWaiting(entry: LockEntry, nowMs: number, hasLostRace: boolean): boolean {
    // A refresh of Python's changes the whole version: of such a holder only the host stays.
    const holder = parseVersion(entry.version)?.holdId ?? entry.hostIdentifier;
    const hasChanged = this.holder !== undefined && this.holder !== holder;
    if (hasLostRace) this.backoff.lostRace(nowMs);
    else if (hasChanged) this.backoff.passedBy(nowMs);
    this.holder = holder;
    return hasChanged;
  }

  granted(): void {
    this.grantsInARow += 1;
    this.holder = undefined;
  }

  /** How long a new caller leaves the lock to other processes, in milliseconds; `random` in [0, 1). */
  yieldMs(nowMs: number, random: number): number {
    if (nowMs - this.seenMs >= MEMORY_MS || this.grantsInARow < this.allowedInARow) return 0;
    this.grantsInARow = 0;
    this.allowedInARow = Math.min(MOST_GRANTS_IN_A_ROW, this.allowedInARow * AFTER_UNUSED);
    return YIELD_MS * random;
  }
}
