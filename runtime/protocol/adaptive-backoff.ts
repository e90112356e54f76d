/** A waiter's polls are at most this many times rarer than those of a waiter who is alone: about 5 s apart. */
const MOST = 30;
/** After this time without news of other waiters, half of them count as gone. */
const HALF_LIFE_MS = 60_000;

/**
 * How crowded a lock seems to one process: the factor by which its polls should be rarer than those of a waiter who is
 * alone (docs/protocol.md, section 5).
 *
 * Nobody counts the waiters. But a waiter that sees the lock free and writes competes with those that poll within the
 * time that a write takes. So the chance to lose that race tells how often all of them poll together, whatever the lock
 * is held for. Polls grow rarer with each race that is lost, and more frequent with each that is won, until about as
 * many are lost as won: some 200 to 400 polls a second, however many wait.
 */
export class AdaptiveBackoff {
  private factor = 1;
  private sinceMs = 0;

  /** The factor for the time between two polls, from 1 to 30. `nowMs` is monotonic. */
  at(nowMs: number): number {
    return Math.max(1, this.factor * 0.5 ** ((nowMs - this.sinceMs) / HALF_LIFE_MS));
  }

  /** Between two polls the lock has gone from one holder to another. */
  passedBy(nowMs: number): void {
    this.factor = Math.min(MOST, this.at(nowMs) + 0.05);
    this.sinceMs = nowMs;
  }

  /** The lock looked free, but another was faster. */
  lostRace(nowMs: number): void {
    this.set(nowMs, 1.5);
  }

  /** The first write after the lock looked free was granted. */
  wonRace(nowMs: number): void {
    this.set(nowMs, 0.5);
  }

  /** The table refused a poll because it gets too many requests. */
  throttled(nowMs: number): void {
    this.set(nowMs, 1.2);
  }

  private set(nowMs: number, times: number): void {
    this.factor = Math.min(MOST, this.at(nowMs) * times);
    this.sinceMs = nowMs;
  }
}
