import { randomFrom } from './random.mjs';
import { KINDS_OF_WEATHER } from './server/misfortune.mjs';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * What one round does, all of it drawn from the seed: the names and their leases, the workers and their clocks, the
 * weather of each worker's network, signals, freezes, steps of clocks.
 */
export function planOf(seed, chaosMs) {
  const random = randomFrom(seed);
  const workers = random.whole(3, 4);
  // A round whose `Date` headers are off by any amount is for clients that take nothing over by them.
  const isWild = random.chance(0.2);
  const dates = isWild ? wildDates(random) : boundedDates(random, workers);
  // A single attempt goes by stamps, and those of a process that has got an answer without a `Date` tell nothing.
  const endsOneShot = !isWild && dates.missing === 0 && dates.stripped < 0 && random.chance(0.5);
  // A stamp of a clock that is behind by less than the lease shows only in longer leases than the tolerance.
  const hasLongLeases = random.chance(0.2);
  return {
    seed,
    chaosMs,
    isWild,
    toleranceSeconds: isWild ? 'Infinity' : 3,
    dates,
    endsOneShot,
    copies: random.pick([0, 0.1, 0.5]),
    names: namesOf(random, hasLongLeases ? 9 : undefined),
    workers: Array.from({ length: workers }, () => workerOf(random, chaosMs, endsOneShot)),
    weather: Array.from({ length: workers }, (_, network) => weatherOf(random, network, chaosMs)).flat(),
    signals: signalsOf(random, workers, chaosMs),
  };
}

/** With a tolerance of 3 s and leases from 1 s on, two front ends may differ by 2.2 s, and a rest for rates of clocks. */
function boundedDates(random, workers) {
  const cachedMs = random.pick([0, 400, 1_000]);
  const width = 2_200 - cachedMs;
  const low = random.between(-width, 0) + cachedMs / 2;
  return {
    offsetsMs: [low, low + width, random.between(low, low + width)],
    cachedMs,
    missing: random.pick([0, 0, 0.03]),
    stripped: random.chance(0.2) ? random.whole(0, workers - 1) : -1,
  };
}

function wildDates(random) {
  const offsetsMs = Array.from({ length: 3 }, () => random.between(-1, 1) * random.pick([3_000, 60_000, 5 * DAY_MS]));
  return { offsetsMs, cachedMs: random.pick([0, 60_000]), missing: random.pick([0, 0.1]), stripped: -1 };
}

/** `long` locks are held for many refreshes; `several` by `withLocks`; `handed` ones are handed over. */
function namesOf(random, longLease) {
  const names = [];
  const add = (kind, count, more = {}) => {
    for (let index = 0; index < count; index += 1) {
      const drawn = random.weighted([
        [4, 1],
        [5, 2],
        [1, 3],
      ]);
      const leaseSeconds = longLease ?? drawn;
      names.push({ name: `${kind}-${index}`, kind, leaseSeconds, fencing: random.chance(0.4), ...more });
    }
  };
  add('plain', 3);
  add('long', 2, { leaseSeconds: longLease ?? 1 });
  add('several', 3, { fencing: false });
  add('handed', 2);
  add('sticky', 2);
  add('flight', 1, { fencing: false });
  add('atLeast', 2);
  add('permits', 1, { fencing: false });
  return names;
}

function workerOf(random, chaosMs, endsOneShot) {
  const drawnMs = random.weighted([
    [3, 0],
    [2, -random.between(2_000, 50_000)],
    [3, -random.between(3_500, 9_500)],
    [1, random.between(1_000, 50_000)],
    [2, random.between(-5, 5) * DAY_MS],
  ]);
  // A copy of the first write of a clock that is ahead may land on a free lock. Nobody holds its entry, and a single
  // attempt cannot tell (docs/protocol.md, section 4).
  const offsetMs = endsOneShot ? Math.min(0, drawnMs) : drawnMs;
  const disturbances = [];
  // Its own stream, so that the rest of the plan does not change with it.
  const standing = randomFrom(Math.abs(drawnMs) + 1);
  for (let atMs = random.between(1_000, 6_000); atMs < chaosMs; atMs += random.between(2_500, 8_000)) {
    const kind = standing.chance(0.3) ? 'standstill' : 'freeze';
    if (random.chance(0.7)) disturbances.push({ atMs, kind, forMs: random.between(300, 3_500) });
    else
      disturbances.push({ atMs, kind: 'step', byMs: random.between(-1, 0.5) * random.pick([2_000, 30_000, DAY_MS]) });
  }
  return {
    offsetMs,
    disturbances,
    loops: random.whole(10, 16),
    permits: random.whole(1, 3),
    isLongHolding: random.chance(0.5),
  };
}

function weatherOf(random, network, chaosMs) {
  const spells = [];
  for (let fromMs = 0; fromMs < chaosMs; ) {
    const kind = random.chance(0.4) ? 'fair' : random.pick(KINDS_OF_WEATHER);
    const toMs = fromMs + random.between(400, kind === 'outage' ? 2_500 : 4_000);
    spells.push({ network, kind, fromMs, toMs });
    fromMs = toMs;
  }
  return spells;
}

function signalsOf(random, workers, chaosMs) {
  const signals = [];
  for (let atMs = random.between(1_000, 4_000); atMs < chaosMs - 500; atMs += random.between(2_000, 6_000)) {
    const worker = random.whole(0, workers - 1);
    if (random.chance(0.4)) signals.push({ atMs, worker, kind: 'kill', restartMs: random.between(50, 800) });
    else signals.push({ atMs, worker, kind: 'stop', forMs: random.between(100, 3_500) });
  }
  return signals;
}
