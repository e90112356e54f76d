import { installCheckers } from './checkers/install.js';
import { PythonClient } from './clients/python-client.js';
import { TypeScriptClient } from './clients/typescript-client.js';
import { Prng } from './engine/prng.js';
import { SimTime } from './engine/sim-time.js';
import { keepTrace } from './engine/trace.js';
import { injectClientFaults, injectSharedFaults } from './faults/injector.js';
import { type ClientPlan, drawPlan } from './faults/plan.js';
import { withRareFaults } from './faults/rare-faults.js';
import { TargetedFaults } from './faults/targeted-faults.js';
import { planLivenessPhase } from './liveness-phase.js';
import { type NodeHost, onNode } from './process/node-host.js';
import { withWorkloadKind } from './workload/kind.js';
import { type Violation, World } from './world.js';

export interface RunOptions {
  /** The trace is appended to these lines. */
  readonly lines?: string[] | undefined;
  /** Only violations of this checker count. */
  readonly checker?: string | undefined;
}

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  /** What happened, by kind, if the schedule counts it. */
  readonly counts?: Readonly<Record<string, number>>;
}

/** Runs the schedule of one seed until its end or its first violation. */
export function runSchedule(seed: number, options: RunOptions = {}): Promise<Outcome> {
  return onNode(seed, (host) => runOn(host, seed, options));
}

// The order of the draws from `prng` is part of what a seed means: a new draw goes last, or to a generator of its own.
async function runOn({ logger }: NodeHost, seed: number, { lines, checker }: RunOptions): Promise<Outcome> {
  const prng = new Prng(seed);
  const plan = withRareFaults(withWorkloadKind(drawPlan(prng.fork()), seed), seed);
  const time = new SimTime();
  const trace = lines && keepTrace(time, lines);
  const world = new World(time, plan, prng.fork(), trace, checker, { ...(logger && { logger }) });
  const onRejection = (error: unknown): void => world.report('errors', `unhandled: ${String(error)}`);
  process.on('unhandledRejection', onRejection);
  const clients = plan.clients.map((client, index) => {
    const name = `${client.kind === 'python' ? 'py' : 'ts'}${index}`;
    lines?.push(`${name}: ${JSON.stringify(client)}`);
    return new (client.kind === 'python' ? PythonClient : TypeScriptClient)(world, name, client, prng.fork());
  });
  lines?.push(`network: ${JSON.stringify(plan.networkFaults)}`, `workload: ${JSON.stringify(plan.workload)}`);
  world.clients.push(...clients);
  world.targetedFaults = new TargetedFaults(world, prng.fork());
  installCheckers(world);
  for (const [index, client] of clients.entries()) {
    injectClientFaults(world, client, plan.clients[index] as ClientPlan);
    time.at(prng.between(0, plan.workload.idleMs), () => client.start());
  }
  const endMs = planLivenessPhase(world, clients[0] as TypeScriptClient, prng);
  injectSharedFaults(world, endMs);
  world.startProbing();
  await time.run(endMs, () => {
    for (const each of world.afterEventCheckers) each.afterEvent();
    return world.violation !== undefined;
  });
  process.off('unhandledRejection', onRejection);
  const { violation } = world;
  if (violation)
    lines?.push(`VIOLATION at ${(violation.atMs / 1000).toFixed(3)} s: ${violation.checker}: ${violation.what}`);
  return { seed, violation };
}
