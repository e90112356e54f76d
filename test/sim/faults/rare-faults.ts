import { Prng } from '../engine/prng.js';
import { areTooClose, type ClientPlan, type ClockStep, type Freeze, type Plan } from './plan.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** So far a wall clock is off, or set, at most. */
export const MOST_DAYS_MS = 5 * DAY_MS;
/** A table that goes back to an earlier state. */
interface Restore {
  readonly atMs: number;
  /** True time of the state that comes back. */
  readonly toMs: number;
  /** How long nobody could reach a table: in AWS, minutes. With 0, the table changes under everybody's hands. */
  readonly outageMs: number;
}

/** Days that pass in a moment, while every process stands still, its monotonic clock too. */
interface Suspension {
  readonly atMs: number;
  readonly durationMs: number;
}

/** Faults at the rareFaults of what the protocol is about. Each is absent from most schedules. */
export interface RareFaults {
  /** How much later than its `expiresAt` DynamoDB's TTL deletes an item. */
  readonly ttlLateMs: number | undefined;
  readonly restore: Restore | undefined;
  readonly suspension: Suspension | undefined;
  /** A replica that shows nothing new in that time: every other eventually consistent read is served by it. */
  readonly laggingReplica: { readonly fromMs: number; readonly toMs: number } | undefined;
  /** Once all others are dead, fresh processes ask for the lock, once each, that long after each other. A suspension is among them. */
  readonly oneShotEveryMs: number | undefined;
}

export const NO_RARE_FAULTS: RareFaults = {
  ttlLateMs: undefined,
  restore: undefined,
  suspension: undefined,
  laggingReplica: undefined,
  oneShotEveryMs: undefined,
};

/** The plan with its rareFaults. They are drawn apart: what a seed was about without them, it is about still. */
export function withRareFaults(plan: Plan, seed: number): Plan {
  const prng = new Prng(seed + 2 ** 40);
  if (!prng.chance(0.6)) return plan;
  const isPlain = (plan.workloadKind ?? 'locks') === 'locks';
  const isFaultless = plan.networkFaults.frontEndsMs.length === 1;
  const hasPython = plan.clients.some(({ kind }) => kind === 'python');
  const ttlLateMs = prng.chance(0.7) ? prng.pick([0, prng.magnitude(10, 5000)]) : undefined;
  const oneShotEveryMs = prng.magnitude(300, 5000);
  const hasOneShots = prng.chance(0.7) && isPlain && !hasPython && plan.allOthersDieAtMs !== undefined;
  const daysChance = prng.pick([0, 0, 0.3, 0.8]);
  const stepDaysChance = isFaultless ? 0 : prng.pick([0, 0, 0.5]);
  const longChance = isFaultless ? 0 : prng.pick([0, 0, 0, 0.5]);
  let clients = plan.clients.map((client) => {
    const own = prng.fork();
    if (client.kind === 'python') return client;
    const off = own.chance(daysChance) ? inDays(client, own) : client;
    const set = own.chance(stepDaysChance) ? stepped(off, own) : off;
    return own.chance(longChance) ? withLongLease(set, own) : set;
  });
  // Who asks but once sees no entry stand: it goes by stamps alone, and those are to be compared with DynamoDB's clock.
  if (hasOneShots) clients = clients.map((client) => ({ ...client, datelessChance: 0, clockToleranceSeconds: 3 }));
  const restoredMs = prng.between(10_000, 45_000);
  const outageMs = hasPython || prng.chance(0.5) ? 0 : prng.magnitude(HOUR_MS / 60, HOUR_MS);
  const restore = { atMs: restoredMs, toMs: restoredMs - prng.magnitude(500, 30_000), outageMs };
  const isRestored = prng.chance(0.2) && isPlain && !isFaultless;
  // Who comes after a suspension that all others did not live to see knows nothing of before.
  const diedAtMs = (hasOneShots && plan.allOthersDieAtMs) || 0;
  const suspension = { atMs: diedAtMs + prng.between(10_000, 50_000), durationMs: prng.between(0.5, 4) * DAY_MS };
  const isSuspended = prng.chance(hasOneShots ? 0.5 : 0.2) && isPlain && !hasPython && !isRestored && !isFaultless;
  const fromMs = prng.between(0, 40_000);
  const laggingReplica = { fromMs, toMs: prng.chance(0.5) ? Infinity : fromMs + 60_000 };
  const rareFaults = {
    ttlLateMs,
    restore: isRestored ? restore : undefined,
    suspension: isSuspended ? suspension : undefined,
    laggingReplica: prng.chance(0.15) && !isFaultless ? laggingReplica : undefined,
    oneShotEveryMs: hasOneShots ? oneShotEveryMs : undefined,
  };
  const refusedChance = isFaultless ? 0 : prng.pick([0, 0, 0, 0.01, 0.05]);
  clients = clients.map((client) => freezing(client, rareFaults));
  return { ...plan, clients, rareFaults, networkFaults: { ...plan.networkFaults, refusedChance } };
}

/** With no more freezes and backward clockSteps than may come together. */
function freezing(client: ClientPlan, rareFaults: RareFaults): ClientPlan {
  const clockSteps = client.clockSteps.filter(
    (step) => !standstills(rareFaults).some((freeze) => areTooClose(freeze, step)),
  );
  const freezes = client.freezes.filter((freeze) => !clockSteps.some((step) => areTooClose(freeze, step)));
  return { ...client, clockSteps, freezes };
}

/** When everybody stands still at once, the monotonic clocks too. */
export function standstills({ suspension, restore }: RareFaults): readonly Freeze[] {
  return [suspension, restore].flatMap((fault) =>
    fault ? [{ atMs: fault.atMs, durationMs: 0, monotonicClock: 'stops' as const }] : [],
  );
}

function inDays(client: ClientPlan, prng: Prng): ClientPlan {
  const offMs = prng.magnitude(HOUR_MS / 60, MOST_DAYS_MS);
  return { ...client, clock: { ...client.clock, offsetMs: prng.chance(0.5) ? offMs : -offMs } };
}

function stepped(client: ClientPlan, prng: Prng): ClientPlan {
  const byMs = prng.magnitude(HOUR_MS / 60, MOST_DAYS_MS);
  const step: ClockStep = { atMs: prng.between(0, 60_000), byMs: prng.chance(0.5) ? byMs : -byMs };
  return { ...client, clockSteps: [...client.clockSteps, step] };
}

/** What takes a share of a lease takes long then. */
function withLongLease(client: ClientPlan, prng: Prng): ClientPlan {
  const fromMs = prng.between(0, 40_000);
  const cut = { fromMs, toMs: fromMs + 30_000, loses: 'both' } as const;
  return { ...client, leaseSeconds: prng.pick([40, 60]), attemptMs: 15_000, partitions: [...client.partitions, cut] };
}
