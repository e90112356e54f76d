import {
  assessClaim,
  type ClaimAnswer,
  claimable,
  evictedLeaseSeconds,
  evictionWaitSeconds,
  leaseBeforeEviction,
  type Standing,
} from '../../../runtime/protocol/claiming.js';
import { acquisitionFrom, claimHoldId, evictedHoldId } from '../../../runtime/protocol/durable-hold-id.js';
import type { LockEntry } from '../../../runtime/protocol/entry.js';
import { formatVersion, holdIdFrom } from '../../../runtime/protocol/version.js';

const STAMP = Date.UTC(2026, 0, 1);
const E = acquisitionFrom(holdIdFrom(new Uint8Array(10).fill(3)));
const OTHERS = acquisitionFrom(holdIdFrom(new Uint8Array(10).fill(4)));
const tail = (byte: number): string => holdIdFrom(new Uint8Array(10).fill(byte));
/** The claim that is assessed: of ordinal 6, after 5. */
const MINE = claimHoldId(E, 6, tail(1));
const isMine = (version: string): boolean => version === entryOf(MINE).version;

const standing = (isAtRest: boolean, fencingToken?: bigint): Standing => ({
  acquisition: E,
  ordinal: 5,
  isAtRest,
  fencingToken,
});
const entryOf = (holdId: string, more: Partial<LockEntry> = {}): LockEntry => ({
  lockKey: 'a',
  hostIdentifier: 'execution',
  leaseSeconds: 10,
  version: formatVersion({ stampMs: STAMP, timed: true, holdId }),
  ...more,
});

describe('what a claim replaces', () => {
  test('is any hold of the last run, if nobody believes in that any more', () => {
    expect(claimable(standing(true))).toBe(claimHoldId(E, 5, tail(1)).slice(0, 18));
  });

  test('is otherwise what has taken the place of that hold', () => {
    expect(claimable(standing(false))).toBe(evictedHoldId(E, 5));
  });
});

describe('what an answer to a refused claim says', () => {
  const others: readonly (readonly [what: string, holdId: string, atRest: ClaimAnswer, unknown: ClaimAnswer])[] = [
    ['my own version', MINE, 'mine', 'mine'],
    ['the last run’s hold', claimHoldId(E, 5, tail(2)), 'rise', 'evict'],
    ['what took the place of the last run’s hold', evictedHoldId(E, 5), 'rise', 'rise'],
    ['another claim of my ordinal', claimHoldId(E, 6, tail(2)), 'interrupted', 'interrupted'],
    ['an eviction under my ordinal', evictedHoldId(E, 6), 'evicted', 'evicted'],
    ['the next run’s claim', claimHoldId(E, 7, tail(2)), 'overtaken', 'overtaken'],
    ['a much later run’s eviction', evictedHoldId(E, 90), 'overtaken', 'overtaken'],
    ['an earlier run’s claim', claimHoldId(E, 4, tail(2)), 'lost', 'lost'],
    ['the first write of the acquire', claimHoldId(E, 0, tail(2)), 'lost', 'lost'],
    ['another acquisition', claimHoldId(OTHERS, 5, tail(2)), 'lost', 'lost'],
  ];
  test.each(others)('%s', (_, holdId, atRest, unknown) => {
    expect(assessClaim(standing(true), entryOf(holdId), isMine)).toBe(atRest);
    expect(assessClaim(standing(false), entryOf(holdId), isMine)).toBe(unknown);
  });

  test('no entry, or one of another client', () => {
    expect(assessClaim(standing(true), undefined, isMine)).toBe('lost');
    const pythons = entryOf('', { version: '7f3f3e0c-2d6f-4b6e-9c1b-1d2e3f4a5b6c' });
    expect(assessClaim(standing(true), pythons, isMine)).toBe('lost');
  });

  test('an entry with my hold id that I have not sent: an interrupted run happened to draw the same one', () => {
    const earlier = formatVersion({ stampMs: STAMP - 1, timed: true, holdId: MINE });

    expect(assessClaim(standing(true), entryOf(MINE, { version: earlier }), isMine)).toBe('interrupted');
  });

  test('another token says that others held the lock, whatever the hold id says', () => {
    for (const [, holdId] of others) {
      expect(assessClaim(standing(true, 7n), entryOf(holdId, { fencingToken: 8n }), isMine)).toBe('lost');
      expect(assessClaim(standing(false, 7n), entryOf(holdId), isMine)).toBe('lost');
    }
    expect(assessClaim(standing(true, 7n), entryOf(MINE, { fencingToken: 7n }), isMine)).toBe('mine');
  });

  test('without fencing a token of the entry says nothing', () => {
    expect(assessClaim(standing(true), entryOf(MINE, { fencingToken: 8n }), isMine)).toBe('mine');
  });
});

describe('an eviction', () => {
  test('leaves a lease for the interrupted run, the wait for it and the next operation', () => {
    expect(evictedLeaseSeconds(30)).toBe(120);
  });

  test('tells the lease that it replaced', () => {
    for (const leaseSeconds of [1, 2, 30, 86_400]) {
      expect(leaseBeforeEviction(evictedLeaseSeconds(leaseSeconds))).toBe(leaseSeconds);
    }
    expect(leaseBeforeEviction(10)).toBe(1);
  });

  const evicted = (timed = true) => ({
    leaseSeconds: 30,
    version: formatVersion({ stampMs: STAMP, timed, holdId: claimHoldId(E, 5, tail(2)) }),
  });

  test('waits for what stood of the lease, by the stamp, and a second more', () => {
    expect(evictionWaitSeconds(evicted(), STAMP + 20_000, 3)).toBe(14);
    expect(evictionWaitSeconds(evicted(), STAMP + 20_500, 3)).toBe(14);
  });

  test('waits for a whole lease at most, and a second at least', () => {
    expect(evictionWaitSeconds(evicted(), STAMP, 3)).toBe(31);
    // The stamp is ahead of DynamoDB's clock.
    expect(evictionWaitSeconds(evicted(), STAMP - 86_400_000, 3)).toBe(31);
    expect(evictionWaitSeconds(evicted(), STAMP + 86_400_000, 3)).toBe(1);
  });

  test('waits for a whole lease if the stamp does not tell its age', () => {
    expect(evictionWaitSeconds(evicted(false), STAMP + 20_000, 3)).toBe(31);
    expect(evictionWaitSeconds(evicted(), undefined, 3)).toBe(31);
    expect(evictionWaitSeconds(evicted(), STAMP + 20_000, Infinity)).toBe(31);
    const pythons = { leaseSeconds: 30, version: '7f3f3e0c-2d6f-4b6e-9c1b-1d2e3f4a5b6c' };
    expect(evictionWaitSeconds(pythons, STAMP + 20_000, 3)).toBe(31);
  });
});
