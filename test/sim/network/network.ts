import type { Answer } from '../../../runtime/core/store.js';
import type { VirtualTime } from '../../../runtime/testing/virtual-time.js';
import type { Epoch } from '../engine/epoch.js';
import type { Prng } from '../engine/prng.js';
import type { Trace } from '../engine/trace.js';
import type { ClientPlan, NetworkFaults, Partition } from '../faults/plan.js';
import type { SimProcess } from '../process/sim-process.js';

/** How late a message is at most, and a copy of it. */
const LONGEST_DELAY_MS = 15_000;
const LONGEST_DUPLICATE_DELAY_MS = 18_000;
/** What is lost is missed after that time at the latest: then the lock gives its request up. */
const LOSS_UNNOTICED_MS = 5000;
/** From this delay on, a message counts as delayed by a fault. */
const NOTICED_DELAY_MS = 100;

/** One attempt at one request. `carryOut` happens at the table, as often as a copy of it arrives there. */
export interface Attempt<A> {
  readonly name: string;
  readonly carryOut: () => Promise<A>;
  /** Delivered at most once, and always answered: for what a client cannot bear to hear nothing of. */
  readonly isReliable?: boolean;
}

/** The way of one process to DynamoDB. */
export interface Connection {
  readonly process: SimProcess;
  readonly plan: Pick<ClientPlan, 'datelessChance' | 'stickiness'>;
  /** When nothing gets through. */
  readonly partitions: Partition[];
  /** The front end that answered last. */
  frontEnd: number;
}

/** Loses, delays and repeats messages between processes and the table. One seed decides which. */
export class Network {
  /** From then on nothing goes wrong any more, but for what is on its way already. */
  isHealed = false;
  /** When all messages that were sent have arrived, the copies too. */
  drainedAtMs = 0;
  private laggingReplica: { readonly fromMs: number; readonly toMs: number } | undefined;
  private reads = 0;
  /** Rises whenever another table takes the place of the one that was. */
  private table = 0;

  constructor(
    private readonly time: VirtualTime,
    private readonly epoch: Epoch,
    private readonly networkFaults: NetworkFaults,
    private readonly prng: Prng,
    private readonly trace: Trace,
  ) {}

  /** Another table is there from now on: what is on its way to the one that was arrives nowhere. */
  replaceTable(): void {
    this.table += 1;
  }

  /** From then until then one replica learns nothing new, and serves every other read. */
  lagReplica(stretch: { readonly fromMs: number; readonly toMs: number }): void {
    this.laggingReplica = stretch;
  }

  /** Whether the next read is that replica's, and by how much it lags. It does so however calm the wire is. */
  replicaLagMs(): number | undefined {
    if (!this.laggingReplica) return undefined;
    const { fromMs, toMs } = this.laggingReplica;
    const { nowMs } = this.time;
    if (nowMs < fromMs || nowMs >= toMs) return undefined;
    this.reads += 1;
    return this.reads % 2 === 0 ? nowMs - fromMs : undefined;
  }

  /** Whether a read is served by a replica that lags, and by how much. */
  staleMs(): number {
    return this.happens(this.networkFaults.staleChance) ? this.prng.magnitude(10, 3000) : 0;
  }

  /** Resolves to the answer, rejects for an error that is heard of, and else stays open: who asks has to time it. */
  attempt<A extends Answer>(connection: Connection, { name, carryOut, isReliable = false }: Attempt<A>): Promise<A> {
    const { process } = connection;
    return new Promise((resolve, reject) => {
      const fail = (what: string, error: Error = new TransitError(what)): void => {
        process.noteFault();
        this.trace?.(process.name, `  ${name}: ${what}`);
        this.arrive(this.delayMs(process), () => process.deliver(() => reject(error)));
      };
      if (this.happens(this.networkFaults.throttleChance)) return fail('throttled');
      if (this.happens(this.networkFaults.refusedChance ?? 0)) return fail('refused', new RefusedError('AccessDenied'));
      if (this.isPartitioned(connection, 'requests') || this.happens(this.networkFaults.lostRequestChance)) {
        if (isReliable || this.prng.chance(0.3)) return fail('connection reset');
        return this.lose(process, `${name}: the request is lost`);
      }
      const delayMs = this.delayMs(process);
      const { table } = this;
      this.arrive(delayMs, () => {
        if (table !== this.table) fail('the table is gone');
        else this.answer(connection, name, carryOut(), isReliable, resolve, reject);
      });
      if (isReliable || !this.happens(this.networkFaults.duplicateChance)) return;
      // As often late by an age as by a moment: they are dangerous to different rules.
      const lateMs = this.prng.chance(0.5)
        ? this.prng.magnitude(1, 1000)
        : this.prng.between(0, LONGEST_DUPLICATE_DELAY_MS);
      this.arrive(delayMs + lateMs, () => {
        if (table !== this.table) return;
        this.trace?.(process.name, `  ${name}: a copy arrives`);
        void carryOut();
      });
    });
  }

  private answer<A extends Answer>(
    connection: Connection,
    name: string,
    answer: Promise<A>,
    isReliable: boolean,
    resolve: (answer: A) => void,
    reject: (error: unknown) => void,
  ): void {
    const { process } = connection;
    const dateMs = this.dateMs(connection);
    if (!isReliable && this.happens(this.networkFaults.lostAnswerChance)) {
      this.lose(process, `${name}: the answer is lost`);
      return;
    }
    this.arrive(this.delayMs(process), () => {
      if (!isReliable && this.isPartitioned(connection, 'answers')) {
        return this.lose(process, `${name}: the answer is cut off`);
      }
      process.deliver(() => answer.then((content) => resolve({ ...content, dateMs }), reject));
    });
  }

  private lose(process: SimProcess, what: string): void {
    this.trace?.(process.name, `  ${what}`);
    process.noteFault(this.time.nowMs + LOSS_UNNOTICED_MS);
  }

  /** The `Date` header of the front end that answers: whole seconds of a clock that may be off. */
  private dateMs(connection: Connection): number | undefined {
    const { frontEndsMs } = this.networkFaults;
    if (!this.prng.chance(connection.plan.stickiness)) connection.frontEnd = this.prng.whole(0, frontEndsMs.length - 1);
    if (this.happens(connection.plan.datelessChance)) return undefined;
    return Math.floor((this.epoch.nowMs() + (frontEndsMs[connection.frontEnd] as number)) / 1000) * 1000;
  }

  private arrive(delayMs: number, then: () => void): void {
    this.drainedAtMs = Math.max(this.drainedAtMs, this.time.nowMs + delayMs);
    this.time.at(this.time.nowMs + delayMs, then);
  }

  private delayMs(process: SimProcess): number {
    const usualMs = this.networkFaults.latencyMs * this.prng.between(0.5, 1.5);
    if (!this.happens(this.networkFaults.slowChance)) return usualMs;
    const delayMs = this.prng.magnitude(20, LONGEST_DELAY_MS);
    if (delayMs >= NOTICED_DELAY_MS) process.noteFault(this.time.nowMs + delayMs);
    return delayMs;
  }

  private happens(chance: number): boolean {
    return !this.isHealed && chance > 0 && this.prng.chance(chance);
  }

  private isPartitioned({ partitions }: Connection, what: 'requests' | 'answers'): boolean {
    const { nowMs } = this.time;
    if (this.isHealed) return false;
    return partitions.some(
      ({ fromMs, toMs, loses }) => fromMs <= nowMs && nowMs < toMs && (loses === what || loses === 'both'),
    );
  }
}

/** What went wrong with an attempt, as far as its sender hears. */
export class TransitError extends Error {
  override readonly name = 'TransitError';
}

/** A refusal that no other attempt gets past, as far as its sender can tell: an SDK makes none. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** As SDKs have it: which attempt this was. Of the earlier ones nothing is known. */
  readonly $metadata = { attempts: 1 };
}
