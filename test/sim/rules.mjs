import { DURABLE_RULES } from './durable-rules.mjs';

/**
 * @typedef {{ file: string, find: string, replace: string }} Edit `find` occurs exactly once in the file
 * @typedef {{ says: string, checker?: string, from?: number, isDurable?: boolean, edits: Edit[] }} Rule `checker` has
 *   to find a violation without it (default: `mutual-exclusion`), in schedules from seed `from` on (default: 0). `from`
 *   lies shortly before a seed that shows one: to search from 0 each time takes minutes, and proves no more
 */

/** Grants a token that is behind DynamoDB's clock like any other. */
const TOKEN_BEHIND_GRANTED = {
  file: 'entry/lock-ref.ts',
  find: 'return fencingToken !== undefined && Number(fencingToken) < latestMs;',
  replace: 'return fencingToken !== undefined && latestMs === Infinity;',
};

/**
 * Rules that can be taken out of the simulation's build of the runtime, each by an edit of its source text. The product
 * has no such switch. The first ones are the rules for safety: without any one of them, two holders believe at once.
 * @type {Record<string, Rule>}
 */
export const RULES = {
  'version-order': {
    says: 'a refresh demands that its version is greater than the one that stands',
    from: 50,
    edits: [
      {
        file: 'protocol/conditions.ts',
        find: 'return standing?.version?.includes(holdId) === true && standing.version < version;',
        replace: 'return standing?.version?.includes(holdId) === true;',
      },
    ],
  },
  'deadline-shortening': {
    says: "the deadline is shortened by what the stamp was behind DynamoDB's clock",
    from: 90,
    edits: [
      {
        file: 'protocol/lease.ts',
        find: 'return latest - Math.max(0, write.dateMs - write.stampMs);',
        replace: 'return latest;',
      },
    ],
  },
  'deadline-shortening-at-refresh': {
    says: 'the deadline is shortened so at each refresh, not only at the acquire',
    from: 14180,
    edits: [
      {
        file: 'protocol/lease-state.ts',
        find: 'offeredDeadlineMs({ ...draft, leaseSeconds: this.leaseSeconds, dateMs })',
        replace:
          'offeredDeadlineMs({ ...draft, leaseSeconds: this.leaseSeconds, ' +
          'dateMs: this.deadlineMs > -Infinity ? draft.stampMs : dateMs })',
      },
    ],
  },
  'top-bit': {
    says: 'stamps that could not be compared with DynamoDB’s clock carry the top bit',
    edits: [
      {
        file: 'protocol/version.ts',
        find: '(timed ? stampMs : stampMs + STAMP_LIMIT_MS).toString(16)',
        replace: '(timed ? stampMs : stampMs).toString(16)',
      },
    ],
  },
  'observed-by-monotonic-time': {
    says: 'a contender counts by its monotonic clock, not by its wall clock',
    edits: [
      {
        file: 'acquire/contend.ts',
        find: "arrivedMs: manager.clock.monotonicMs(), consistency: 'strong' };",
        replace: "arrivedMs: manager.clock.wallMs(), consistency: 'strong' };",
      },
      {
        file: 'acquire/contend.ts',
        find: 'arrivedMs: manager.clock.monotonicMs(), consistency };',
        replace: 'arrivedMs: manager.clock.wallMs(), consistency };',
      },
      {
        file: 'acquire/contend.ts',
        find: 'expiredVersion ?? observed.expiredVersion(clock.monotonicMs()),',
        replace: 'expiredVersion ?? observed.expiredVersion(clock.wallMs()),',
      },
      {
        file: 'acquire/contend.ts',
        find: 'untilExpiryMs: observed.expiryMs() - nowMs,',
        replace: 'untilExpiryMs: observed.expiryMs() - clock.wallMs(),',
      },
      {
        file: 'acquire/contend.ts',
        find: 'stepAfterWait(observed.expiredVersion(clock.monotonicMs()), crowding)',
        replace: 'stepAfterWait(observed.expiredVersion(clock.wallMs()), crowding)',
      },
    ],
  },
  'observed-from-answer': {
    says: 'a contender counts from the arrival of the answer that first showed the version, not from its request',
    edits: [
      {
        file: 'acquire/contend.ts',
        find: 'const answer = await this.ref.exchange(this.budgetMs(), (signal) => store.read(name, consistency, signal));',
        replace:
          'const askedMs = manager.clock.monotonicMs(); ' +
          'const answer = await this.ref.exchange(this.budgetMs(), (signal) => store.read(name, consistency, signal));',
      },
      {
        file: 'acquire/contend.ts',
        find: 'arrivedMs: manager.clock.monotonicMs(), consistency };',
        replace: 'arrivedMs: askedMs, consistency };',
      },
    ],
  },
  'adopt-exact-version': {
    says: 'a hand-over is adopted under a new hold id, and only over the exact version in its text',
    from: 70,
    edits: [
      {
        file: 'protocol/conditions.ts',
        find: 'return standing?.version === givenVersion;',
        replace: 'return standing?.version?.includes(givenVersion.slice(14)) === true;',
      },
      {
        file: 'acquire/adopt.ts',
        find: 'new LeaseState(manager.drawHoldId(requestId), leaseSeconds, fencing)',
        replace: 'new LeaseState(handOver.version.slice(14) || manager.drawHoldId(requestId), leaseSeconds, fencing)',
      },
    ],
  },
  'sent-of-first-attempt': {
    says: 'a version counts from its own first attempt, not from the last attempt of its request',
    from: 250,
    edits: [
      {
        file: 'protocol/lease-state.ts',
        find: 'this.latest = { version, earlier: this.latest, ',
        replace:
          'for (let former = this.latest; former; former = former.earlier) (former as { sentMs: number }).sentMs = sentMs; ' +
          'this.latest = { version, earlier: this.latest, ',
      },
    ],
  },
  'elapsed-by-wall-clock': {
    says: 'elapsed time follows the wall clock if the monotonic clock stood still',
    edits: [
      {
        file: 'protocol/elapsed.ts',
        find: 'Math.max(monotonicMs - this.baseMonotonicMs, wallMs - this.baseWallMs)',
        replace: 'monotonicMs - this.baseMonotonicMs',
      },
    ],
  },
  'elapsed-by-monotonic-clock': {
    says: 'elapsed time follows the monotonic clock if the wall clock was set back',
    from: 190,
    edits: [
      {
        file: 'protocol/elapsed.ts',
        find: 'Math.max(monotonicMs - this.baseMonotonicMs, wallMs - this.baseWallMs)',
        replace: 'wallMs - this.baseWallMs',
      },
    ],
  },
  // The following rules make each of the other checkers fail.
  'loss-aborts-signal': {
    says: 'a loss aborts the signal',
    checker: 'loss-reported',
    edits: [{ file: 'hold/held-state.ts', find: 'this.abort(this.loss);', replace: '' }],
  },
  'deadline-has-a-timer': {
    says: 'the deadline has a timer of its own',
    from: 845,
    checker: 'loss-reported',
    edits: [
      {
        file: 'hold/lease-renewer.ts',
        find: 'Math.min(state.nextMs(), this.beatMs())',
        replace: 'Math.min(state.nextMs() + 60_000, this.beatMs())',
      },
    ],
  },
  'heartbeat-in-time': {
    says: 'a refresh is due half a lease after the last one',
    checker: 'spurious-loss',
    edits: [
      {
        file: 'protocol/schedule.ts',
        find: 'Math.min(confirmedSentMs + leaseSeconds * 500, deadlineMs - leaseSeconds * 250)',
        replace: 'confirmedSentMs + leaseSeconds * 1500',
      },
    ],
  },
  'takeover-in-time': {
    says: 'an entry that stood for its whole lease is taken over',
    checker: 'takeover',
    edits: [
      {
        file: 'protocol/takeover.ts',
        find: 'return sinceMs + leaseSeconds * 1000 + margin;',
        replace: 'return sinceMs + leaseSeconds * 4000 + margin;',
      },
    ],
  },
  'headship-passed-on': {
    says: 'when the head of the local queue leaves, the next caller comes forward',
    checker: 'waiter-served',
    edits: [{ file: 'core/local-queue.ts', find: 'this.waiters[0].promote();', replace: '' }],
  },
  'polls-are-spaced': {
    says: 'a waiter sleeps longer and longer between polls',
    checker: 'request-budget',
    edits: [
      {
        file: 'protocol/schedule.ts',
        find: 'Math.min(20 * 1.5 ** Math.min(poll, 10), longestMs)',
        replace: '20',
      },
    ],
  },
  'permits-counted': {
    says: 'a semaphore gives out no more permits than it has',
    checker: 'permit-count',
    edits: [
      {
        file: 'client/lock-factory.ts',
        find: 'const names = Array.from({ length: count }, (_, index) => permitName(name, index));',
        replace: 'const names = Array.from({ length: count + 1 }, (_, index) => permitName(name, index));',
      },
    ],
  },
  'loss-of-one-aborts-all': {
    says: 'if one of several locks is lost, the signal of all aborts',
    checker: 'all-or-none',
    edits: [
      {
        file: 'recipes/multi-lock.ts',
        find: "hold.signal.addEventListener('abort', onLoss, { once: true });",
        replace: '',
      },
    ],
  },
  'result-age-by-server-floor': {
    says: 'the time of a result is that of DynamoDB’s last answer, not that of the corrected clock',
    from: 1715,
    checker: 'result-age',
    edits: [
      {
        file: 'recipes/single-flight.ts',
        find: 'const madeAtMs = ref.serverFloorMs();',
        replace: 'const madeAtMs = ref.serverNowMs();',
      },
    ],
  },
  'result-age-with-tolerance': {
    says: 'a result may be older than it seems, by the clock tolerance',
    from: 30,
    checker: 'result-age',
    edits: [
      {
        file: 'acquire/shared-result.ts',
        find: 'dateMs + this.ref.settings.clockToleranceSeconds * 1000 - result.madeAtMs',
        replace: 'dateMs - result.madeAtMs',
      },
    ],
  },
  'token-outlives-release': {
    says: 'with fencing a release keeps the entry, and its token',
    from: 50,
    checker: 'fencing-tokens',
    edits: [
      {
        file: 'hold/release.ts',
        find: 'if (keepMs === 0 && !this.lease.fencing) {',
        replace: 'if (keepMs === 0) {',
      },
    ],
  },
  'tombstone-for-all-its-time': {
    says: 'a tombstone stays for all that remains of the least time',
    from: 30,
    checker: 'lock-at-least',
    edits: [
      {
        file: 'hold/release.ts',
        find: 'this.drawLease(Math.ceil(keepMs / 1000))',
        replace: 'this.drawLease(Math.ceil(keepMs / 3000))',
      },
    ],
  },
  'refused-hold-abandoned': {
    says: 'a hold id whose write was refused is abandoned: an earlier copy of the write may still land',
    from: 1585,
    checker: 'orphaned-entry',
    edits: [{ file: 'acquire/contend.ts', find: 'else if (!isGranted) manager.abandon(lease.holdId);', replace: '' }],
  },
  'text-can-be-retried': {
    says: 'if an adoption ended without an answer, the same process may try the text again',
    from: 340,
    checker: 'hand-over-retry',
    edits: [{ file: 'acquire/adopt.ts', find: 'known.add(keyOf(this.handOver, each));', replace: '' }],
  },
  'waits-by-monotonic-clock': {
    says: 'a wait counts the monotonic clock, not elapsed time: setting the wall clock forward does not shorten it',
    checker: 'wait-time',
    edits: [
      {
        file: 'core/wait-budget.ts',
        find: 'this.limitMs = timekeeper.clock.monotonicMs() + waitSeconds * 1000;',
        replace: 'this.limitMs = timekeeper.elapsedMs() + waitSeconds * 1000;',
      },
      {
        file: 'core/wait-budget.ts',
        find: 'Math.min(this.limitMs - clock.monotonicMs(), this.untilMs - this.timekeeper.elapsedMs())',
        replace: 'Math.min(this.limitMs, this.untilMs) - this.timekeeper.elapsedMs() + 0 * clock.monotonicMs()',
      },
    ],
  },
  'release-has-a-limit': {
    says: 'a call of release ends after 3 s, and the release goes on in the background',
    from: 40,
    checker: 'call-time',
    edits: [{ file: 'hold/release.ts', find: 'waitSeconds: RELEASE_WAIT_SECONDS', replace: 'waitSeconds: 3600' }],
  },
  'calls-have-a-limit': {
    says: 'a holder’s call ends within the limit of a try, even if DynamoDB does not answer',
    from: 100,
    checker: 'call-time',
    edits: [
      {
        file: 'entry/retry.ts',
        find: 'refreshBudgetMs(nearestMs())',
        replace: 'refreshBudgetMs(leftMs())',
      },
    ],
  },
  'token-by-the-clock': {
    says: 'a fencing token follows the clock: a count alone gives tokens out again after a restore',
    from: 2150,
    checker: 'fencing-tokens',
    edits: [
      {
        file: 'protocol/fencing.ts',
        find: 'seen !== undefined && seen >= byClock && seen < MOST_FENCING_TOKEN',
        replace: 'seen !== undefined && seen < MOST_FENCING_TOKEN',
      },
      // Without this edit, a process that is behind the clock would replace such a token before the grant.
      TOKEN_BEHIND_GRANTED,
    ],
  },
  'token-rises': {
    says: 'an acquire with fencing demands that its token is greater than the one that stands',
    checker: 'fencing-tokens',
    edits: [
      {
        file: 'protocol/conditions.ts',
        find: 'return standing.fencingToken < fencingToken;',
        replace: 'return true;',
      },
    ],
  },
  'expiry-corrected-before-grant': {
    says: 'an entry that TTL could delete too soon is refreshed before its lock is granted',
    from: 410,
    checker: 'live-entry',
    edits: [{ file: 'acquire/ensure-lease.ts', find: ' && ref.isKept(lease)', replace: '' }],
  },
  'ahead-replaced-before-grant': {
    says: 'a hold whose stamp is ahead of DynamoDB’s clock is replaced before its lock is granted',
    checker: 'one-shot-served',
    edits: [
      {
        file: 'acquire/ensure-lease.ts',
        find: 'const isAhead = ref.isAhead(lease);',
        replace: 'const isAhead = false;',
      },
      {
        file: 'acquire/ensure-lease.ts',
        find: 'return isEnough(ref, lease) && !ref.isAhead(lease);',
        replace: 'return isEnough(ref, lease);',
      },
    ],
  },
  'expiry-after-token': {
    says: 'an entry with a fencing token stays until a day after the token, read as a time',
    from: 9500,
    checker: 'fencing-tokens',
    edits: [
      {
        file: 'entry/lock-ref.ts',
        find: 'Math.ceil(Math.max(this.serverNowMs(), tokenMs) / 1000)',
        replace: 'Math.ceil(Math.max(this.serverNowMs(), 0 * tokenMs) / 1000)',
      },
    ],
  },
  'token-behind-replaced': {
    says: 'a hold whose token is behind DynamoDB’s clock is replaced before its lock is granted',
    from: 4110,
    checker: 'fencing-tokens',
    edits: [TOKEN_BEHIND_GRANTED],
  },
  'no-expiry-without-server-time': {
    says: 'a process that does not know DynamoDB’s time yet writes no expiry',
    from: 900,
    checker: 'live-entry',
    edits: [{ file: 'entry/lock-ref.ts', find: 'if (this.serverClock.isDark) return undefined;', replace: '' }],
  },
  'stale-answers-recognised': {
    says: 'a stale answer that shows an earlier version does not restart the contender’s count',
    from: 250,
    checker: 'takeover',
    edits: [
      {
        file: 'protocol/entry-observer.ts',
        find: 'this.outdated = [...others, former.version].slice(-OUTDATED_REMEMBERED);',
        replace: 'this.outdated = others;',
      },
    ],
  },
  ...DURABLE_RULES,
};
