/**
 * Rules for the lock of a durable execution (docs/protocol.md, section 7). They are found in schedules with durable
 * executions, whose seeds are their own.
 * @type {Record<string, import('./rules.mjs').Rule>}
 */
export const DURABLE_RULES = {
  'durable-acquisition-stored': {
    says: 'an acquisition’s own part of the hold id is drawn in a stored operation, and not anew by each invocation',
    isDurable: true,
    checker: 'spurious-loss',
    edits: [
      {
        file: 'durable/waiting.ts',
        find: 'const acquisition = await execution.operation(',
        replace: 'const acquisition = acquisitionFrom(manager.drawHoldId(undefined));\n    await execution.operation(',
      },
    ],
  },
  'durable-ordinal': {
    says: 'each run claims an ordinal of its own, so that the next one sees whether an interrupted run has claimed',
    isDurable: true,
    edits: [
      {
        file: 'durable/claim.ts',
        find: 'this.ordinal = standing.ordinal + 1;',
        replace: 'this.ordinal = standing.ordinal;',
      },
      {
        file: 'durable/holding.ts',
        find: 'return { ordinal: this.progress.ordinal + 1, isAtRest: true };',
        replace: 'return { ordinal: this.progress.ordinal, isAtRest: true };',
      },
    ],
  },
  'durable-enough-left': {
    says: 'a step begins only if half of its lease is left',
    isDurable: true,
    checker: 'durable-enough',
    edits: [
      {
        file: 'durable/claim.ts',
        find: 'if (leftMs >= neededMs && ref.isKept(lease))',
        replace: 'if (leftMs >= neededMs || ref.isKept(lease))',
      },
    ],
  },
  'durable-evict': {
    says: 'a run that was interrupted is evicted, and waited out, before the next one claims the lock',
    isDurable: true,
    edits: [
      {
        file: 'protocol/claiming.ts',
        find: 'return isAtRest ? ordinalPrefix(acquisition, ordinal) : evictedHoldId(acquisition, ordinal);',
        replace:
          'return isAtRest || ordinal > 0 ? ordinalPrefix(acquisition, ordinal) : evictedHoldId(acquisition, ordinal);',
      },
    ],
  },
  'durable-evict-wait': {
    says: 'what stood of an evicted lease is waited out',
    isDurable: true,
    edits: [
      {
        file: 'protocol/claiming.ts',
        find: 'return Math.ceil(Math.max(0, Math.min(leaseSeconds, byStamp)) + 1);',
        replace: 'return Math.ceil(Math.max(0, Math.min(0, byStamp)) + 1);',
      },
    ],
  },
  'durable-guard': {
    says: 'a guarded write goes by the exact hold id, not by the acquisition',
    isDurable: true,
    from: 35,
    checker: 'durable-order',
    edits: [
      {
        file: 'hold/guarded-writes.ts',
        find: 'return { lockKey: ref.name, holdId, fencingToken };',
        replace: 'return { lockKey: ref.name, holdId: holdId.slice(0, 15), fencingToken };',
      },
    ],
  },
  'durable-once-interrupted': {
    says: 'after a step that runs at most once was interrupted, the lock is claimed, so that its run is waited out',
    isDurable: true,
    from: 430,
    edits: [
      {
        file: 'durable/holding.ts',
        find: 'believe that it holds the lock.\n      await this.claimIdle(',
        replace: 'believe that it holds the lock.\n      if (attempt < 0) await this.claimIdle(',
      },
    ],
  },
  'durable-undecided-stored': {
    says: 'an operation that has not decided stores how far it came, too',
    isDurable: true,
    checker: 'spurious-loss',
    edits: [
      {
        file: 'durable/holding-state.ts',
        find: 'const isSame = ordinal === this.progress.ordinal;\n    this.progress = progressOf(ran);',
        replace: 'const isSame = ordinal === this.progress.ordinal;',
      },
    ],
  },
  'durable-observed-tolerance': {
    says: 'what polls observe by DynamoDB’s clock has to stand for its lease and the tolerance, not for less than its lease',
    isDurable: true,
    edits: [
      {
        file: 'protocol/durable-wait.ts',
        find: 'dateMs - sinceMs > (leaseSeconds + toleranceSeconds) * 1000 + marginMs',
        replace: 'dateMs - sinceMs > (leaseSeconds - toleranceSeconds) * 1000 + marginMs',
      },
    ],
  },
  'durable-version-order': {
    says: 'a run’s writes demand that their version is greater than the one that stands',
    isDurable: true,
    from: 8800,
    edits: [
      {
        file: 'protocol/conditions.ts',
        find: 'return standing?.version?.includes(holdId) === true && standing.version < version;',
        replace: 'return standing?.version?.includes(holdId) === true;',
      },
    ],
  },
  'durable-release-waits': {
    says: 'a release waits for a step that nobody has awaited',
    isDurable: true,
    from: 325,
    edits: [
      {
        file: 'durable/holding.ts',
        find: 'this.isOver = true;\n    await this.running;',
        replace: 'this.isOver = true;',
      },
    ],
  },
};
