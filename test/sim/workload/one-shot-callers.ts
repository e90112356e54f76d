import { LockFactory } from '../../../runtime/client/lock-factory.js';
import { LockManager } from '../../../runtime/core/lock-manager.js';
import { type HeldLock, LynkError } from '../../../runtime/index.js';
import type { OneShotServed } from '../checkers/liveness/one-shot-served.js';
import type { TypeScriptBeliever } from '../clients/believer.js';
import type { Prng } from '../engine/prng.js';
import { isFencing } from '../faults/plan.js';
import { MOST_DAYS_MS } from '../faults/rare-faults.js';
import { SimSdk } from '../network/sim-sdk.js';
import { SimProcess } from '../process/sim-process.js';
import { SimStore } from '../storage/sim-store.js';
import type { World } from '../world.js';

const LEASE_SECONDS = 3;
const ATTEMPTS = { attempts: 2, attemptMs: 2000 };

/**
 * A new process at each interval makes one attempt and ends, as a command line does. The processes share no memory.
 * Some of those that get the lock are killed while they hold it.
 */
export class OneShotCallers {
  private count = 0;

  constructor(
    private readonly world: World,
    private readonly prng: Prng,
    private readonly lock: string,
    private readonly everyMs: number,
    private readonly checker: OneShotServed,
  ) {}

  startAt(atMs: number): void {
    this.world.time.at(atMs, () => {
      this.ask().catch((error: unknown) => {
        if (!(error instanceof LynkError)) this.world.report('errors', `an asker: ${String(error)}`);
      });
      this.startAt(atMs + this.everyMs);
    });
  }

  private async ask(): Promise<void> {
    const { world } = this;
    const { time, network, database, trace } = world;
    this.count += 1;
    const name = `ask${this.count}`;
    const prng = this.prng.fork();
    const mostMs = prng.chance(0.5) ? MOST_DAYS_MS : 8000;
    const offMs = prng.between(-mostMs, mostMs);
    const clock = { offsetMs: world.epoch.skippedMs + offMs, wallRate: 1, monotonicRate: 1 };
    const process = new SimProcess(name, time, clock, prng.fork(), trace);
    const connection = { process, plan: { datelessChance: 0, stickiness: 0 }, partitions: [], frontEnd: 0 };
    const store = new SimStore(
      process,
      new SimSdk(network, connection, ATTEMPTS, prng.fork()),
      network,
      database,
      trace,
    );
    const settings = { leaseSeconds: LEASE_SECONDS, fencing: isFencing(world.plan), ...world.logging };
    const manager = new LockManager(process.clock, prng.fork());
    const factory = new LockFactory(manager, store, settings, () => name);
    const { lockAtLeastSeconds } = world.plan;
    const startedMs = time.nowMs;
    world.oneShotProcesses.add(process);
    const held = await factory.createLock(this.lock, { lockAtLeastSeconds }).tryAcquire();
    if (held) await this.hold(held, world.granted(process, held, startedMs, LEASE_SECONDS), prng);
    world.oneShotProcesses.delete(process);
  }

  private async hold(held: HeldLock, believer: TypeScriptBeliever, prng: Prng): Promise<void> {
    const { world, checker } = this;
    const { process } = believer;
    checker.served();
    try {
      if (prng.chance(0.3)) await process.sleep(prng.between(0, LEASE_SECONDS * 2000), held.signal);
      if (prng.chance(0.6)) return process.crash();
      const wasHeld = held.isHeld;
      await held.release();
      if (wasHeld) world.released(believer);
    } finally {
      checker.finished();
    }
  }
}
