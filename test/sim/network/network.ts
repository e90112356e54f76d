import type { Answer } from '../../../runtime/core/store.js';
import type { VirtualTime } from '../../../runtime/testing/virtual-time.js';
import type { Epoch } from '../engine/epoch.js';
import type { Prng } from '../engine/prng.js';
import type { Trace } from '../engine/trace.js';
import type { ClientPlan, NetworkFaults, Partition } from '../faults/plan.js';
import type { SimProcess } from '../process/sim-process.js';

/** The longest delay of a message, and of a duplicate. */
const LONGEST_DELAY_MS = 15_000;
const LONGEST_DUPLICATE_DELAY_MS = 18_000;
/** After this time the client has noticed that a message was lost, and has given up its request. */
const LOSS_UNNOTICED_MS = 5000;
/** A longer delay counts as a fault. */
const NOTICED_DELAY_MS = 100;

/** One attempt at one request. `carryOut` runs at the table each time that a copy of the request arrives. */
export interface Attempt<A> {
  readonly name: string;
  readonly carryOut: () => Promise<A>;
  /** Delivered at most once, and always answered: for clients that cannot handle an unknown outcome. */
  readonly isReliable?: boolean;
}

/** One process's connection to DynamoDB. */
export interface Connection {
  readonly process: SimProcess;
  readonly plan: Pick<ClientPlan, 'datelessChance' | 'stickiness'>;
  /** When the process is cut off. */
  readonly partitions: Partition[];
  /** The index of the front end that answered last. */
  frontEnd: number;
}

/** The network simulator: loses, delays and duplicates messages between processes and the table. */
export class Network {
  /** Once set, no new faults happen. Messages already on their way may still be late. */
  isHealed = false;
  /** True time by which all messages sent so far have arrived, duplicates included. */
  drainedAtMs = 0;
  private laggingReplica: { readonly fromMs: number; readonly toMs: number } | undefined;
  private reads = 0;
  /** The number of the current table. A restored table is a new one. */
  private table = 0;

  constructor(
    private readonly time: VirtualTime,
    private readonly epoch: Epoch,
    private readonly networkFaults: NetworkFaults,
    private readonly prng: Prng,
    private readonly trace: Trace,
  ) {}

  /** Replaces the table. Requests on their way to the old one fail. */
  replaceTable(): void {
    this.table += 1;
  }

  /** In that stretch of time one replica learns nothing new, and serves every other read. */
  lagReplica(stretch: { readonly fromMs: number; readonly toMs: number }): void {
    this.laggingReplica = stretch;
  }

  /** The lag of that replica, if it serves the next read. It lags even after the network has healed. */
  replicaLagMs(): number | undefined {
    if (!this.laggingReplica) return undefined;
    const { fromMs, toMs } = this.laggingReplica;
    const { nowMs } = this.time;
    if (nowMs < fromMs || nowMs >= toMs) return undefined;
    this.reads += 1;
    return this.reads % 2 === 0 ? nowMs - fromMs : undefined;
  }

  /** The lag of the replica that serves the next read. */
  staleMs(): number {
    return this.happens(this.networkFaults.staleChance) ? this.prng.magnitude(10, 3000) : 0;
  }

  /** Resolves to the answer, rejects with an error, or never settles if a message is lost. The sender needs a timeout. */
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
      // Short and long delays are equally likely: they test different rules.
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

  /** The `Date` header of the front end that answers: whole seconds, by a clock that may be off. */
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

/** An error of one attempt, as its sender sees it. The request may have reached the table. */
export class TransitError extends Error {
  override readonly name = 'TransitError';
}

/** A refusal (4xx) that an SDK does not retry. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** The number of this attempt, as in the SDK's errors. The outcome of earlier attempts is unknown. */
  readonly $metadata = { attempts: 1 };
}
