import { Prng } from '../engine/prng.js';
import { drawPlan, type Plan } from '../faults/plan.js';
import { withRareFaults } from '../faults/rare-faults.js';
import { withWorkloadKind } from '../workload/kind.js';

/** What an execution does while it holds the lock, one after the other. */
export type Action =
  | { readonly kind: 'step'; readonly workMs: number; readonly failChance: number; readonly retrySeconds: number }
  | { readonly kind: 'onceStep'; readonly workMs: number; readonly failChance: number; readonly retrySeconds: number }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'callback'; readonly afterMs: number; readonly fails: boolean }
  | { readonly kind: 'child'; readonly actions: readonly Action[]; readonly fails: boolean }
  /** Two steps begin at once, which is a mistake of the user's. */
  | { readonly kind: 'overlap'; readonly workMs: number };

/** One acquisition of an execution. */
export interface Round {
  readonly lock: string;
  /** Whether it asks once. */
  readonly isTry: boolean;
  readonly leaseSeconds: number;
  readonly waitSeconds: number;
  readonly maxPollSeconds: number;
  readonly lockAtLeastSeconds: number;
  readonly actions: readonly Action[];
  readonly idleSeconds: number;
}

/** One execution, and what happens to it. */
export interface ExecutionPlan {
  readonly startMs: number;
  readonly rounds: readonly Round[];
  /** True time at which it is stopped. */
  readonly stopAtMs: number | undefined;
}

/** Faults of the service, per checkpoint, per invocation and per step. */
export interface DurableFaults {
  readonly crashBeforeChance: number;
  readonly crashAfterChance: number;
  /** The service takes the invocation for dead, though it runs on. */
  readonly zombieChance: number;
  /** The chance that an invocation ends so at some time or other. */
  readonly anytimeChance: number;
  /** The chance that a step is interrupted, soon or late. */
  readonly stepChance: number;
  /** The longest time until the next invocation, in parts of the execution's lease. */
  readonly latestInvocation: number;
  /** The chance that the next invocation runs in the same sandbox, which was frozen meanwhile. */
  readonly warmChance: number;
  readonly checkpointMs: number;
  /** The chance that a checkpoint takes seconds. */
  readonly slowCheckpointChance: number;
  /** Operators break the lock at these times. */
  readonly breaksAtMs: readonly number[];
}

export interface DurablePlan {
  readonly plan: Plan;
  /** Whether nothing may be lost: no faults but crashes, and the next invocation comes soon. */
  readonly isCalm: boolean;
  readonly executions: readonly ExecutionPlan[];
  readonly faults: DurableFaults;
}

/** From then on nothing new goes wrong, and everybody else has ended. */
export const HEALED_AT_MS = 120_000;

const LEASES = [3, 5, 10, 20] as const;
const NEVER = [0, 0, 0] as const;

export function drawDurablePlan(seed: number): DurablePlan {
  const prng = new Prng(seed + 2 ** 42);
  const drawn = drawPlan(prng.fork());
  // The locks of the workload: single ones, or permits.
  const isSemaphore = prng.chance(0.15);
  const kinded = withWorkloadKind(
    { ...drawn, allOthersDieAtMs: undefined },
    isSemaphore ? 5 + 8 * prng.whole(0, 2) : 0,
  );
  const { rareFaults, ...plan } = withRareFaults(kinded, seed + 2 ** 41);
  const isCalm = plan.networkFaults.frontEndsMs.length === 1;
  const kept: Plan = {
    ...plan,
    clients: plan.clients.slice(0, prng.whole(0, 2)).map((client) => ({ ...client, callers: 1 })),
    targetedFaultChance: 0,
    // The executions are to hold the locks most of the time.
    workload: { ...plan.workload, idleMs: Math.max(4000, plan.workload.idleMs), shortHoldChance: 0.6 },
    // A restored table promises nothing, and the service's time goes on in a suspension.
    ...(rareFaults && {
      rareFaults: { ...rareFaults, restore: undefined, suspension: undefined, oneShotEveryMs: undefined },
    }),
  };
  const executions = Array.from({ length: prng.whole(1, 3) }, () => drawExecution(prng.fork(), kept, isCalm));
  return { plan: kept, isCalm, executions, faults: drawFaults(prng.fork(), isCalm) };
}

function drawFaults(prng: Prng, isCalm: boolean): DurableFaults {
  const chances = isCalm ? NEVER : ([0, 0.02, 0.1] as const);
  return {
    crashBeforeChance: prng.pick([0, 0.02, 0.1]),
    crashAfterChance: prng.pick([0, 0.02, 0.1]),
    zombieChance: prng.pick(chances),
    anytimeChance: prng.pick([0, 0.1, 0.4]),
    stepChance: prng.pick([0, 0.2, 0.5]),
    latestInvocation: isCalm ? 1 / 8 : prng.pick([1 / 8, 1 / 2, 3]),
    warmChance: prng.pick([0, 0.5, 0.9]),
    checkpointMs: prng.magnitude(1, 100),
    slowCheckpointChance: isCalm ? 0 : prng.pick([0, 0, 0.1]),
    breaksAtMs: isCalm || prng.chance(0.7) ? [] : [prng.between(0, HEALED_AT_MS), prng.between(0, HEALED_AT_MS)],
  };
}

function drawExecution(prng: Prng, plan: Plan, isCalm: boolean): ExecutionPlan {
  return {
    startMs: prng.between(0, 30_000),
    stopAtMs: prng.chance(0.12) ? prng.between(0, HEALED_AT_MS) : undefined,
    rounds: Array.from({ length: prng.whole(1, 3) }, () => drawRound(prng, plan, isCalm)),
  };
}

function drawRound(prng: Prng, plan: Plan, isCalm: boolean): Round {
  const leaseSeconds = isCalm ? prng.pick([10, 20]) : prng.pick(LEASES);
  return {
    lock: prng.pick(plan.locks),
    isTry: prng.chance(0.2),
    leaseSeconds,
    waitSeconds: prng.magnitude(1, 100),
    maxPollSeconds: prng.pick([1, 5, 600]),
    lockAtLeastSeconds: plan.lockAtLeastSeconds,
    actions: Array.from({ length: prng.whole(1, 6) }, () => drawAction(prng, leaseSeconds, true)),
    idleSeconds: prng.whole(0, 10),
  };
}

function drawAction(prng: Prng, leaseSeconds: number, mayNest: boolean): Action {
  const kind = prng.fraction();
  const workMs = prng.chance(0.5) ? prng.magnitude(1, 500) : prng.between(0, leaseSeconds * 2500);
  const failChance = prng.pick([0, 0, 0.4]);
  const retrySeconds = prng.pick([0, 1, Math.ceil(leaseSeconds / 2), leaseSeconds * 2]);
  if (kind < 0.45) return { kind: 'step', workMs, failChance, retrySeconds };
  if (kind < 0.6) return { kind: 'onceStep', workMs, failChance, retrySeconds };
  if (kind < 0.75) return { kind: 'wait', seconds: prng.whole(1, leaseSeconds * 3) };
  if (kind < 0.85) return { kind: 'callback', afterMs: prng.magnitude(100, 60_000), fails: prng.chance(0.2) };
  if (kind < 0.9) return { kind: 'overlap', workMs };
  if (!mayNest) return { kind: 'step', workMs, failChance, retrySeconds };
  const actions = Array.from({ length: prng.whole(1, 3) }, () => drawAction(prng, leaseSeconds, false));
  return { kind: 'child', actions, fails: prng.chance(0.2) };
}
