import type { LockManager } from '../core/lock-manager.js';
import type { LockStore } from '../core/store.js';
import { assess } from '../entry/assess.js';
import type { LockRef } from '../entry/lock-ref.js';
import { LockHolder, type LockUnavailableError, LynkError } from '../errors.js';
import { Release } from '../hold/release.js';
import type { Reporter } from '../observe/reporter.js';
import { acquisitionFrom, claimIn } from '../protocol/durable-hold-id.js';
import { isSeenExpired, pollSeconds, type SeenVersion, seenNow } from '../protocol/durable-wait.js';
import { LeaseState } from '../protocol/lease-state.js';
import { LOST_RELEASE_BUDGET_MS, tryBudgetMs } from '../protocol/schedule.js';
import { type Asking, type Polled, poll } from './acquisition.js';
import type { Execution } from './execution.js';
import type { Granted } from './holding-state.js';
import { revived, type StoredError, stored } from './stored-error.js';

/** One read of all permits takes as long as a request for a lock with this lease. */
const READ_LEASE_SECONDS = 10;

/** What an execution waits for: one lock, or one of several permits. */
export interface Wanted {
  readonly manager: LockManager;
  readonly store: LockStore;
  readonly candidates: readonly LockRef[];
  /** The error of a wait that ended without a grant. */
  notGranted(limit: string, holders: readonly LockHolder[], cause: unknown): Error;
}

/** How long, and how often it asks. */
export interface Patience {
  readonly waitSeconds: number;
  readonly maxPollSeconds: number;
  /** As the error of a wait in vain says it; undefined if it is no error that others hold the lock. */
  readonly limit?: string | undefined;
}

/** What was granted, and which of the candidates it is. */
export interface Grant extends Granted {
  readonly ref: LockRef;
}

/** What one poll leaves for the next. */
interface Waited {
  /** DynamoDB's time at which the wait began, in epoch milliseconds. */
  readonly startedMs: number;
  /** How many requests were sent to take the lock. */
  readonly attempts: number;
  /** When the poll was, by this machine's clock of then. */
  readonly askedMs: number;
  readonly seen: readonly (SeenVersion | null)[];
  readonly holders: readonly StoredHolder[];
  /** Seconds until the next poll; null if the wait is over. */
  readonly pauseSeconds: number | null;
  /** Why nothing is known, if that is so. */
  readonly error?: StoredError | undefined;
  /** Which candidates may have an entry of the acquisition, as a write to them was not answered. */
  readonly doubtful: readonly number[];
}

/** The outcome of one poll, as it is stored. */
type Asked =
  | { readonly kind: 'granted'; readonly index: number; readonly token: string | null; readonly grantedMs: number }
  | { readonly kind: 'refused'; readonly waited: Waited }
  | { readonly kind: 'failed'; readonly error: StoredError };

type StoredHolder = Pick<LockHolder, 'hostIdentifier' | 'leaseSeconds' | 'remainingSeconds' | 'data'>;

/** Asks until the execution holds the lock, and is suspended in between (docs/protocol.md, section 7). */
export class Waiting {
  constructor(
    private readonly execution: Execution,
    private readonly title: string,
    private readonly wanted: Wanted,
    private readonly askingFor: (acquisition: string) => Asking,
  ) {}

  /** @returns the grant; or who holds the lock at the end of a wait in vain */
  async acquire(patience: Patience): Promise<Grant | readonly LockHolder[]> {
    const { execution, title, wanted } = this;
    const { manager } = wanted;
    // Stored before the first write: after a crash nobody would recognise an entry of an id that was not.
    const acquisition = await execution.operation(`${title}: id`, async () =>
      acquisitionFrom(manager.drawHoldId(undefined)),
    );
    for (let waited: Waited | undefined; ; ) {
      const before = waited;
      const asked: Asked = await execution.operation(`${title}: ask`, () => this.ask(acquisition, before, patience));
      if (asked.kind === 'failed') throw revived(asked.error);
      if (asked.kind === 'granted') {
        const { index, token, grantedMs } = asked;
        const ref = wanted.candidates[index] as LockRef;
        return { ref, acquisition, fencingToken: token === null ? undefined : BigInt(token), grantedMs };
      }
      waited = asked.waited;
      const { pauseSeconds, askedMs } = waited;
      if (pauseSeconds === null) return this.giveUp(acquisition, waited, patience);
      await execution.wait(`${title}: wait`, pauseSeconds);
      // In a test with virtual time, it passes for the locks as well.
      await manager.clock.skipTo?.(askedMs + pauseSeconds * 1000);
    }
  }

  private async ask(acquisition: string, waited: Waited | undefined, patience: Patience): Promise<Asked> {
    const { wanted } = this;
    const { candidates, manager } = wanted;
    const seen = candidates.map((_, index) => waited?.seen[index] ?? null);
    const doubtful = new Set(waited?.doubtful);
    const holders: LockHolder[] = [];
    let failure: StoredError | undefined;
    let asked = -1;
    const asking = this.askingFor(acquisition);
    const { reporter } = asking;
    if (waited) {
      reporter.attempts = waited.attempts;
      reporter.requestedMs = manager.elapsedMs() - ((candidates[0] as LockRef).serverNowMs() - waited.startedMs);
    } else reporter.requested();
    try {
      for (const index of await this.order(acquisition, seen, holders)) {
        asked = index;
        const ref = candidates[index] as LockRef;
        const polled: Polled = await poll(ref, asking, seen[index] ?? undefined);
        doubtful.delete(index);
        if (polled.kind === 'granted') {
          const token = polled.fencingToken?.toString() ?? null;
          reporter.acquired();
          return { kind: 'granted', index, token, grantedMs: ref.serverNowMs() };
        }
        seen[index] = polled.seen;
        holders.push(polled.holder);
      }
    } catch (error) {
      if (!isPassing(error)) {
        reporter.failed(error);
        return { kind: 'failed', error: stored(error) };
      }
      failure = stored(error);
      if (asked >= 0) doubtful.add(asked);
    }
    const nowMs = (candidates[0] as LockRef).serverNowMs();
    const startedMs = waited?.startedMs ?? nowMs;
    const waitedSeconds = Math.max(0, nowMs - startedMs) / 1000;
    const leftSeconds = patience.waitSeconds - waitedSeconds;
    const untilTakeoverSeconds = Math.min(Infinity, ...holders.map(({ remainingSeconds }) => remainingSeconds));
    const pauseSeconds =
      leftSeconds <= 0
        ? null
        : pollSeconds({
            waitedSeconds,
            untilTakeoverSeconds: failure ? 0 : untilTakeoverSeconds,
            maxPollSeconds: patience.maxPollSeconds,
            leftSeconds,
            random: manager.random.fraction(),
          });
    if (pauseSeconds === null) this.report(reporter, holders, patience, failure);
    else if (!waited) reporter.waiting(holders[0]);
    return {
      kind: 'refused',
      waited: {
        startedMs,
        attempts: reporter.attempts,
        askedMs: manager.clock.wallMs(),
        seen,
        holders,
        pauseSeconds,
        error: failure,
        doubtful: [...doubtful],
      },
    };
  }

  /** The attempt has ended without a grant. */
  private report(
    reporter: Reporter,
    holders: readonly LockHolder[],
    { limit }: Patience,
    failure: StoredError | undefined,
  ): void {
    if (limit === undefined && !failure) reporter.refused(holders[0]);
    else reporter.failed(this.wanted.notGranted(limit ?? 'at once', holders, failure && revived(failure)));
  }

  /**
   * Which of several permits to ask for, in a random order; one read shows those that others hold. If an interrupted
   * run was granted one, only that.
   */
  private async order(acquisition: string, seen: (SeenVersion | null)[], holders: LockHolder[]): Promise<number[]> {
    const { candidates, store, manager } = this.wanted;
    const [first] = candidates as readonly [LockRef];
    if (candidates.length === 1) return [0];
    const names = candidates.map(({ name }) => name);
    const { entries, dateMs } = await first.exchange(tryBudgetMs(READ_LEASE_SECONDS), (signal) =>
      store.readMany(names, 'strong', signal),
    );
    const arrivedMs = manager.clock.monotonicMs();
    const takeable: { readonly index: number; readonly key: number }[] = [];
    for (const [index, ref] of candidates.entries()) {
      const entry = entries.get(ref.name);
      if (entry && claimIn(acquisition, entry.version)) return [index];
      const verdict = assess(ref, { entry, dateMs, arrivedMs, consistency: 'strong' });
      const now = entry ? seenNow(seen[index] ?? undefined, entry, dateMs) : null;
      seen[index] = now;
      const isExpired = now !== null && isSeenExpired(now, dateMs, ref.settings.clockToleranceSeconds);
      if (verdict instanceof LockHolder && !isExpired) holders.push(verdict);
      else takeable.push({ index, key: manager.random.fraction() });
    }
    return takeable.sort((a, b) => a.key - b.key).map(({ index }) => index);
  }

  private async giveUp(
    acquisition: string,
    { holders, error, doubtful }: Waited,
    patience: Patience,
  ): Promise<readonly LockHolder[]> {
    const { execution, title, wanted } = this;
    if (doubtful.length > 0) {
      await execution.operation(`${title}: give up`, async () => {
        const refs = doubtful.map((index) => wanted.candidates[index] as LockRef);
        await Promise.all(refs.map((ref) => discard(ref, this.askingFor(acquisition))));
        return null;
      });
    }
    const seen = holders.map(({ hostIdentifier, leaseSeconds, remainingSeconds, data }) => {
      return new LockHolder(hostIdentifier, leaseSeconds, remainingSeconds, data);
    });
    if (error) throw wanted.notGranted(patience.limit ?? 'at once', seen, revived(error));
    return seen;
  }
}

/** Whether another poll may be answered. */
function isPassing(error: unknown): boolean {
  return !(error instanceof LynkError) || (error as LockUnavailableError).name === 'LockUnavailableError';
}

/** A write that was not answered may have landed. */
async function discard(ref: LockRef, { acquisition, leaseSeconds, fencing }: Asking): Promise<void> {
  const lease = new LeaseState(acquisition, leaseSeconds, fencing);
  if (fencing) lease.fencingToken = ref.observed.fencingToken;
  await new Release(ref, lease).attempt(LOST_RELEASE_BUDGET_MS).catch((error: unknown) => {
    ref.settings.logger.debug(`${ref.label}: an abandoned acquisition was not cleaned up`, { error });
  });
}
