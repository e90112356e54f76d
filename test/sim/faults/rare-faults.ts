import { Prng } from '../engine/prng.js';
import { areTooClose, type ClientPlan, type ClockStep, type Freeze, type Plan } from './plan.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** The largest offset and step of a wall clock. */
export const MOST_DAYS_MS = 5 * DAY_MS;
/** The table is restored to an earlier state. */
interface Restore {
  readonly atMs: number;
  /** True time of the restored state. */
  readonly toMs: number;
  /** How long no table could be reached. In AWS this takes minutes. With 0 the table changes between two requests. */
  readonly outageMs: number;
}

/** All processes stand still for days, their monotonic clocks too. */
interface Suspension {
  readonly atMs: number;
  readonly durationMs: number;
}

/** Faults beyond the usual ones. Each is absent from most schedules. */
export interface RareFaults {
  /** The delay of DynamoDB's TTL after an item's `expiresAt`. */
  readonly ttlLateMs: number | undefined;
  readonly restore: Restore | undefined;
  readonly suspension: Suspension | undefined;
  /** A replica that learns nothing new in that time. It serves every other eventually consistent read. */
  readonly laggingReplica: { readonly fromMs: number; readonly toMs: number } | undefined;
  /** If set, new processes ask for the lock once each, at this interval, after all clients have died. */
  readonly oneShotEveryMs: number | undefined;
}

export const NO_RARE_FAULTS: RareFaults = {
  ttlLateMs: undefined,
  restore: undefined,
  suspension: undefined,
  laggingReplica: undefined,
  oneShotEveryMs: undefined,
};

/** Adds rare faults to a plan. They have a generator of their own, so that the rest of the schedule does not change. */
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
  // A one-shot caller goes by stamps alone. It has to be able to compare them with DynamoDB's clock.
  if (hasOneShots) clients = clients.map((client) => ({ ...client, datelessChance: 0, clockToleranceSeconds: 3 }));
  const restoredMs = prng.between(10_000, 45_000);
  const outageMs = hasPython || prng.chance(0.5) ? 0 : prng.magnitude(HOUR_MS / 60, HOUR_MS);
  const restore = { atMs: restoredMs, toMs: restoredMs - prng.magnitude(500, 30_000), outageMs };
  const isRestored = prng.chance(0.2) && isPlain && !isFaultless;
  // A suspension after all clients have died: new processes know nothing of the time before it.
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

/** Removes clock steps and freezes that are closer than the assumption allows (see `areTooClose`). */
function freezing(client: ClientPlan, rareFaults: RareFaults): ClientPlan {
  const clockSteps = client.clockSteps.filter(
    (step) => !standstills(rareFaults).some((freeze) => areTooClose(freeze, step)),
  );
  const freezes = client.freezes.filter((freeze) => !clockSteps.some((step) => areTooClose(freeze, step)));
  return { ...client, clockSteps, freezes };
}

/** The times at which all processes stand still, their monotonic clocks too. */
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

/** A long lease and a long partition: limits that depend on the lease are long, too. */
function withLongLease(client: ClientPlan, prng: Prng): ClientPlan {
  const fromMs = prng.between(0, 40_000);
  const cut = { fromMs, toMs: fromMs + 30_000, loses: 'both' } as const;
  return { ...client, leaseSeconds: prng.pick([40, 60]), attemptMs: 15_000, partitions: [...client.partitions, cut] };
}
