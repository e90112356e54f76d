import { type HeldLock, LynkError } from '../../../runtime/index.js';
import { TypeScriptBeliever } from '../clients/believer.js';
import type { TypeScriptClient } from '../clients/typescript-client.js';
import type { Prng } from '../engine/prng.js';
import { NAME, type WorkloadKind } from './kind.js';

/** The abort reason of a caller's own signal. */
const CANCELLED = new Error('cancelled');

/** A result, with the true time at which it was made. */
interface Made {
  readonly madeMs: number;
}

/** One caller of the TypeScript client that uses a recipe: permits, several locks, or a single flight. */
export class RecipeCaller {
  constructor(
    private readonly client: TypeScriptClient,
    private readonly prng: Prng,
    private readonly kind: Exclude<WorkloadKind, 'locks'>,
  ) {}

  /** Uses the recipe until the client stops. */
  start(): void {
    this.live().catch((error: unknown) => this.client.unexpected(error));
  }

  private async live(): Promise<void> {
    const { world, process, stopped } = this.client;
    const ask = {
      semaphore: () => this.permit(),
      multiLock: () => this.multiLock(),
      singleFlight: () => this.singleFlight(),
    }[this.kind];
    for (;;) {
      await process.sleep(this.prng.between(0, world.plan.workload.idleMs), stopped);
      if (stopped.aborted) return;
      try {
        // Requests of several callers cannot be told apart. Nobody else in this process is checked meanwhile.
        await this.client.measured('all', NAME, ask);
      } catch (error) {
        if (!(error instanceof LynkError) && error !== CANCELLED) throw error;
        world.trace?.(process.name, `hears ${String(error)}`);
      }
    }
  }

  private async permit(): Promise<void> {
    const { world, factory, process, plan } = this.client;
    const semaphore = factory.createSemaphore(NAME, { permits: world.plan.locks.length });
    const startedMs = world.time.nowMs;
    if (this.prng.chance(world.plan.workload.tryChance)) {
      const held = await semaphore.tryAcquire();
      if (!held) return;
      world.granted(process, held, startedMs, plan.leaseSeconds);
      await this.work(held.signal);
      await held.release();
      return;
    }
    await semaphore.withPermit(this.waiting(), async (held) => {
      world.granted(process, held, startedMs, plan.leaseSeconds);
      await this.work(held.signal);
    });
  }

  private async multiLock(): Promise<void> {
    const { world, factory, process } = this.client;
    const names = world.plan.locks.filter(() => this.prng.chance(0.7));
    if (names.length === 0) return;
    const startedMs = world.time.nowMs;
    await factory.withLocks(this.prng.chance(0.5) ? names : names.reverse(), this.waiting(), async (held) => {
      const { signal } = held;
      const group = { process, signal, believers: held.locks.map((lock) => this.believer(lock, startedMs)) };
      world.trace?.(process.name, `HOLDS ${names.join(' and ')}`);
      world.allOrNone?.began(group);
      await this.work(signal);
      world.allOrNone?.ended(group);
    });
  }

  private async singleFlight(): Promise<void> {
    const { world, factory, process, plan } = this.client;
    // The client refuses an infinite tolerance here.
    if (plan.clockToleranceSeconds === Infinity) return;
    const freshSeconds = plan.clockToleranceSeconds + this.prng.magnitude(0.1, 20);
    const startedMs = world.time.nowMs;
    let hasWorked = false;
    const { madeMs } = await factory.singleFlight<Made>(NAME, { ...this.waiting(), freshSeconds }, async (held) => {
      hasWorked = true;
      world.granted(process, held, startedMs, plan.leaseSeconds);
      await this.work(held.signal);
      this.stepWorkerClock();
      return { madeMs: world.time.nowMs };
    });
    if (hasWorked) return;
    world.trace?.(process.name, `is served with a result of ${((world.time.nowMs - madeMs) / 1000).toFixed(3)} s`);
    world.resultAge?.served(process, { madeMs, freshSeconds });
  }

  /** Sometimes sets the worker's wall clock forward, after the last answer and before the result. */
  private stepWorkerClock(): void {
    const { world, process, plan } = this.client;
    if (world.network.isHealed || !this.prng.chance(world.plan.targetedFaultChance)) return;
    process.stepClock(this.prng.between(0, plan.leaseSeconds * 500));
  }

  private waiting(): { readonly waitSeconds: number; readonly signal?: AbortSignal } {
    const { world, process, plan } = this.client;
    const waitSeconds = this.prng.magnitude(0.1, 40);
    if (!this.prng.chance(world.plan.workload.cancelChance)) return { waitSeconds };
    const controller = new AbortController();
    process.clock.after(this.prng.magnitude(1, plan.leaseSeconds * 2000), () => controller.abort(CANCELLED));
    return { waitSeconds, signal: controller.signal };
  }

  /** For mutual exclusion and targeted faults only: its signal also aborts when another of the locks is lost. */
  private believer(held: HeldLock, startedMs: number): TypeScriptBeliever {
    const { world, process, plan } = this.client;
    const believer = new TypeScriptBeliever(
      `${process.name}'s ${held.name}`,
      held.name,
      process,
      held,
      startedMs,
      plan.leaseSeconds,
    );
    world.believed(believer);
    world.targetedFaults?.granted(believer);
    return believer;
  }

  private async work(signal: AbortSignal): Promise<void> {
    const { world, process, plan, stopped } = this.client;
    const isShort = this.prng.chance(world.plan.workload.shortHoldChance);
    const durationMs = isShort ? this.prng.magnitude(1, 500) : this.prng.between(0, plan.leaseSeconds * 3000);
    // Some work stops when the signal aborts, other work does not.
    await process.sleep(durationMs, this.prng.chance(0.6) ? signal : undefined, stopped);
  }
}
