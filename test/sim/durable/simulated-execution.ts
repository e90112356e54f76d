import type { Prng } from '../engine/prng.js';
import type { World } from '../world.js';
import type { DurableFaults } from './durable-plan.js';
import { Invocation } from './invocation.js';
import { Sandbox } from './sandbox.js';
import { SimContext } from './sim-context.js';

/** What the service stores of one operation. */
export interface Operation {
  readonly kind: 'step' | 'wait' | 'callback' | 'context' | 'race';
  readonly name: string;
  state: 'started' | 'succeeded' | 'failed';
  /** The result, as text; or the message of the error. */
  text?: string | undefined;
}

/** How an execution has ended. */
export type Ending =
  | { readonly kind: 'succeeded'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'stopped' };

/** What happened in a schedule, for its report. */
export interface Counts {
  invocations: number;
  crashes: number;
  zombies: number;
  refusedCheckpoints: number;
  steps: number;
  stops: number;
  losses: number;
}

/**
 * One execution, as the simulated service keeps it: its stored operations, and which invocation is the live one. A
 * checkpoint of any other is refused: the sender never hears of it again, as the SDK ends such an invocation.
 */
export class SimulatedExecution {
  readonly operations = new Map<string, Operation>();
  ending: Ending | undefined;
  private live: Invocation | undefined;
  private invocations = 0;
  private warm: Sandbox | undefined;
  private isScheduled = false;

  constructor(
    readonly world: World,
    readonly name: string,
    readonly faults: DurableFaults,
    readonly counts: Counts,
    private readonly prng: Prng,
    private readonly settings: { readonly isCalm: boolean; readonly longestPauseMs: number },
    private readonly handler: (context: SimContext, sandbox: Sandbox, invocation: Invocation) => Promise<unknown>,
  ) {}

  startAt(atMs: number): void {
    this.world.time.at(atMs, () => this.invoke());
  }

  /** `StopDurableExecution`: whatever runs is not told. */
  stop(): void {
    if (this.ending) return;
    this.trace('is stopped');
    this.counts.stops += 1;
    this.ending = { kind: 'stopped' };
    const { live } = this;
    this.live = undefined;
    if (live && this.prng.chance(0.5)) live.sandbox.process.crash();
    else live?.sandbox.process.noteFault(Infinity);
  }

  /**
   * Stores something for an invocation, if that is the live one.
   * @param apply what is stored, at the service
   */
  async checkpoint(invocation: Invocation, what: string, apply: () => void): Promise<void> {
    const { faults } = this;
    invocation.active += 1;
    if (this.happens(faults.crashBeforeChance)) this.crash(invocation, `before it stores ${what}`);
    await this.trip(invocation, () => {
      if (this.live !== invocation) return this.refuse(invocation, what);
      apply();
      this.trace(`stores ${what} of invocation ${invocation.number}`);
      if (this.happens(faults.crashAfterChance)) this.crash(invocation, `after it stored ${what}`);
      if (this.happens(faults.zombieChance)) this.giveUp(invocation, `at ${what}`);
      return true;
    });
    this.ended(invocation);
  }

  /** Something that was active in the invocation has ended: it may have nothing left to do but wait. */
  ended(invocation: Invocation): void {
    invocation.active -= 1;
    this.world.time.at(this.world.time.nowMs, () => this.suspendIfIdle(invocation));
  }

  /** The invocation waits for something of the service's. It is suspended if it does nothing else. */
  awaits(invocation: Invocation, id: string, resolve: () => void): void {
    invocation.pending.add(id);
    this.resumers.set(`${invocation.number} ${id}`, resolve);
    this.world.time.at(this.world.time.nowMs, () => this.suspendIfIdle(invocation));
  }

  /** Something that an execution waits for is over: a wait, or a callback. */
  settle(id: string, state: 'succeeded' | 'failed', text?: string): void {
    const operation = this.operations.get(id);
    if (this.ending || operation?.state !== 'started') return;
    operation.state = state;
    operation.text = text;
    const { live } = this;
    if (!live) {
      this.invokeSoon(0);
      return;
    }
    live.pending.delete(id);
    const resolve = this.resumers.get(`${live.number} ${id}`);
    if (resolve) live.sandbox.process.deliver(resolve);
  }

  /** Whether a fault of that kind happens now. */
  happens(chance: number): boolean {
    return !this.world.network.isHealed && chance > 0 && this.prng.chance(chance);
  }

  /** Something goes wrong with the invocation while a step runs: at once, or later. */
  stepRuns(invocation: Invocation, workMs: number): void {
    this.counts.steps += 1;
    if (this.happens(this.faults.stepChance)) this.harmLater(invocation, workMs);
  }

  private readonly resumers = new Map<string, () => void>();

  private harmLater(invocation: Invocation, withinMs: number): void {
    const { time } = this.world;
    time.at(time.nowMs + this.prng.between(0, withinMs), () => {
      if (this.world.network.isHealed || this.live !== invocation || invocation.isOver) return;
      if (this.settings.isCalm || this.prng.chance(0.5)) return this.crash(invocation, 'at some time');
      if (this.prng.chance(0.5)) invocation.sandbox.rest(this.prng.magnitude(300, 25_000));
      this.giveUp(invocation, 'at some time');
    });
  }

  private invokeSoon(afterMs: number): void {
    if (this.isScheduled || this.ending) return;
    this.isScheduled = true;
    this.world.time.at(this.world.time.nowMs + afterMs, () => {
      this.isScheduled = false;
      this.invoke();
    });
  }

  private invoke(): void {
    if (this.ending || this.live) return;
    this.invocations += 1;
    this.counts.invocations += 1;
    const { warm } = this;
    this.warm = undefined;
    const isWarm = warm?.process.isRunning === true;
    const { isCalm } = this.settings;
    const sandbox = isWarm
      ? warm
      : new Sandbox(this.world, `${this.name}.${this.invocations}`, this.prng.fork(), isCalm);
    const invocation = new Invocation(this.invocations, sandbox);
    this.live = invocation;
    this.trace(`invocation ${this.invocations} begins in ${sandbox.process.name}`);
    if (this.happens(this.faults.anytimeChance)) this.harmLater(invocation, 20_000);
    sandbox.process.deliver(() => this.handle(invocation));
  }

  private handle(invocation: Invocation): void {
    const { sandbox } = invocation;
    const ended = (ending: Ending): void => {
      void this.checkpoint(invocation, `its end: ${ending.kind}`, () => {
        this.ending = ending;
        this.live = undefined;
        this.trace(`ends: ${ending.kind} ${'error' in ending ? String(ending.error) : ''}`);
      }).then(() => {
        invocation.isOver = true;
      });
    };
    this.handler(new SimContext(this, invocation), sandbox, invocation).then(
      (value) => ended({ kind: 'succeeded', value }),
      (error: unknown) => ended({ kind: 'failed', error }),
    );
  }

  private suspendIfIdle(invocation: Invocation): void {
    if (this.live !== invocation || invocation.active > 0 || invocation.pending.size === 0) return;
    const { sandbox } = invocation;
    if (!sandbox.process.isRunning) return;
    invocation.isOver = true;
    this.live = undefined;
    this.trace(`invocation ${invocation.number} is suspended`);
    // What ended just before it was suspended starts the next one.
    const isOver = [...invocation.pending].some((id) => this.operations.get(id)?.state !== 'started');
    const dueMs = Math.min(...[...invocation.pending].map((id) => this.dueMs.get(id) ?? Infinity));
    if (this.prng.chance(this.faults.warmChance)) {
      this.warm = sandbox;
      if (dueMs < Infinity && dueMs > this.world.time.nowMs) sandbox.rest(dueMs - this.world.time.nowMs - 1);
    } else if (this.prng.chance(0.5)) sandbox.process.crash();
    if (isOver) this.invokeSoon(0);
  }

  /** When a wait is over. */
  readonly dueMs = new Map<string, number>();

  private crash(invocation: Invocation, when: string): void {
    if (invocation.sandbox.process.isCrashed) return;
    this.trace(`invocation ${invocation.number} crashes ${when}`);
    this.counts.crashes += 1;
    invocation.sandbox.process.crash();
    this.replace(invocation);
  }

  /** From now on the invocation is a zombie: it runs on, and its checkpoints are refused. */
  private giveUp(invocation: Invocation, when: string): void {
    if (this.live !== invocation) return;
    this.trace(`takes invocation ${invocation.number} for dead ${when}`);
    this.counts.zombies += 1;
    // Its successor takes the lock from it.
    invocation.sandbox.process.noteFault(Infinity);
    this.replace(invocation);
  }

  private replace(invocation: Invocation): void {
    if (this.live !== invocation) return;
    this.live = undefined;
    this.invokeSoon(this.prng.magnitude(1, this.settings.longestPauseMs));
  }

  private refuse(invocation: Invocation, what: string): false {
    this.counts.refusedCheckpoints += 1;
    this.trace(`refuses ${what} of invocation ${invocation.number}`);
    return false;
  }

  /** To the service and back. Never settles if the service refuses it, or the sandbox is gone by then. */
  private trip(invocation: Invocation, arrive: () => boolean): Promise<void> {
    const { process } = invocation.sandbox;
    const { time } = this.world;
    if (process.isCrashed) return new Promise(() => {});
    return new Promise((resolve) => {
      time.at(time.nowMs + this.delayMs(), () => {
        if (arrive()) time.at(time.nowMs + this.delayMs(), () => process.deliver(resolve));
      });
    });
  }

  private delayMs(): number {
    const { checkpointMs, slowCheckpointChance } = this.faults;
    const usualMs = checkpointMs * this.prng.between(0.5, 1.5);
    return this.happens(slowCheckpointChance) ? this.prng.magnitude(100, 10_000) : usualMs;
  }

  trace(what: string): void {
    this.world.trace?.(this.name, what);
  }
}
