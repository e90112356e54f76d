// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of the package
/**
 * Faults that can be planted into the built package, by edits of its text: each `find` stands exactly once in the file,
 * in both copies. `checker` has to find it. The search begins at seed `from`.
 * @type {Record<string, { checker: string, from?: number, edits: { file: string, find: string, replace: string }[] }>}
 */
export const PLANTS = {
  'refresh-without-order': {
    checker: 'exclusion',
    from: 19,
    edits: [
      {
        file: 'store/hold-store',
        find: '`contains(${versionNumber}, :hold) AND ${versionNumber} < :${versionNumber}`',
        replace: '`contains(${versionNumber}, :hold)`',
      },
    ],
  },
  'refresh-of-any-hold': {
    checker: 'exclusion',
    edits: [
      {
        file: 'store/hold-store',
        find: '`contains(${versionNumber}, :hold) AND ${versionNumber} < :${versionNumber}`',
        replace:
          '`(contains(${versionNumber}, :hold) OR attribute_exists(${KEY})) AND ${versionNumber} < :${versionNumber}`',
      },
    ],
  },
  'release-of-any-hold': {
    checker: 'exclusion',
    edits: [
      {
        file: 'store/hold-store',
        find: 'ConditionExpression: `contains(${versionNumber}, :hold)`,',
        replace: 'ConditionExpression: `contains(${versionNumber}, :hold) OR attribute_exists(${KEY})`,',
      },
    ],
  },
  'deadline-not-shortened': {
    checker: 'exclusion',
    from: 10,
    edits: [
      {
        file: 'protocol/lease',
        find: 'return latest - Math.max(0, write.dateMs - write.stampMs);',
        replace: 'return latest;',
      },
    ],
  },
  'stamped-without-tolerance': {
    checker: 'exclusion',
    edits: [
      {
        file: 'protocol/takeover',
        find: 'return dateMs - version.stampMs > (entry.leaseSeconds + clockToleranceSeconds) * 1000;',
        replace: 'return dateMs - version.stampMs > entry.leaseSeconds * 1000;',
      },
    ],
  },
  'observed-for-half-a-lease': {
    checker: 'exclusion',
    edits: [
      {
        file: 'protocol/takeover',
        find: 'return sinceMs + leaseSeconds * 1000 + margin;',
        replace: 'return sinceMs + leaseSeconds * 500 + margin;',
      },
    ],
  },
  'elapsed-by-monotonic-clock-alone': {
    checker: 'exclusion',
    edits: [
      {
        file: 'protocol/elapsed',
        find: 'Math.max(monotonicMs - this.baseMonotonicMs, wallMs - this.baseWallMs)',
        replace: 'monotonicMs - this.baseMonotonicMs',
      },
    ],
  },
  'elapsed-by-wall-clock-alone': {
    checker: 'exclusion',
    edits: [
      {
        file: 'protocol/elapsed',
        find: 'Math.max(monotonicMs - this.baseMonotonicMs, wallMs - this.baseWallMs)',
        replace: 'wallMs - this.baseWallMs',
      },
    ],
  },
  'no-top-bit': {
    checker: 'exclusion',
    from: 11,
    edits: [
      {
        file: 'protocol/version',
        find: '(timed ? stampMs : stampMs + ',
        replace: '(timed ? stampMs : stampMs + 0 * ',
      },
    ],
  },
  'adopt-any-version': {
    checker: 'exclusion',
    edits: [
      {
        file: 'store/dynamodb-store',
        find: '.versionNumber} = :given`',
        replace: '.versionNumber} >= :given`',
      },
    ],
  },
  'tokens-need-not-rise': {
    checker: 'tokens',
    edits: [
      {
        file: 'store/hold-store',
        find: '`attribute_not_exists(${fencingToken}) OR ${fencingToken} < :${fencingToken}`',
        replace: '`attribute_not_exists(${fencingToken}) OR ${fencingToken} <> :${fencingToken}`',
      },
    ],
  },
  'guard-of-any-hold': {
    checker: 'guards',
    edits: [
      {
        file: 'store/guard',
        find: '.versionNumber}, :lynkHold) AND ',
        replace: '.versionNumber}, :lynkHold) OR ',
      },
    ],
  },
  'loss-not-told': {
    checker: 'told',
    edits: [{ file: 'hold/held-state', find: 'this.controller?.abort(reason);', replace: 'void reason;' }],
  },
  'held-beyond-the-invocation': {
    checker: 'invocation',
    edits: [
      {
        file: 'hold/held-state',
        find: "return this.phase === 'resting' ? deadlineMs : Math.min(deadlineMs, invocationEndsMs);",
        replace: 'return Math.min(deadlineMs, invocationEndsMs + deadlineMs);',
      },
    ],
  },
  'result-of-any-age': {
    checker: 'results',
    edits: [
      {
        file: 'acquire/shared-result',
        find: 'return ageMs >= 0 && ageMs + (this.manager.elapsedMs() - atMs) <= this.freshSeconds * 1000;',
        replace: 'return ageMs >= 0 || atMs > 0;',
      },
    ],
  },
  'no-tombstone': {
    checker: 'least-time',
    edits: [{ file: 'hold/release', find: 'const keepMs = Math.max(0, this.keepMs());', replace: 'const keepMs = 0;' }],
  },
  'no-takeover': {
    checker: 'liveness',
    edits: [
      {
        file: 'protocol/takeover',
        find: 'return dateMs - version.stampMs > (entry.leaseSeconds + clockToleranceSeconds) * 1000;',
        replace: 'return dateMs > Infinity;',
      },
      {
        file: 'protocol/takeover',
        find: 'return sinceMs + leaseSeconds * 1000 + margin;',
        replace: 'return sinceMs + leaseSeconds * 1000_000 + margin;',
      },
    ],
  },
  'timer-left': {
    checker: 'leak',
    edits: [{ file: 'core/clock', find: 'clearTimeout(this.timeout);', replace: 'void this.timeout;' }],
  },
};
