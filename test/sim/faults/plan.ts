import type { Prng } from '../engine/prng.js';
import type { ClockFaults } from '../process/sim-clock.js';
import type { WorkloadKind } from '../workload/kind.js';
import type { RareFaults } from './rare-faults.js';

/** The end of a schedule, in milliseconds of true time. */
export const END_MS = 70_000;

/** How the network treats messages. Chances are per message. */
export interface NetworkFaults {
  readonly latencyMs: number;
  readonly slowChance: number;
  readonly duplicateChance: number;
  readonly lostRequestChance: number;
  readonly lostAnswerChance: number;
  readonly throttleChance: number;
  readonly staleChance: number;
  /** The chance that a request is refused with a 4xx, which its sender does not retry. */
  readonly refusedChance?: number;
  /** Each front end's clock offset. They differ by up to 2 s, which the tolerance of 3 s allows for. */
  readonly frontEndsMs: readonly number[];
}

/** A time in which a process is cut off from the table. */
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

/** One client process and its faults. */
export interface ClientPlan {
  readonly kind: 'typescript' | 'python';
  readonly leaseSeconds: number;
  readonly clockToleranceSeconds: number;
  /** Callers in this process. They contend for the same locks. */
  readonly callers: number;
  readonly clock: ClockFaults;
  readonly clockSteps: readonly ClockStep[];
  readonly freezes: readonly Freeze[];
  readonly partitions: readonly Partition[];
  readonly crashAtMs: number | undefined;
  /** The chance that an answer has no `Date`. */
  readonly datelessChance: number;
  /** The chance that a request goes to the same front end as the one before. */
  readonly stickiness: number;
  /** The SDK's attempts at one request, and the timeout of each. */
  readonly attempts: number;
  readonly attemptMs: number;
}

/** What callers do with locks. */
interface Workload {
  readonly idleMs: number;
  readonly shortHoldChance: number;
  readonly tryChance: number;
  readonly cancelChance: number;
  readonly handOverChance: number;
  readonly twiceChance: number;
  readonly withLockChance: number;
}

/** The fault plan and the workload of one schedule: all that the seed decides in advance. */
export interface Plan {
  /** Default: `locks`. */
  readonly workloadKind?: WorkloadKind;
  readonly locks: readonly string[];
  readonly networkFaults: NetworkFaults;
  readonly clients: readonly ClientPlan[];
  readonly workload: Workload;
  /** The chance that a grant triggers targeted faults. */
  readonly targetedFaultChance: number;
  /** True time at which all clients but the first die and faults end. Then the liveness phase begins. */
  readonly allOthersDieAtMs: number | undefined;
  /** Whether the TypeScript clients use fencing. */
  readonly fencing: boolean;
  /** The `lockAtLeastSeconds` of all calls. */
  readonly lockAtLeastSeconds: number;
  /** Faults of the table, and of all clients at once. */
  readonly rareFaults?: RareFaults;
}

/** Chances of one kind of fault. Half of all schedules have none of a kind, so that the others show alone. */
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
    // New draws go last: earlier ones would change the schedules of all seeds.
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

/** A network without faults, for the checkers that excuse whatever a fault may have caused. */
function faultless(prng: Prng): NetworkFaults {
  const chances = { slowChance: 0, duplicateChance: 0, lostRequestChance: 0, lostAnswerChance: 0 };
  return { latencyMs: prng.magnitude(1, 30), ...chances, throttleChance: 0, staleChance: 0, frontEndsMs: [0] };
}

export function drawClient(
  prng: Prng,
  kind: ClientPlan['kind'],
  leaseSeconds: number,
  isFaultless: boolean,
): ClientPlan {
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
  // Python's client has no margin for clock drift, neither as a holder nor as a contender. Its clock runs at the right
  // rate here, because the drift that breaks its own rules is no fault of ours.
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
 * The one assumption about clocks: no freeze that stops the monotonic clock comes within half a second of a backward
 * step of the wall clock. Neither clock would tell how long such a freeze was.
 */
export function areTooClose({ atMs, durationMs, monotonicClock }: Freeze, step: ClockStep): boolean {
  const isNear = step.atMs > atMs - 500 && step.atMs < atMs + durationMs + 500;
  return monotonicClock === 'stops' && step.byMs < 0 && isNear;
}

function several<T>(prng: Prng, most: number, draw: () => T): T[] {
  return Array.from({ length: prng.whole(1, most) }, draw);
}

/** Only single locks have fencing. */
export function isFencing({ fencing, workloadKind = 'locks' }: Plan): boolean {
  return fencing && workloadKind === 'locks';
}
