import fc from 'fast-check';
import { type Action, type ClientTraits, ExclusionModel, type Journey } from './exclusion-model.js';

/** By the inequality of docs/protocol.md, section 3, a tolerance of 3 s and a lease of 4 s bear front ends 2.28 s apart. */
const FRONT_ENDS_OFF_MS = 1140;

function clientsWith(clockToleranceSeconds: number): fc.Arbitrary<ClientTraits[]> {
  return fc.array(
    fc.record({
      wallOffMs: fc.oneof(fc.constant(0), fc.integer({ min: -20_000, max: 20_000 })),
      ppm: fc.integer({ min: -500, max: 500 }),
      leaseSeconds: fc.constantFrom(4, 10),
      clockToleranceSeconds: fc.oneof(
        { weight: 4, arbitrary: fc.constant(clockToleranceSeconds) },
        { weight: 1, arbitrary: fc.constant(Infinity) },
      ),
    }),
    { minLength: 2, maxLength: 3 },
  );
}

const quick = fc.integer({ min: 1, max: 50 });
const slow = fc.integer({ min: 50, max: 20_000 });
const trips = (longest: number): fc.Arbitrary<number[]> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(quick) },
    { weight: 1, arbitrary: fc.tuple(slow) },
    { weight: 2, arbitrary: fc.array(fc.oneof(quick, slow), { minLength: 0, maxLength: longest }) },
  );
const journey: fc.Arbitrary<Journey> = fc.record({
  arrivesAfterMs: trips(3),
  answeredAfterMs: trips(2),
  frontEndOffMs: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(-FRONT_ENDS_OFF_MS, 0, FRONT_ENDS_OFF_MS) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
});

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat(100), fc.integer({ min: 500, max: 3000 }), fc.integer({ min: 3000, max: 14_000 })),
    client: fc.nat(2),
    does: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('acquire' as const, 'wait' as const) },
      { weight: 4, arbitrary: fc.constant('refresh' as const) },
      { weight: 2, arbitrary: fc.constantFrom('look' as const, 'hand over' as const, 'adopt' as const) },
      { weight: 1, arbitrary: fc.constantFrom('acquire anew' as const, 'release' as const) },
    ),
    journey,
  }),
  { minLength: 10, maxLength: 60 },
);

test('no sequence of protocol decisions gives two holders', () => {
  let holds = 0;
  fc.assert(
    fc.property(clientsWith(3), actions, (traits, all) => {
      const model = new ExclusionModel(traits);
      const twoHolders = model.run(all);
      holds += model.holdsSeen.size;
      if (twoHolders !== undefined) throw new Error(twoHolders);
    }),
    { numRuns: 4000 },
  );
  // Else it would have shown nothing.
  expect(holds).toBeGreaterThan(8000);
});

test('and two would be seen: there are some without the tolerance', () => {
  const { failed } = fc.check(
    fc.property(clientsWith(0), actions, (traits, all) => new ExclusionModel(traits).run(all) === undefined),
    { numRuns: 20_000, endOnFailure: true },
  );
  expect(failed).toBe(true);
});
