import { OneShotServed } from './checkers/liveness/one-shot-served.js';
import { WaiterServed } from './checkers/liveness/waiter-served.js';
import type { TypeScriptClient } from './clients/typescript-client.js';
import type { Prng } from './engine/prng.js';
import { END_MS } from './faults/plan.js';
import { OneShotCallers } from './workload/one-shot-callers.js';
import type { World } from './world.js';

/** The latest end of a schedule, even if messages are still on their way. */
const LATEST_END_MS = 120_000;
/** After this time the client gives up a request of its own. */
const LONGEST_REQUEST_MS = 5000;

/**
 * Plans the liveness phase, if the schedule has one: from some time on no faults are injected, and whoever still asks
 * for the lock has to get it.
 * @returns when the schedule ends
 */
export function planLivenessPhase(world: World, survivor: TypeScriptClient, prng: Prng): number {
  const { rareFaults, allOthersDieAtMs: dieAtMs } = world.plan;
  if (rareFaults?.oneShotEveryMs !== undefined) return letAllDie(world, dieAtMs ?? 0, rareFaults.oneShotEveryMs, prng);
  return dieAtMs === undefined ? END_MS : letOneSurvive(world, survivor, dieAtMs, prng);
}

/** All clients but one die. The survivor's calls finish, except for one caller that waits. */
function letOneSurvive(world: World, survivor: TypeScriptClient, dieAtMs: number, prng: Prng): number {
  const { time, network } = world;
  const waitsFromMs = dieAtMs + prng.between(-15_000, 3000);
  const lock = prng.pick(world.plan.locks);
  const checker = new WaiterServed(world);
  time.at(waitsFromMs, () => survivor.process.deliver(() => survivor.waitForever(lock, () => checker.served())));
  time.at(dieAtMs, () => {
    world.trace?.('world', 'all others die, and no more faults come');
    network.isHealed = true;
    for (const client of world.clients) if (client !== survivor) client.process.crash();
    survivor.stop();
    const thawedMs = survivor.process.faultUntilMs;
    const quietMs = Math.max(network.drainedAtMs, thawedMs, dieAtMs, waitsFromMs) + LONGEST_REQUEST_MS;
    time.at(quietMs, () => checker.expectService());
  });
  return Math.min(LATEST_END_MS, Math.max(END_MS, dieAtMs + 55_000));
}

/** All clients die. From then on new processes ask for the lock, once each. */
function letAllDie(world: World, dieAtMs: number, everyMs: number, prng: Prng): number {
  const { time, network } = world;
  const lock = prng.pick(world.plan.locks);
  const checker = new OneShotServed(world, lock, everyMs);
  new OneShotCallers(world, prng.fork(), lock, everyMs, checker).startAt(dieAtMs + prng.between(0, everyMs));
  time.at(dieAtMs, () => {
    world.trace?.('world', 'all die, and no more faults come');
    network.isHealed = true;
    for (const client of world.clients) client.process.crash();
    time.at(Math.max(network.drainedAtMs, dieAtMs), () => checker.drained());
  });
  return Math.min(LATEST_END_MS, Math.max(END_MS, dieAtMs + 90_000));
}
