import { Ambush } from './ambush.js';
import { Askers } from './asker.js';
import { AbandonedEntry } from './checkers/abandoned-entry.js';
import { AllOrNone } from './checkers/all-or-none.js';
import { AskersServed } from './checkers/askers-served.js';
import { FencingTokens } from './checkers/fencing-tokens.js';
import { HandOverKept } from './checkers/hand-over-kept.js';
import { LetGo } from './checkers/let-go.js';
import { LockAtLeast } from './checkers/lock-at-least.js';
import { LossTold } from './checkers/loss-told.js';
import { MutualExclusion } from './checkers/mutual-exclusion.js';
import { NeverOlder } from './checkers/never-older.js';
import { OrphanedEntry } from './checkers/orphaned-entry.js';
import { PermitsExceeded } from './checkers/permits-exceeded.js';
import { RequestBudget } from './checkers/request-budget.js';
import { UndeservedLoss } from './checkers/undeserved-loss.js';
import { WaitKept } from './checkers/wait-kept.js';
import { WaiterServed } from './checkers/waiter-served.js';
import { befallAll } from './edge-faults.js';
import { withEdges } from './edges.js';
import { furnishHost, type Host } from './host.js';
import { type ClientPlan, drawPlan, END_MS, type Plan } from './plan.js';
import { Prng } from './prng.js';
import { PythonClient } from './python-client.js';
import { SimTime } from './sim-time.js';
import { keepTrace } from './trace.js';
import { TypeScriptClient } from './typescript-client.js';
import { withUse } from './use.js';
import { type Client, type Violation, World } from './world.js';

/** A schedule goes on for that long at most, where the wire takes long to drain. */
const LATEST_END_MS = 120_000;
/** What a request of the lock may take before it is given up. */
const LONGEST_REQUEST_MS = 5000;

export interface RunOptions {
  /** Where to write a trace. */
  readonly lines?: string[] | undefined;
  /** Judged by this checker alone. */
  readonly checker?: string | undefined;
}

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
}

/** Runs the schedule of one seed until its end, or the first violation. */
export async function runSchedule(seed: number, options: RunOptions = {}): Promise<Outcome> {
  const host = furnishHost(seed);
  try {
    return await runOn(host, seed, options);
  } finally {
    host.leave();
  }
}

async function runOn({ logger }: Host, seed: number, { lines, checker }: RunOptions): Promise<Outcome> {
  const prng = new Prng(seed);
  const plan = withEdges(withUse(drawPlan(prng.fork()), seed), seed);
  const time = new SimTime();
  const world = new World(time, plan, prng.fork(), lines && keepTrace(time, lines), checker, {
    ...(logger && { logger }),
  });
  const onRejection = (error: unknown): void => world.report('errors', `unhandled: ${String(error)}`);
  process.on('unhandledRejection', onRejection);
  const clients = plan.clients.map((client, index) => {
    const name = `${client.kind === 'python' ? 'py' : 'ts'}${index}`;
    lines?.push(`${name}: ${JSON.stringify(client)}`);
    return new (client.kind === 'python' ? PythonClient : TypeScriptClient)(world, name, client, prng.fork());
  });
  lines?.push(`weather: ${JSON.stringify(plan.weather)}`, `habits: ${JSON.stringify(plan.habits)}`);
  world.clients.push(...clients);
  world.ambush = new Ambush(world, prng.fork());
  const exclusion = new MutualExclusion(world);
  world.checkers.push(
    new LossTold(world),
    new UndeservedLoss(world),
    new AbandonedEntry(world),
    new RequestBudget(world),
    new FencingTokens(world),
    new LockAtLeast(world),
  );
  world.handOvers = new HandOverKept(world);
  world.waits = new WaitKept(world);
  world.limits = new LetGo(world);
  const ours = clients.filter((client) => client instanceof TypeScriptClient);
  world.checkers.push(world.handOvers, new OrphanedEntry(world, ours));
  const permits = plan.use === 'semaphore' ? new PermitsExceeded(world, plan.locks.length) : undefined;
  world.several = new AllOrNone(world);
  world.checkers.push(world.several);
  world.flights = new NeverOlder(world);
  for (const [index, client] of clients.entries()) {
    befall(world, client, plan.clients[index] as ClientPlan);
    time.at(prng.between(0, plan.habits.idleMs), () => client.start());
  }
  const survivor = clients[0] as TypeScriptClient;
  let endMs = END_MS;
  if (plan.edges?.askedEveryMs !== undefined) endMs = letAllDie(world, plan, plan.edges.askedEveryMs, prng);
  else if (plan.allOthersDieAtMs !== undefined) endMs = letSurvive(world, survivor, plan, prng);
  befallAll(world, endMs);
  world.startProbing();
  await time.run(endMs, () => {
    exclusion.afterEvent();
    permits?.afterEvent();
    return world.violation !== undefined;
  });
  process.off('unhandledRejection', onRejection);
  const { violation } = world;
  if (violation)
    lines?.push(`VIOLATION at ${(violation.atMs / 1000).toFixed(3)} s: ${violation.checker}: ${violation.what}`);
  return { seed, violation };
}

/** Lets what is planned for a client befall it, unless no more faults are to come. */
function befall({ time, plan, network }: World, { process }: Client, fate: ClientPlan): void {
  const at = (atMs: number, happen: () => void): void => {
    time.at(atMs, () => {
      if (!network.isCalm) happen();
    });
  };
  for (const { atMs, byMs } of fate.steps) at(atMs, () => process.step(byMs));
  for (const { atMs, durationMs, monotonicClock } of fate.freezes) {
    at(atMs, () => process.freeze(durationMs, monotonicClock));
  }
  const isSurvivor = plan.allOthersDieAtMs !== undefined && fate === plan.clients[0];
  if (fate.crashAtMs !== undefined && !isSurvivor) at(fate.crashAtMs, () => process.crash());
}

/**
 * At some time all clients but one die, and no more faults come. The survivor's callers finish, but for
 * one who waits. Returns when the schedule is to end.
 */
function letSurvive(world: World, survivor: TypeScriptClient, plan: Plan, prng: Prng): number {
  const { time, network } = world;
  const dieAtMs = plan.allOthersDieAtMs ?? 0;
  const waitsFromMs = dieAtMs + prng.between(-15_000, 3000);
  const lock = prng.pick(plan.locks);
  const checker = new WaiterServed(world);
  time.at(waitsFromMs, () => survivor.process.deliver(() => survivor.waitForever(lock, () => checker.served())));
  time.at(dieAtMs, () => {
    world.trace?.('world', 'all others die, and no more faults come');
    network.isCalm = true;
    for (const client of world.clients) if (client !== survivor) client.process.crash();
    survivor.stop();
    const thawedMs = survivor.process.troubledUntilMs;
    const calmMs = Math.max(network.drainedAtMs, thawedMs, dieAtMs, waitsFromMs) + LONGEST_REQUEST_MS;
    time.at(calmMs, () => checker.expectService());
  });
  return Math.min(LATEST_END_MS, Math.max(END_MS, dieAtMs + 55_000));
}

/**
 * At some time all clients die, and no more faults come. From then on fresh processes ask, once each. Returns when
 * the schedule is to end.
 */
function letAllDie(world: World, plan: Plan, everyMs: number, prng: Prng): number {
  const { time, network } = world;
  const dieAtMs = plan.allOthersDieAtMs ?? 0;
  const lock = prng.pick(plan.locks);
  const checker = new AskersServed(world, lock, everyMs);
  new Askers(world, prng.fork(), lock, everyMs, checker).askFrom(dieAtMs + prng.between(0, everyMs));
  time.at(dieAtMs, () => {
    world.trace?.('world', 'all die, and no more faults come');
    network.isCalm = true;
    for (const client of world.clients) client.process.crash();
    time.at(Math.max(network.drainedAtMs, dieAtMs), () => checker.drained());
  });
  return Math.min(LATEST_END_MS, Math.max(END_MS, dieAtMs + 90_000));
}
