import { SpuriousLoss } from '../checkers/liveness/spurious-loss.js';
import { Takeover } from '../checkers/liveness/takeover.js';
import { LiveEntry } from '../checkers/safety/live-entry.js';
import { LossReported } from '../checkers/safety/loss-reported.js';
import { MutualExclusion } from '../checkers/safety/mutual-exclusion.js';
import { PythonClient } from '../clients/python-client.js';
import { TypeScriptClient } from '../clients/typescript-client.js';
import { Prng } from '../engine/prng.js';
import { SimTime } from '../engine/sim-time.js';
import { keepTrace } from '../engine/trace.js';
import { injectClientFaults, injectSharedFaults } from '../faults/injector.js';
import type { ClientPlan } from '../faults/plan.js';
import { type NodeHost, onNode } from '../process/node-host.js';
import type { Outcome, RunOptions } from '../schedule.js';
import { World } from '../world.js';
import { DurableHandler } from './durable-handler.js';
import { DurableOrder } from './durable-order.js';
import { drawDurablePlan, HEALED_AT_MS } from './durable-plan.js';
import { type Counts, SimulatedExecution } from './simulated-execution.js';

/** Everything an execution may have to wait for comes to less: polls, stretches of others, and its own. */
const LATEST_END_MS = 3_600_000;

/** Runs a schedule with durable executions, beside the clients of the other schedules. */
export function runDurableSchedule(seed: number, options: RunOptions = {}): Promise<Outcome> {
  return onNode(seed, (host) => runOn(host, seed, options));
}

async function runOn({ logger }: NodeHost, seed: number, { lines, checker }: RunOptions): Promise<Outcome> {
  const { plan, executions: plans, faults, isCalm } = drawDurablePlan(seed);
  const prng = new Prng(seed + 2 ** 43);
  const time = new SimTime();
  const trace = lines && keepTrace(time, lines);
  const world = new World(time, plan, prng.fork(), trace, checker, { ...(logger && { logger }) });
  const onRejection = (error: unknown): void => {
    world.report('errors', `unhandled: ${error instanceof Error ? error.stack : String(error)}`);
  };
  process.on('unhandledRejection', onRejection);
  lines?.push(JSON.stringify({ isCalm, faults, network: plan.networkFaults, rare: plan.rareFaults, plans }));
  const clients = plan.clients.map((client, index) => {
    const name = `${client.kind === 'python' ? 'py' : 'ts'}${index}`;
    lines?.push(`${name}: ${JSON.stringify(client)}`);
    return new (client.kind === 'python' ? PythonClient : TypeScriptClient)(world, name, client, prng.fork());
  });
  world.clients.push(...clients);
  const order = new DurableOrder(world, (name) => name.startsWith('ex'), isCalm);
  world.checkers.push(
    new LossReported(world),
    new SpuriousLoss(world),
    new Takeover(world),
    new LiveEntry(world),
    order,
  );
  world.afterEventCheckers.push(new MutualExclusion(world));
  world.database.onCommit = (lock, hold) => order.committed(lock, hold);
  for (const [index, client] of clients.entries()) {
    injectClientFaults(world, client, plan.clients[index] as ClientPlan);
    time.at(prng.between(0, plan.workload.idleMs), () => client.start());
  }
  injectSharedFaults(world, HEALED_AT_MS);
  const counts: Counts = {
    invocations: 0,
    crashes: 0,
    zombies: 0,
    refusedCheckpoints: 0,
    steps: 0,
    stops: 0,
    losses: 0,
  };
  const executions = plans.map((own, index) => {
    const handler = new DurableHandler(world, own, order, prng.fork());
    const shortestLeaseSeconds = Math.min(...own.rounds.map(({ leaseSeconds }) => leaseSeconds));
    const longestPauseMs = shortestLeaseSeconds * 1000 * faults.latestInvocation;
    const execution = new SimulatedExecution(
      world,
      `ex${index}`,
      faults,
      counts,
      prng.fork(),
      { isCalm, longestPauseMs },
      (context, sandbox, invocation) => handler.handle(context, sandbox, invocation),
    );
    handler.execution = execution;
    execution.startAt(own.startMs);
    if (own.stopAtMs !== undefined) time.at(own.stopAtMs, () => execution.stop());
    return execution;
  });
  const operators = clients.filter((client) => client instanceof TypeScriptClient);
  for (const atMs of faults.breaksAtMs) {
    const [operator] = operators;
    if (operator) time.at(atMs, () => breakLock(world, operator, prng.pick(plan.locks)));
  }
  time.at(HEALED_AT_MS, () => {
    world.trace?.('world', 'no more faults come');
    world.network.isHealed = true;
    for (const client of clients) client.stop();
  });
  world.startProbing();
  const isDone = (): boolean => {
    for (const each of world.afterEventCheckers) each.afterEvent();
    if (world.violation !== undefined) return true;
    return time.nowMs > HEALED_AT_MS && executions.every(({ ending }) => ending !== undefined);
  };
  await time.run(LATEST_END_MS, isDone);
  for (const { ending, name } of executions) {
    if (!ending) world.report('execution-ends', `${name} has not ended after an hour`);
    if (ending?.kind === 'failed') world.report('execution-ends', `${name} failed: ${stackOf(ending.error)}`);
  }
  process.off('unhandledRejection', onRejection);
  const { violation } = world;
  if (violation)
    lines?.push(`VIOLATION at ${(violation.atMs / 1000).toFixed(3)} s: ${violation.checker}: ${violation.what}`);
  return { seed, violation, counts: { ...counts, acquisitions: order.acquisitions } };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function breakLock(world: World, operator: TypeScriptClient, lock: string): void {
  const { process, factory } = operator;
  process.deliver(() => {
    world.trace?.(process.name, `breaks ${lock}`);
    const told = (): void => {
      // Whoever held it is told, and no fault of its own was the cause.
      for (const believer of world.believers) believer.process.noteFault();
    };
    told();
    factory.break(lock, { reason: 'in the way' }).then(told, told);
  });
}
