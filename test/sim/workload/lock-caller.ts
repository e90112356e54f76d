import { parseHandOver } from '../../../runtime/hold/hand-over-text.js';
import { type HeldLock, LockLostError, LockUnavailableError, LynkError } from '../../../runtime/index.js';
import type { LimitedCall } from '../checkers/limits/call-time.js';
import type { TypeScriptBeliever } from '../clients/believer.js';
import type { TypeScriptClient } from '../clients/typescript-client.js';
import type { Prng } from '../engine/prng.js';

/** The abort reason of a caller's own signal. */
const CANCELLED = new Error('cancelled');

/** Attempts to adopt one hand-over token in one process. */
const MOST_ADOPTIONS = 3;

/** One caller of the TypeScript client: an application that acquires single locks and works under them. */
export class LockCaller {
  constructor(
    private readonly client: TypeScriptClient,
    private readonly prng: Prng,
  ) {}

  /** Acquires and releases locks until the client stops. */
  start(): void {
    this.live().catch((error: unknown) => this.client.unexpected(error));
  }

  /** Adopts a hand-over token, and works under the lock. */
  adopt(text: string, lock: string): void {
    const { world, process, plan } = this.client;
    this.client
      .measured('hold', lock, async () => {
        const startedMs = world.time.nowMs;
        const held = await this.adoptWithRetries(text, lock);
        await this.use(held, world.granted(process, held, startedMs, plan.leaseSeconds));
      })
      .catch((error: unknown) => this.client.unexpected(error));
  }

  /** Tries the same text again if there was no answer, like a queue that delivers a message again. */
  private async adoptWithRetries(text: string, lock: string): Promise<HeldLock> {
    const { world, factory, process, plan } = this.client;
    const adoption = world.handOverRetry?.begins(this.client, lock, parseHandOver(text).version);
    // After another error than "no answer", the text may rightly be refused.
    let isKept = true;
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await factory.deserializeLock(text, { lockAtLeastSeconds: world.plan.lockAtLeastSeconds });
      } catch (error) {
        const isRefused = error instanceof LockLostError;
        if (isRefused && attempts > 1 && isKept && adoption) world.handOverRetry?.refused(adoption);
        if (isRefused || !(error instanceof LynkError) || attempts === MOST_ADOPTIONS) throw error;
        isKept &&= error instanceof LockUnavailableError;
        world.trace?.(process.name, `hears ${String(error)}, and tries the text again`);
        await process.sleep(this.prng.magnitude(10, plan.leaseSeconds * 500));
      }
    }
  }

  private async live(): Promise<void> {
    const { world, process, stopped } = this.client;
    const { workload, locks } = world.plan;
    for (;;) {
      await process.sleep(this.prng.between(0, workload.idleMs), stopped);
      if (stopped.aborted) return;
      const lock = this.prng.pick(locks);
      try {
        if (this.prng.chance(workload.withLockChance)) await this.client.measured('all', lock, () => this.within(lock));
        else await this.holdOnce(lock);
      } catch (error) {
        if (!(error instanceof LynkError) && error !== CANCELLED) throw error;
        world.trace?.(process.name, `hears ${String(error)}`);
      }
    }
  }

  private async holdOnce(lock: string): Promise<void> {
    const { world, process, plan } = this.client;
    const startedMs = world.time.nowMs;
    const { lockAtLeastSeconds } = world.plan;
    const isTry = this.prng.chance(world.plan.workload.tryChance);
    const held = await this.client.measured(isTry ? 'try' : 'acquire', lock, () =>
      isTry ? this.client.factory.createLock(lock, { lockAtLeastSeconds }).tryAcquire() : this.waitFor(lock),
    );
    if (!held) return;
    const believer = world.granted(process, held, startedMs, plan.leaseSeconds);
    await this.client.measured('hold', lock, () => this.use(held, believer));
  }

  private waitFor(lock: string): Promise<HeldLock> {
    const { world, process, plan, factory } = this.client;
    const waitSeconds = this.prng.magnitude(0.1, 40);
    let signal: AbortSignal | undefined;
    if (this.prng.chance(world.plan.workload.cancelChance)) {
      const controller = new AbortController();
      process.clock.after(this.prng.magnitude(1, plan.leaseSeconds * 2000), () => controller.abort(CANCELLED));
      signal = controller.signal;
    }
    const startedMs = world.time.nowMs;
    return world.waiting(process, lock, () =>
      factory
        .createLock(lock, { lockAtLeastSeconds: world.plan.lockAtLeastSeconds })
        .acquire({ waitSeconds, data: process.name, ...(signal && { signal }) })
        .catch((error: unknown) => {
          world.waitTime?.refused(process, lock, error, startedMs, waitSeconds);
          throw error;
        }),
    );
  }

  private async within(lock: string): Promise<void> {
    const { world, process, factory, plan } = this.client;
    const startedMs = world.time.nowMs;
    await factory.withLock(lock, { waitSeconds: this.prng.magnitude(0.1, 40) }, async (held) => {
      world.granted(process, held, startedMs, plan.leaseSeconds);
      await process.sleep(this.workMs(), held.signal, this.client.stopped);
    });
  }

  private async use(held: HeldLock, believer: TypeScriptBeliever): Promise<void> {
    const { world, process, plan, stopped } = this.client;
    const { workload } = world.plan;
    // Some work stops when the signal aborts. Other work reads `isHeld` now and then, or neither.
    const attentive = this.prng.chance(0.6) ? held.signal : undefined;
    const readsEveryMs = this.prng.chance(0.3) ? this.prng.between(50, 1000) : Infinity;
    let leftMs = this.workMs();
    while (leftMs > 0 && !stopped.aborted && !attentive?.aborted) {
      const stretchMs = Math.min(leftMs, readsEveryMs);
      await process.sleep(stretchMs, attentive, stopped);
      leftMs -= stretchMs;
      if (readsEveryMs < Infinity) this.checkBelief(held, believer);
    }
    if (this.prng.chance(0.1))
      await this.orUndefined(this.limited('refresh', () => held.refresh({ data: 'nearly done' })));
    if (held.isHeld && !stopped.aborted && this.prng.chance(workload.handOverChance)) {
      const text = await this.orUndefined(this.limited('serialize', () => held.serialize()));
      if (text !== undefined) return world.post(text, held.name, plan.leaseSeconds);
    }
    const wasHeld = held.isHeld;
    if (!wasHeld && !this.prng.chance(0.8)) return;
    await this.limited('release', () => held.release());
    if (wasHeld) world.released(believer);
  }

  /** Compares `isHeld` with the checkers' view of the hold. */
  private checkBelief(held: HeldLock, believer: TypeScriptBeliever): void {
    const believes = believer.believes();
    if (held.isHeld !== believes)
      this.client.world.report(
        'belief',
        `${believer.name} says isHeld: ${!believes}, but the checkers see ${believes}`,
      );
  }

  private limited<T>(what: LimitedCall, call: () => Promise<T>): Promise<T> {
    const { world, process, plan } = this.client;
    return world.callTime ? world.callTime.within(process, what, plan.leaseSeconds, call) : call();
  }

  private workMs(): number {
    const { world, plan } = this.client;
    if (this.prng.chance(world.plan.workload.shortHoldChance)) return this.prng.magnitude(1, 500);
    return this.prng.between(0, plan.leaseSeconds * 3000);
  }

  private async orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
    try {
      return await promise;
    } catch (error) {
      if (error instanceof LynkError) return undefined;
      throw error;
    }
  }
}
