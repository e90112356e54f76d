/** A waiter's looks are at most this many times rarer than where nobody else waits: about 5 s apart. */
const MOST = 30;
/** After this long without news of a crowd, half of it is taken to have gone. */
const HALF_LIFE_MS = 60_000;

/**
 * How crowded a lock is, as far as one process can see: by what factor its looks should be rarer than those of
 * a waiter who is alone (docs/protocol.md, section 5).
 *
 * Nobody counts the waiters. But whoever sees the lock free and asks for it is one of about as many as look
 * within the time that a write takes: the chance to lose that race tells how often all of them look together,
 * whatever the lock is held for. Looks grow rarer with each race that is lost, and more frequent with each
 * that is won, so about as many are lost as won: some 200 to 400 looks a second, however many wait.
 */
export class AdaptiveBackoff {
  private factor = 1;
  private sinceMs = 0;

  /** By what to multiply the time between two looks; from 1 to 30. `nowMs` is monotonic. */
  at(nowMs: number): number {
    return Math.max(1, this.factor * 0.5 ** ((nowMs - this.sinceMs) / HALF_LIFE_MS));
  }

  /** Between two looks the lock has gone from one holder to another. */
  passedBy(nowMs: number): void {
    this.factor = Math.min(MOST, this.at(nowMs) + 0.05);
    this.sinceMs = nowMs;
  }

  /** The lock looked free, but another was faster. */
  lostRace(nowMs: number): void {
    this.set(nowMs, 1.5);
  }

  /** The lock was had at the first write after it looked free. */
  wonRace(nowMs: number): void {
    this.set(nowMs, 0.5);
  }

  /** The table refused a look because there were too many of them. */
  throttled(nowMs: number): void {
    this.set(nowMs, 1.2);
  }

  private set(nowMs: number, times: number): void {
    this.factor = Math.min(MOST, this.at(nowMs) * times);
    this.sinceMs = nowMs;
  }
}
