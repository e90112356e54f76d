import fc from 'fast-check';
import {
  firstStep,
  type NextMove,
  nextMove,
  type Situation,
  stepAfterWait,
  type Verdict,
} from '../../../runtime/protocol/contending.js';
import { pollDelayMs } from '../../../runtime/protocol/schedule.js';

const CALM: Situation = {
  mode: 'wait',
  verdict: 'held',
  writesInARow: 1,
  polls: 0,
  crowding: 1,
  isLively: false,
  untilExpiryMs: 10_000,
  random: 0.5,
};
const moveIn = (situation: Partial<Situation>): NextMove => nextMove({ ...CALM, ...situation });

const verdicts: fc.Arbitrary<Verdict> = fc.oneof(
  fc.constantFrom<Verdict>('held', 'served'),
  fc.record({ expiredVersion: fc.option(fc.uuid(), { nil: undefined }) }),
);
const situations: fc.Arbitrary<Situation> = fc.record({
  mode: fc.constantFrom('wait' as const, 'try' as const),
  verdict: verdicts,
  writesInARow: fc.nat(10),
  polls: fc.nat(1000),
  crowding: fc.double({ min: 1, max: 30, noNaN: true }),
  isLively: fc.boolean(),
  untilExpiryMs: fc.oneof(fc.constant(-Infinity), fc.double({ min: -1e6, max: 1e8, noNaN: true })),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

describe('the first step', () => {
  test('is a write, over the version that has expired if there is one', () => {
    expect(firstStep(undefined, false)).toEqual({ kind: 'write', expiredVersion: undefined });
    expect(firstStep('expired', false)).toEqual({ kind: 'write', expiredVersion: 'expired' });
  });

  test('is a poll for who would take a shared result', () => {
    expect(firstStep('expired', true)).toEqual({ kind: 'poll' });
  });
});

describe('if another holds the lock', () => {
  test('a try is refused', () => {
    expect(moveIn({ mode: 'try' })).toBe('refused');
  });

  test('a waiter sleeps as the schedule says, rarer in a crowd, shorter while the lock changes hands', () => {
    expect(moveIn({ polls: 4 })).toEqual({ delayMs: pollDelayMs(4, 0.5) });
    expect(moveIn({ polls: 4, crowding: 3 })).toEqual({ delayMs: pollDelayMs(4, 0.5, 3) });
    expect(moveIn({ polls: 4, isLively: true })).toEqual({ delayMs: pollDelayMs(4, 0.5, 1, true) });
  });

  test('a waiter sleeps no longer than until the entry expires, and not at all past that', () => {
    expect(moveIn({ polls: 4, untilExpiryMs: 3 })).toEqual({ delayMs: 3 });
    expect(moveIn({ polls: 4, untilExpiryMs: -7 })).toEqual({ delayMs: 0 });
  });

  test('after the sleep it writes over what has expired, in a crowd it polls', () => {
    expect(stepAfterWait(undefined, 1)).toEqual({ kind: 'poll' });
    expect(stepAfterWait('expired', 1.9)).toEqual({ kind: 'write', expiredVersion: 'expired' });
    expect(stepAfterWait('expired', 2)).toEqual({ kind: 'poll' });
  });
});

describe('if a write may succeed', () => {
  test.each([[{}], [{ expiredVersion: 'expired' }]])('it writes at once: %j', (verdict) => {
    const step = { kind: 'write', ...verdict };
    expect(moveIn({ verdict })).toEqual({ delayMs: 0, step });
    expect(moveIn({ verdict, mode: 'try' })).toEqual({ delayMs: 0, step });
  });

  test('it sleeps after three writes in a row that failed, as a waiter does who sees no crowd', () => {
    const verdict = { expiredVersion: 'expired' };
    expect(moveIn({ verdict, writesInARow: 2 })).toMatchObject({ delayMs: 0 });
    expect(moveIn({ verdict, writesInARow: 3, polls: 2, crowding: 9 })).toMatchObject({ delayMs: pollDelayMs(2, 0.5) });
  });
});

test('a shared result ends it, whatever else is known', () => {
  fc.assert(
    fc.property(situations, (situation) => {
      expect(nextMove({ ...situation, verdict: 'served' })).toBe('served');
    }),
  );
});

test('a contender writes over nothing but what a verdict says may be written over', () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const move = nextMove(situation);
      const { verdict } = situation;
      if (typeof verdict === 'string') expect(move).not.toHaveProperty('step');
      else expect(move).toMatchObject({ step: { kind: 'write', ...verdict } });
    }),
  );
});

test('a waiter never ends without the lock, and never sleeps past the expiry of the entry, or for more than 8 s', () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const move = nextMove({ ...situation, mode: 'wait', verdict: 'held' });
      expect(move).toHaveProperty('delayMs');
      const { delayMs } = move as { readonly delayMs: number };
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(Math.max(0, situation.untilExpiryMs));
      expect(delayMs).toBeLessThanOrEqual(8000);
    }),
  );
});

test('writes in a row without a sleep are at most three', () => {
  fc.assert(
    fc.property(situations, (situation) => {
      fc.pre(typeof situation.verdict !== 'string' && situation.writesInARow >= 3);
      expect((nextMove(situation) as { readonly delayMs: number }).delayMs).toBeGreaterThan(0);
    }),
  );
});
