import type { Timer } from '../core/clock.js';
import type { WriteAnswer } from '../core/store.js';
import { untilAnswered } from '../entry/retry.js';
import { LynkError } from '../errors.js';
import type { LockEntry } from '../protocol/entry.js';
import { refreshBudgetMs, refreshRetryDelayMs, tryBudgetMs } from '../protocol/schedule.js';
import type { HeldState } from './held-state.js';

/** What a refresh is for, besides the lease. */
interface Purpose {
  /** Nobody knows when the receiver comes: the entry gets no expiry. */
  readonly handsOver?: boolean;
  /** The note to write: JSON text. */
  readonly data?: string | undefined;
}

/**
 * Refreshes one hold in time, and ends it in time (docs/protocol.md, sections 2 and 4). A failed refresh is tried again
 * until the deadline: one throttled request must not lose the lock. It keeps no process alive.
 */
export class LeaseRenewer {
  private timer: Timer | undefined;
  private isBeating = false;
  private failures = 0;
  /** After a refresh that failed: elapsed time before which no other is sent. */
  private notBeforeMs = -Infinity;

  constructor(
    private readonly state: HeldState,
    /** The note in the entry: JSON text. */
    public data: string | undefined,
  ) {
    state.onChange = this.look;
    state.ref.manager.watch(this.look);
    this.look();
  }

  /** One refresh, one answer. Resolves to what stands of ours, or to nothing if the hold ended meanwhile. */
  async once(
    { handsOver = false, data }: Purpose = {},
    signal?: AbortSignal,
    budgetMs = refreshBudgetMs(this.state.leftMs()),
  ): Promise<Pick<LockEntry, 'version' | 'data'> | undefined> {
    const { state } = this;
    const { ref, lease } = state;
    const { reporter } = state.origin;
    // While handing over, no other refresh may follow: the text would name a version that is gone.
    if (!state.isHeld || handsOver !== (state.phase === 'handing-over')) return undefined;
    const version = ref.draw(lease);
    const lockKey = ref.name;
    const { holdId, fencingToken } = lease;
    const expiresAtSeconds = handsOver ? undefined : ref.expiresAtSeconds(lease.leaseSeconds, fencingToken);
    let answer: WriteAnswer;
    try {
      answer = await ref.exchange(
        budgetMs,
        (budget) => ref.store.refresh({ lockKey, holdId, version, expiresAtSeconds, fencingToken, data }, budget),
        signal,
      );
    } catch (error) {
      // The caller's own reason says nothing about the lock.
      if (signal?.aborted) throw error;
      if (state.loseToNoEntry(error)) return undefined;
      state.lastFailure = error;
      if (state.stands) reporter.refreshFailed(error, state.leftMs());
      throw error;
    }
    // An answer that comes after the deadline, or after the release, changes nothing any more.
    if (!state.stands) return undefined;
    state.lastFailure = undefined;
    const standing = answer.written ? { version, ...(data !== undefined && { data }) } : answer.entry;
    const isTokenOurs = answer.written || fencingToken === undefined || answer.entry?.fencingToken === fencingToken;
    if (standing?.version.includes(holdId) && isTokenOurs) {
      const before = { dueMs: state.dueMs(), remainedMs: state.leftMs() };
      lease.confirm(standing.version, answer.dateMs);
      reporter.refreshed(before, state.leftMs());
      return standing;
    }
    state.loseTo(answer.entry);
    return undefined;
  }

  /**
   * Refreshes until confirmed: for as long as a try may take, and the hold lasts. Resolves to the version that stands.
   */
  async confirm(purpose: Purpose, signal: AbortSignal | undefined): Promise<string> {
    const { state } = this;
    const { ref } = state;
    const { data } = purpose;
    const bounds = {
      budgetMs: tryBudgetMs(state.lease.leaseSeconds),
      leftMs: () => state.leftMs(),
      signal,
      keepAlive: true,
      unanswered: (cause: unknown) => (state.isHeld ? ref.notConfirmed('refresh', cause) : state.whyNotHeld()),
    };
    const standing = await untilAnswered(ref.manager, bounds, async (budgetMs) => {
      const answer = await this.once(purpose, signal, budgetMs);
      // A heartbeat overtook this refresh and kept its note out: the entry is ours, but says something else.
      if (answer && data !== undefined && answer.data !== data) throw new Error('another refresh came first');
      return answer;
    });
    if (standing === undefined) throw state.isHeld ? this.beingHandedOver() : state.whyNotHeld();
    if (data !== undefined) this.data = data;
    return standing.version;
  }

  /** For calls that would write while the lock is being handed over. It is no loss: if that fails, the hold goes on. */
  beingHandedOver(): LynkError {
    const { ref } = this.state;
    return new LynkError(`${ref.label} is being handed over; wait for that call`, ref.errorDetails());
  }

  /**
   * Sends the refresh that is due, and sets the timer anew. Called by that timer, after a change of the hold's phase,
   * and when elapsed time ran ahead of the timers, as in a freeze.
   */
  private readonly look = (): void => {
    const { state } = this;
    const { manager } = state.ref;
    if (!state.stands) {
      this.timer?.cancel();
      manager.unwatch(this.look);
      return;
    }
    const nowMs = manager.elapsedMs();
    if (nowMs >= this.beatMs()) this.beat();
    // If the beat found the hold at its end, this was called meanwhile, for the change of the phase.
    if (state.isOver) return;
    this.timer?.cancel();
    this.timer = manager.clock.after(Math.min(state.nextMs(), this.beatMs()) - nowMs, this.look);
  };

  /** Elapsed time of the next heartbeat. */
  private beatMs(): number {
    const { state } = this;
    return state.phase === 'held' && !this.isBeating ? Math.max(state.dueMs(), this.notBeforeMs) : Infinity;
  }

  private beat(): void {
    const { state } = this;
    const { manager } = state.ref;
    this.isBeating = true;
    const done = (): void => {
      this.isBeating = false;
      if (state.isOver) return;
      const nowMs = manager.elapsedMs();
      // Due again at once means that this beat failed, or gained nothing: leave the table some air.
      if (state.dueMs() > nowMs) this.failures = 0;
      else this.notBeforeMs = nowMs + refreshRetryDelayMs(this.failures++, state.leftMs(), manager.random.fraction());
      this.look();
    };
    this.once().then(done, done);
  }
}
