import { LynkError } from '../../runtime/index.js';
import { LockFactory } from '../../runtime/lock/factory.js';
import { LockProcess } from '../../runtime/lock/process.js';
import { isFencing } from './plan.js';
import type { Prng } from './prng.js';
import { SimProcess } from './sim-process.js';
import { SimSdk } from './sim-sdk.js';
import { SimStore } from './sim-store.js';
import type { World } from './world.js';

const TOLERANCE_SECONDS = 3;
const ATTEMPTS = { attempts: 2, attemptMs: 2000 };

/** Who asks once and ends, over and over, each time a process that remembers nothing: as a command line does. */
export class Asker {
  private count = 0;

  constructor(
    private readonly world: World,
    private readonly prng: Prng,
    private readonly lock: string,
    private readonly everyMs: number,
    private readonly served: () => void,
  ) {}

  askFrom(atMs: number): void {
    this.world.time.at(atMs, () => {
      this.ask().catch((error: unknown) => {
        if (!(error instanceof LynkError)) this.world.report('errors', `an asker: ${String(error)}`);
      });
      this.askFrom(atMs + this.everyMs);
    });
  }

  private async ask(): Promise<void> {
    const { world, prng } = this;
    const { time, network, database, trace } = world;
    this.count += 1;
    const name = `ask${this.count}`;
    const leaseSeconds = 3;
    const clock = { offsetMs: prng.between(-8000, 8000), wallRate: 1, monotonicRate: 1 };
    const process = new SimProcess(name, time, clock, prng.fork(), trace);
    const line = { process, plan: { datelessChance: 0, stickiness: 0 }, cuts: [], frontEnd: 0 };
    const store = new SimStore(process, new SimSdk(network, line, ATTEMPTS, prng.fork()), network, database, trace);
    const settings = {
      leaseSeconds,
      clockToleranceSeconds: TOLERANCE_SECONDS,
      fencing: isFencing(world.plan),
      ...world.logging,
    };
    const lockProcess = new LockProcess(process.clock, prng.fork());
    const factory = new LockFactory(lockProcess, store, settings, () => name);
    const askedMs = time.nowMs;
    const held = await factory.createLock(this.lock).tryAcquire();
    if (!held) return;
    world.granted(process, held, askedMs, leaseSeconds);
    this.served();
    await held.release();
  }
}
