import { LockFactory } from '../../../runtime/client/lock-factory.js';
import { LockManager } from '../../../runtime/core/lock-manager.js';
import { type HeldLock, LockTableError, LynkError } from '../../../runtime/index.js';
import type { Prng } from '../engine/prng.js';
import { type ClientPlan, isFencing } from '../faults/plan.js';
import type { Connection } from '../network/network.js';
import { SimSdk } from '../network/sim-sdk.js';
import { SimProcess } from '../process/sim-process.js';
import { type Operation, SimStore } from '../storage/sim-store.js';
import { LockCaller } from '../workload/lock-caller.js';
import { RecipeCaller } from '../workload/recipe-caller.js';
import type { CallRecord, Client, World } from '../world.js';

type Counts = Readonly<Record<Operation, number>>;

function sinceThen(now: Counts, then: Counts): Counts {
  return {
    acquire: now.acquire - then.acquire,
    adopt: now.adopt - then.adopt,
    refresh: now.refresh - then.refresh,
    release: now.release - then.release,
    leave: now.leave - then.leave,
    read: now.read - then.read,
    readMany: now.readMany - then.readMany,
    list: now.list - then.list,
  };
}

/** A process that runs the real client, with one or more callers. */
export class TypeScriptClient implements Client {
  readonly process: SimProcess;
  readonly connection: Connection;
  readonly factory: LockFactory;
  private readonly stopping = new AbortController();
  private readonly manager: LockManager;
  private readonly store: SimStore;
  private busyCallers = 0;
  private lastBusyMs = 0;
  /** When two callers last ran at once. Requests can be attributed to one caller only after that. */
  private sharedMs = -Infinity;

  constructor(
    readonly world: World,
    name: string,
    readonly plan: ClientPlan,
    private readonly prng: Prng,
  ) {
    const { time, network, database, trace } = world;
    this.process = new SimProcess(name, time, plan.clock, prng.fork(), trace);
    this.connection = { process: this.process, plan, partitions: [...plan.partitions], frontEnd: 0 };
    const sdk = new SimSdk(network, this.connection, plan, prng.fork());
    this.store = new SimStore(this.process, sdk, network, database, trace);
    this.manager = new LockManager(this.process.clock, prng.fork());
    const { leaseSeconds, clockToleranceSeconds } = plan;
    const settings = { leaseSeconds, clockToleranceSeconds, fencing: isFencing(world.plan), ...world.logging };
    this.factory = new LockFactory(this.manager, this.store, settings, () => name);
  }

  start(): void {
    const { workloadKind = 'locks' } = this.world.plan;
    for (let index = 0; index < this.plan.callers; index += 1) {
      if (workloadKind === 'locks') this.caller().start();
      else new RecipeCaller(this, this.prng.fork(), workloadKind).start();
    }
  }

  /** Aborts when the client is to finish its calls and start no more. */
  get stopped(): AbortSignal {
    return this.stopping.signal;
  }

  stop(): void {
    this.process.deliver(() => this.stopping.abort(new Error('stopped')));
  }

  receive(text: string, lock: string): void {
    this.caller().adopt(text, lock);
  }

  /** Waits for the lock without a limit, and releases it at once. */
  waitForever(lock: string, served: () => void): void {
    const acquire = (): Promise<HeldLock> => this.factory.createLock(lock).acquire({ waitSeconds: Infinity });
    this.measured('acquire', lock, () => this.world.waiting(this.process, lock, acquire))
      .then((held) => {
        served();
        return this.measured('hold', lock, () => held.release());
      })
      .catch((error: unknown) => {
        // A request was refused for good before the faults ended.
        if (error instanceof LockTableError) this.process.clock.after(100, () => this.waitForever(lock, served));
        else this.unexpected(error);
      });
  }

  /** Since when it has no call in progress. Undefined while it has one. */
  get idleSinceMs(): number | undefined {
    return this.busyCallers > 0 ? undefined : this.lastBusyMs;
  }

  /** Whether it may overwrite an entry of that hold at once, or keeps it for another attempt to adopt. */
  mayTake(hold: string): boolean {
    return this.manager.isAbandoned(hold) || this.store.adoptions.has(hold);
  }

  /** The handed-over version that it tried to adopt under that hold id. */
  adopted(hold: string): string | undefined {
    return this.store.adoptions.get(hold);
  }

  /** The client's own errors are answers. Any other error is a bug. */
  unexpected(error: unknown): void {
    if (error instanceof LynkError || error === this.stopped.reason) return;
    this.world.report('errors', `${this.process.name}: ${error instanceof Error ? error.stack : String(error)}`);
  }

  /** Runs `ask`, and reports it to the checkers, unless other callers' requests are among its own. */
  async measured<T>(kind: CallRecord['kind'], lock: string, ask: () => Promise<T>): Promise<T> {
    const { time } = this.world;
    const startedMs = time.nowMs;
    const before = { ...this.store.counts };
    this.busyCallers += 1;
    if (this.busyCallers > 1) this.sharedMs = startedMs;
    let granted = false;
    try {
      const outcome = await ask();
      granted = outcome !== undefined;
      return outcome;
    } finally {
      if (this.busyCallers > 1) this.sharedMs = time.nowMs;
      this.busyCallers -= 1;
      this.lastBusyMs = time.nowMs;
      if (this.sharedMs < startedMs) {
        const requests = sinceThen(this.store.counts, before);
        const { leaseSeconds } = this.plan;
        this.world.callFinished({ kind, granted, process: this.process, lock, leaseSeconds, startedMs, requests });
      }
    }
  }

  private caller(): LockCaller {
    return new LockCaller(this, this.prng.fork());
  }
}
