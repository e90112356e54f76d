import type { Prng } from '../engine/prng.js';
import type { ClockFaults } from '../process/sim-process.js';
import type { WorkloadKind } from '../workload/kind.js';
import type { RareFaults } from './rare-faults.js';

/** The end of a schedule, in milliseconds of true time. */
export const END_MS = 70_000;

/** How the wire treats messages; chances are per message. */
export interface NetworkFaults {
  readonly latencyMs: number;
  readonly slowChance: number;
  readonly duplicateChance: number;
  readonly lostRequestChance: number;
  readonly lostAnswerChance: number;
  readonly throttleChance: number;
  readonly staleChance: number;
  /** The chance that a request is refused with a 4xx that its sender takes for good. */
  readonly refusedChance?: number;
  /** What each front end's clock is off by. They differ by up to 2 s: what the tolerance of 3 s allows for. */
  readonly frontEndsMs: readonly number[];
}

/** A stretch of time in which nothing gets through from or to a process. */
export interface Partition {
  readonly fromMs: number;
  readonly toMs: number;
  readonly loses: 'requests' | 'answers' | 'both';
}

export interface Freeze {
  readonly atMs: number;
  readonly durationMs: number;
  readonly monotonicClock: 'runs' | 'stops';
}

export interface ClockStep {
  readonly atMs: number;
  readonly byMs: number;
}

/** One client process, and what befalls it. */
export interface ClientPlan {
  readonly kind: 'typescript' | 'python';
  readonly leaseSeconds: number;
  readonly clockToleranceSeconds: number;
  /** Callers of the same lock in this process. */
  readonly callers: number;
  readonly clock: ClockFaults;
  readonly clockSteps: readonly ClockStep[];
  readonly freezes: readonly Freeze[];
  readonly partitions: readonly Partition[];
  readonly crashAtMs: number | undefined;
  /** The chance that an answer to it has no `Date`. */
  readonly datelessChance: number;
  /** The chance that it stays with the front end that it used last. */
  readonly stickiness: number;
  /** Attempts of its SDK at one request, and what each may take. */
  readonly attempts: number;
  readonly attemptMs: number;
}

/** How callers use the lock. */
interface Workload {
  readonly idleMs: number;
  readonly shortHoldChance: number;
  readonly tryChance: number;
  readonly cancelChance: number;
  readonly handOverChance: number;
  readonly twiceChance: number;
  readonly withLockChance: number;
}

/** Everything that a seed decides beforehand. */
export interface Plan {
  /** What the clients use locks for; `locks` where it is not said. */
  readonly workloadKind?: WorkloadKind;
  readonly locks: readonly string[];
  readonly networkFaults: NetworkFaults;
  readonly clients: readonly ClientPlan[];
  readonly workload: Workload;
  /** The chance that a holder is ambushed, which see. */
  readonly targetedFaultChance: number;
  /** Then all clients but the first die, and no more faults come: somebody who waits has to be served. */
  readonly allOthersDieAtMs: number | undefined;
  /** Whether the clients of ours have fencing on. */
  readonly fencing: boolean;
  /** How long locks stay taken at least. */
  readonly lockAtLeastSeconds: number;
  /** What befalls the table, and all clients at once; nothing where it is not said. */
  readonly rareFaults?: RareFaults;
}

/** How much of each kind of fault a schedule sees: often none, so that the others show by themselves. */
const SOMETIMES = [0, 0, 0, 0.01, 0.05, 0.2] as const;
const LEASES = [3, 5, 10] as const;

export function drawPlan(prng: Prng): Plan {
  const isFaultless = prng.chance(0.15);
  const networkFaults = isFaultless ? faultless(prng) : drawNetworkFaults(prng);
  const leaseSeconds = prng.pick(LEASES);
  const count = prng.whole(2, 6);
  const drawOne = (index: number): ClientPlan => {
    const isPython = index > 0 && prng.chance(0.2);
    const lease = prng.chance(0.8) ? leaseSeconds : prng.pick(LEASES);
    return drawClient(prng, isPython ? 'python' : 'typescript', lease, isFaultless);
  };
  return {
    locks: prng.chance(0.9) ? ['job'] : ['job', 'other'],
    networkFaults,
    clients: Array.from({ length: count }, (_, index) => drawOne(index)),
    workload: {
      idleMs: prng.magnitude(50, 6000),
      shortHoldChance: prng.pick([0.05, 0.2, 0.6]),
      tryChance: prng.pick([0, 0.2, 0.6]),
      cancelChance: prng.pick([0, 0.2]),
      handOverChance: prng.pick([0, 0.2, 0.6]),
      twiceChance: prng.pick([0, 0.5]),
      withLockChance: prng.chance(0.05) ? 0.5 : 0,
    },
    targetedFaultChance: isFaultless ? 0 : prng.pick([0, 0, 0.2, 0.5]),
    allOthersDieAtMs: prng.chance(0.4) ? prng.between(15_000, 38_000) : undefined,
    // Drawn last: what a seed was about before it is about still.
    fencing: prng.chance(0.3),
    lockAtLeastSeconds: prng.chance(0.2) ? prng.pick([1, 4, 12]) : 0,
  };
}

function drawNetworkFaults(prng: Prng): NetworkFaults {
  const spreadMs = prng.pick([0, 200, 2000]);
  const middleMs = prng.between(-1000, 1000);
  return {
    latencyMs: prng.magnitude(1, 30),
    slowChance: prng.pick(SOMETIMES),
    duplicateChance: prng.pick(SOMETIMES),
    lostRequestChance: prng.pick(SOMETIMES),
    lostAnswerChance: prng.pick(SOMETIMES),
    throttleChance: prng.pick(SOMETIMES),
    staleChance: prng.pick(SOMETIMES),
    frontEndsMs: [middleMs - spreadMs / 2, middleMs + spreadMs / 2, middleMs],
  };
}

/** Nothing goes wrong on the wire: what then goes wrong is for the checkers that forgive faults. */
function faultless(prng: Prng): NetworkFaults {
  const chances = { slowChance: 0, duplicateChance: 0, lostRequestChance: 0, lostAnswerChance: 0 };
  return { latencyMs: prng.magnitude(1, 30), ...chances, throttleChance: 0, staleChance: 0, frontEndsMs: [0] };
}

function drawClient(prng: Prng, kind: ClientPlan['kind'], leaseSeconds: number, isFaultless: boolean): ClientPlan {
  const clockSteps = isFaultless || prng.chance(0.5) ? [] : several(prng, 3, () => drawClockStep(prng));
  const freezes = isFaultless || prng.chance(0.4) ? [] : several(prng, 4, () => drawFreeze(prng));
  return {
    kind,
    leaseSeconds,
    clockToleranceSeconds: prng.pick([3, 3, 3, 3, 3, 4, 6, Infinity]),
    callers: prng.pick([1, 1, 2, 3]),
    clock: drawClock(prng, kind),
    clockSteps,
    freezes: freezes.filter((freeze) => !clockSteps.some((step) => areTooClose(freeze, step))),
    partitions: isFaultless || prng.chance(0.3) ? [] : several(prng, 4, () => drawPartition(prng)),
    crashAtMs: prng.chance(0.2) ? prng.between(0, END_MS) : undefined,
    datelessChance: isFaultless ? 0 : prng.pick([0, 0, 0, 0, 0.02, 0.3, 1]),
    stickiness: prng.pick([0, 0.9, 1]),
    attempts: prng.whole(1, 3),
    attemptMs: prng.pick([700, 2000, 15_000]),
  };
}

function drawClock(prng: Prng, kind: ClientPlan['kind']): ClockFaults {
  const offsetMs = prng.pick([0, prng.between(-300, 300), prng.between(-8000, 8000), prng.between(-8000, 8000)]);
  // Python's client leaves no margin for clocks that run fast, neither as a holder nor as a contender, so
  // its clock is right here: what its own rule cannot bear is not ours to prove.
  const rate = (): number => (kind === 'python' ? 1 : 1 + prng.between(-500, 500) / 1e6);
  return { offsetMs, wallRate: rate(), monotonicRate: rate() };
}

function drawClockStep(prng: Prng): ClockStep {
  const sizeMs = prng.magnitude(100, 40_000);
  return { atMs: prng.between(0, END_MS), byMs: prng.chance(0.5) ? sizeMs : -sizeMs };
}

function drawFreeze(prng: Prng): Freeze {
  const durationMs = prng.magnitude(300, 25_000);
  return { atMs: prng.between(0, END_MS), durationMs, monotonicClock: prng.pick(['runs', 'stops']) };
}

function drawPartition(prng: Prng): Partition {
  const fromMs = prng.between(0, END_MS);
  const loses = prng.pick(['requests', 'answers', 'both'] as const);
  return { fromMs, toMs: fromMs + prng.magnitude(300, 20_000), loses };
}

/**
 * The one thing assumed: no freeze with a stopped monotonic clock within half a second of a backward step
 * of the wall clock. Neither clock would then tell how long the freeze was.
 */
export function areTooClose({ atMs, durationMs, monotonicClock }: Freeze, step: ClockStep): boolean {
  const isNear = step.atMs > atMs - 500 && step.atMs < atMs + durationMs + 500;
  return monotonicClock === 'stops' && step.byMs < 0 && isNear;
}

function several<T>(prng: Prng, most: number, draw: () => T): T[] {
  return Array.from({ length: prng.whole(1, most) }, draw);
}

/** Fencing is for single locks: permits of a semaphore, say, have none. */
export function isFencing({ fencing, workloadKind = 'locks' }: Plan): boolean {
  return fencing && workloadKind === 'locks';
}
