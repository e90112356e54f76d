import { LockFactory } from '../../../runtime/client/lock-factory.js';
import { LockManager } from '../../../runtime/core/lock-manager.js';
import type { Prng } from '../engine/prng.js';
import { areTooClose, type ClientPlan, drawClient, isFencing } from '../faults/plan.js';
import type { Connection } from '../network/network.js';
import { SimSdk } from '../network/sim-sdk.js';
import { SimProcess } from '../process/sim-process.js';
import { SimStore } from '../storage/sim-store.js';
import type { World } from '../world.js';

/** One sandbox: a process with the real client, clocks and faults of its own. It runs one invocation after the other. */
export class Sandbox {
  readonly process: SimProcess;
  readonly factory: LockFactory;
  readonly store: SimStore;
  private readonly plan: ClientPlan;
  /** The plan's times count from then on. */
  private readonly bornMs: number;

  constructor(
    private readonly world: World,
    name: string,
    private readonly prng: Prng,
    isCalm: boolean,
  ) {
    const { time, network, database, trace } = world;
    const plan = drawClient(prng, 'typescript', 10, isCalm);
    const { nowMs } = time;
    this.bornMs = nowMs;
    this.plan = {
      ...plan,
      partitions: plan.partitions.map((cut) => ({ ...cut, fromMs: cut.fromMs + nowMs, toMs: cut.toMs + nowMs })),
    };
    this.process = new SimProcess(name, time, plan.clock, prng.fork(), trace);
    const connection: Connection = {
      process: this.process,
      plan: this.plan,
      partitions: [...this.plan.partitions],
      frontEnd: 0,
    };
    const sdk = new SimSdk(network, connection, plan, prng.fork());
    this.store = new SimStore(this.process, sdk, network, database, trace);
    const manager = new LockManager(this.process.clock, prng.fork());
    const { clockToleranceSeconds } = plan;
    const settings = { leaseSeconds: 10, clockToleranceSeconds, fencing: isFencing(world.plan), ...world.logging };
    this.factory = new LockFactory(manager, this.store, settings, () => name);
    for (const { atMs, byMs } of plan.clockSteps) this.later(atMs, () => this.process.stepClock(byMs));
    for (const { atMs, durationMs, monotonicClock } of plan.freezes) {
      this.later(atMs, () => this.process.freeze(durationMs, monotonicClock));
    }
    world.trace?.(name, JSON.stringify(plan));
  }

  /** Stands still between two invocations. */
  rest(durationMs: number): void {
    if (durationMs <= 0) return;
    const nowMs = this.world.time.nowMs;
    const freeze = { atMs: nowMs, durationMs, monotonicClock: this.prng.pick(['runs', 'stops'] as const) };
    const isTooClose = this.plan.clockSteps.some((step) =>
      areTooClose(freeze, { ...step, atMs: step.atMs + this.bornMs }),
    );
    this.process.freeze(durationMs, isTooClose ? 'runs' : freeze.monotonicClock);
  }

  private later(afterMs: number, inject: () => void): void {
    const { time, network } = this.world;
    time.at(time.nowMs + afterMs, () => {
      if (!network.isHealed) inject();
    });
  }
}
