/**
 * @typedef {{ file: string, find: string, replace: string }} Edit `find` occurs exactly once in the file
 * @typedef {{ says: string, checker?: string, edits: Edit[] }} Rule `checker` is who has to notice, once it is taken out
 */

/** A token that is behind DynamoDB's clock is granted like any other. */
const TOKEN_BEHIND_GRANTED = {
  file: 'entry/lock-ref.ts',
  find: 'return fencingToken !== undefined && Number(fencingToken) < latestMs;',
  replace: 'return fencingToken !== undefined && latestMs === Infinity;',
};

/**
 * What can be taken out of the simulation's build of the runtime, each by a textual change of its source.
 * The product has no such switch. First the rules that the protocol's design marks with a double dagger:
 * without any one of them, two holders believe at once.
 * @type {Record<string, Rule>}
 */
export const RULES = {
  'version-order': {
    says: 'a refresh demands that its version is greater than the one that stands',
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
    edits: [
      {
        file: 'protocol/lease.ts',
        find: 'return latest - Math.max(0, write.dateMs - write.stampMs);',
        replace: 'return latest;',
      },
    ],
  },
  'deadline-shortening-at-refresh': {
    says: 'the same for each refresh, not for the acquire alone',
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
        find: 'const arrivedMs = manager.clock.monotonicMs();',
        replace: 'const arrivedMs = manager.clock.wallMs();',
      },
      {
        file: 'acquire/contend.ts',
        find: 'dateMs: answer.dateMs, arrivedMs: manager.clock.monotonicMs(), consistency };',
        replace: 'dateMs: answer.dateMs, arrivedMs: manager.clock.wallMs(), consistency };',
      },
      {
        file: 'acquire/contend.ts',
        find: "{ kind: 'write', expiredVersion: queue.expiredVersion(manager.clock.monotonicMs()) }",
        replace: "{ kind: 'write', expiredVersion: queue.expiredVersion(manager.clock.wallMs()) }",
      },
      {
        file: 'acquire/contend.ts',
        find: 'Math.max(0, queue.expiryMs() - nowMs)',
        replace: 'Math.max(0, queue.expiryMs() - manager.clock.wallMs())',
      },
      {
        file: 'acquire/contend.ts',
        find: 'const expiredVersion = queue.expiredVersion(manager.clock.monotonicMs());',
        replace: 'const expiredVersion = queue.expiredVersion(manager.clock.wallMs());',
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
        find: 'dateMs: answer.dateMs, arrivedMs: manager.clock.monotonicMs(), consistency };',
        replace: 'dateMs: answer.dateMs, arrivedMs: askedMs, consistency };',
      },
    ],
  },
  'adopt-exact-version': {
    says: 'a hand-over is adopted under a new hold id where exactly the version given stands, not by its hold id',
    edits: [
      {
        file: 'protocol/conditions.ts',
        find: 'return standing?.version === givenVersion;',
        replace: 'return standing?.version?.includes(givenVersion.slice(14)) === true;',
      },
      {
        file: 'acquire/adopt.ts',
        find: 'new LeaseState(manager.drawHoldId(requestId), leaseSeconds, contender.fencing)',
        replace:
          'new LeaseState(handOver.version.slice(14) || manager.drawHoldId(requestId), leaseSeconds, contender.fencing)',
      },
    ],
  },
  'sent-of-first-attempt': {
    says: 'a version counts from its own first attempt, not from the last attempt of its request',
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
    says: 'elapsed time follows the wall clock where the monotonic clock stood still',
    edits: [
      {
        file: 'protocol/elapsed.ts',
        find: 'Math.max(monotonicMs - this.baseMonotonicMs, wallMs - this.baseWallMs)',
        replace: 'monotonicMs - this.baseMonotonicMs',
      },
    ],
  },
  'elapsed-by-monotonic-clock': {
    says: 'elapsed time follows the monotonic clock where the wall clock was set back',
    edits: [
      {
        file: 'protocol/elapsed.ts',
        find: 'Math.max(monotonicMs - this.baseMonotonicMs, wallMs - this.baseWallMs)',
        replace: 'wallMs - this.baseWallMs',
      },
    ],
  },
  // From here on: not safety, but what the other checkers watch, so that each of them is seen to fail.
  'told-by-signal': {
    says: 'a loss aborts the signal',
    checker: 'loss-reported',
    edits: [{ file: 'hold/held-state.ts', find: 'this.abort(this.loss);', replace: '' }],
  },
  'told-at-the-deadline': {
    says: 'the deadline has a timer of its own',
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
    edits: [{ file: 'core/local-queue.ts', find: 'this.queue[0].promote();', replace: '' }],
  },
  'looks-are-spaced': {
    says: 'a waiter sleeps longer and longer between looks',
    checker: 'request-budget',
    edits: [
      {
        file: 'protocol/schedule.ts',
        find: 'Math.min(20 * 2 ** Math.min(poll, 10), longestMs)',
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
  'loss-of-one-told-to-all': {
    says: 'where one of several locks is lost, the signal of all aborts',
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
    says: 'a result was made when DynamoDB’s last answer says, not when a corrected clock does',
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
    says: 'a result may be older than it seems by the grain of Date, and by what front ends differ',
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
    checker: 'fencing-tokens',
    edits: [
      {
        file: 'hold/release.ts',
        find: 'if (restMs === 0 && !this.hold.fencing) {',
        replace: 'if (restMs === 0) {',
      },
    ],
  },
  'left-for-all-its-time': {
    says: 'an entry is left for all that remains of its time',
    checker: 'lock-at-least',
    edits: [
      {
        file: 'hold/release.ts',
        find: 'this.drawLease(Math.ceil(restMs / 1000))',
        replace: 'this.drawLease(Math.ceil(restMs / 3000))',
      },
    ],
  },
  'refused-hold-given-up': {
    says: 'a hold id whose write was refused is given up: an earlier copy of it may land yet',
    checker: 'orphaned-entry',
    edits: [{ file: 'acquire/contend.ts', find: 'else if (!isOurs) manager.abandon(lease.holdId);', replace: '' }],
  },
  'text-good-for-another-try': {
    says: 'a hand-over text whose adoption ended without an answer is good for another try of the same process',
    checker: 'hand-over-retry',
    edits: [{ file: 'acquire/adopt.ts', find: 'known.add(keyOf(this.handOver, each));', replace: '' }],
  },
  'waits-by-monotonic-clock': {
    says: 'a wait counts the monotonic clock, not elapsed time, which a wall clock that is set forward moves on',
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
  'release-lets-go': {
    says: 'who releases is let go after 3 s, and the release goes on without it',
    checker: 'call-time',
    edits: [{ file: 'hold/release.ts', find: 'waitSeconds: RELEASE_WAIT_SECONDS', replace: 'waitSeconds: 3600' }],
  },
  'calls-within-a-try': {
    says: 'a holder’s call takes no longer than a try, however silent DynamoDB is',
    checker: 'call-time',
    edits: [
      {
        file: 'entry/retry.ts',
        find: 'refreshBudgetMs(Math.min(limitMs - manager.elapsedMs(), leftMs()))',
        replace: 'refreshBudgetMs(leftMs())',
      },
    ],
  },
  'token-by-the-clock': {
    says: 'a fencing token follows the clock: a count alone gives tokens out again after a restore',
    checker: 'fencing-tokens',
    edits: [
      {
        file: 'protocol/fencing.ts',
        find: 'seen !== undefined && seen >= byClock && seen < MOST_FENCING_TOKEN',
        replace: 'seen !== undefined && seen < MOST_FENCING_TOKEN',
      },
      // The clock is followed twice: who is behind it would not be granted such a token.
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
    checker: 'live-entry',
    edits: [{ file: 'acquire/ensure-lease.ts', find: ' && ref.isKept(lease)', replace: '' }],
  },
  'ahead-replaced-before-grant': {
    says: 'a hold whose stamp proves to be ahead of DynamoDB’s clock is replaced before its lock is granted',
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
    says: 'a hold whose token proves to be behind DynamoDB’s clock is replaced before its lock is granted',
    checker: 'fencing-tokens',
    edits: [TOKEN_BEHIND_GRANTED],
  },
  'no-expiry-in-the-dark': {
    says: 'a process that was never told DynamoDB’s time writes no expiry',
    checker: 'live-entry',
    edits: [{ file: 'entry/lock-ref.ts', find: 'if (this.serverClock.isDark) return undefined;', replace: '' }],
  },
  'outdated-answers-told': {
    says: 'an eventually consistent answer that shows what was seen before does not begin a lease anew',
    checker: 'takeover',
    edits: [
      {
        file: 'core/local-queue.ts',
        find: 'this.outdated = [...others, former.version].slice(-OUTDATED_REMEMBERED);',
        replace: 'this.outdated = others;',
      },
    ],
  },
};
