import fc from 'fast-check';
import { ElapsedTime } from '../../../runtime/protocol/elapsed.js';

const EPOCH = Date.UTC(2026, 0, 1);

/** One stretch of time, and how far each clock went on during it. */
interface Stretch {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** The elapsed time read after each stretch. */
function readings(stretches: readonly Stretch[]): number[] {
  let [monotonicMs, wallMs] = [5000, EPOCH];
  const elapsed = new ElapsedTime(monotonicMs, wallMs);
  return stretches.map((stretch) => {
    monotonicMs += stretch.monotonicMs;
    wallMs += stretch.wallMs;
    return elapsed.read(monotonicMs, wallMs);
  });
}

const passing = (ms: number): Stretch => ({ monotonicMs: ms, wallMs: ms });
const frozen = (ms: number): Stretch => ({ monotonicMs: 0, wallMs: ms });
const wallSet = (ms: number): Stretch => ({ monotonicMs: 0, wallMs: ms });

test('counts what passes', () => {
  expect(readings([passing(40), passing(200), passing(200), passing(7)])).toEqual([40, 240, 440, 447]);
});

test('sees a freeze during which the monotonic clock stood still', () => {
  expect(readings([passing(200), frozen(60_000), passing(200)])).toEqual([200, 60_200, 60_400]);
});

test('is not held back by a wall clock that is set back', () => {
  expect(readings([passing(200), wallSet(-60_000), passing(200), passing(50)])).toEqual([200, 200, 400, 450]);
});

test('is not held back by a wall clock that is set back just as time passes', () => {
  expect(readings([{ monotonicMs: 200, wallMs: 200 - 60_000 }, passing(200)])).toEqual([200, 400]);
});

test('sees a freeze after the wall clock was set back, though it has not caught up', () => {
  expect(readings([passing(200), wallSet(-60_000), passing(50), frozen(30_000)]).at(-1)).toBe(30_250);
});

test('counts a wall clock set forward as time passed: a hold may end early, never late', () => {
  expect(readings([passing(200), wallSet(5000), passing(200)])).toEqual([200, 5200, 5400]);
});

test('sees all of a freeze after a wall clock that was slewed had fallen behind', () => {
  const slewed = Array.from({ length: 10_000 }, () => ({ monotonicMs: 200, wallMs: 199.9 }));

  expect(readings([...slewed, frozen(10_000)]).at(-1)).toBeCloseTo(2_000_000 + 10_000, 0);
});

test('adds up what either clock tells from one stretch of 100 ms to the next, not within one', () => {
  const [byMonotonic, byWall] = [
    { monotonicMs: 100, wallMs: 0 },
    { monotonicMs: 0, wallMs: 100 },
  ];
  expect(readings([byMonotonic, byWall])).toEqual([100, 200]);
  expect(
    readings([
      { ...byMonotonic, monotonicMs: 99 },
      { ...byWall, wallMs: 99 },
    ]),
  ).toEqual([99, 99]);
});

test('does not fall where the wall clock jumps to and fro between two segments', () => {
  expect(readings([wallSet(80), wallSet(-80), passing(10)])).toEqual([80, 80, 90]);
});

test('does not run fast on the wall clock’s millisecond grain', () => {
  // Read often, as a busy process does. Adding up the larger step of every reading would gain half of the time.
  const seconds = 60;
  const elapsed = new ElapsedTime(0, EPOCH);
  let read = 0;
  for (let now = 0; now <= seconds * 1000; now += 0.7) read = elapsed.read(now, EPOCH + Math.floor(now));

  expect(read).toBeGreaterThanOrEqual(seconds * 1000 - 1);
  expect(read).toBeLessThan(seconds * 1000 * 1.01);
});

test('never falls, and never counts less than what the monotonic clock did', () => {
  const stretch = fc.oneof(
    fc.record({ monotonicMs: fc.nat(1000), wallMs: fc.integer({ min: -50_000, max: 50_000 }) }),
    fc.record({ monotonicMs: fc.nat(20), wallMs: fc.integer({ min: -90, max: 90 }) }),
  );
  fc.assert(
    fc.property(fc.array(stretch), (stretches) => {
      let [former, leastMs] = [0, 0];
      readings(stretches).forEach((read, index) => {
        leastMs += stretches[index]?.monotonicMs ?? 0;
        expect(read).toBeGreaterThanOrEqual(former);
        expect(read).toBeGreaterThanOrEqual(leastMs);
        former = read;
      });
    }),
  );
});

test('counts all that passes, where only freezes with a stopped clock and steps of the wall clock, apart, interfere', () => {
  const stretch = fc.oneof(
    fc.integer({ min: 0, max: 250 }).map((ms) => ({ ...passing(ms), trueMs: ms })),
    fc.integer({ min: 0, max: 60_000 }).map((ms) => ({ ...frozen(ms), trueMs: ms })),
    // The process runs for half a second on either side of a step: the one thing that is assumed.
    fc.integer({ min: -60_000, max: 60_000 }).map((ms) => ({ ...wallSet(ms), trueMs: 0 })),
  );
  const aroundSteps = (all: readonly (Stretch & { trueMs: number })[]) =>
    all.flatMap((one) => {
      const run = [passing(250), passing(250)].map((ms) => ({ ...ms, trueMs: 250 }));
      return one.trueMs === 0 ? [...run, one, ...run] : [one];
    });
  fc.assert(
    fc.property(fc.array(stretch).map(aroundSteps), (stretches) => {
      let trueMs = 0;
      readings(stretches).forEach((read, index) => {
        trueMs += stretches[index]?.trueMs ?? 0;
        expect(read).toBeGreaterThanOrEqual(trueMs);
      });
    }),
  );
});
