import type { HeldLock, Logger } from '../../runtime/index.js';
import type { VirtualTime } from '../../runtime/testing/virtual-time.js';
import type { CallTime } from './checkers/limits/call-time.js';
import type { WaitTime } from './checkers/limits/wait-time.js';
import type { HandOverRetry } from './checkers/liveness/hand-over-retry.js';
import type { AllOrNone } from './checkers/safety/all-or-none.js';
import type { ResultAge } from './checkers/safety/result-age.js';
import { type Believer, TypeScriptBeliever } from './clients/believer.js';
import { Epoch } from './engine/epoch.js';
import type { Prng } from './engine/prng.js';
import type { Trace } from './engine/trace.js';
import type { Plan } from './faults/plan.js';
import { type Connection, Network } from './network/network.js';
import type { SimProcess } from './process/sim-process.js';
import { Database, type DeletedEntry } from './storage/database.js';
import type { Operation } from './storage/sim-store.js';

/** A process that contends for locks during the whole schedule. */
export interface Client {
  readonly process: SimProcess;
  readonly connection: Connection;
  start(): void;
  /** Lets calls in progress finish, and starts no new ones. */
  stop(): void;
  /** Delivers a hand-over token to it. */
  receive(text: string, lock: string, leaseSeconds: number): void;
}

/** What a checker found. */
export interface Violation {
  readonly checker: string;
  readonly what: string;
  readonly atMs: number;
}

/** One call that a caller made, recorded when it is over. */
export interface CallRecord {
  /** `all`: waiting and holding, in one call. */
  readonly kind: 'acquire' | 'try' | 'hold' | 'all';
  readonly granted: boolean;
  readonly process: SimProcess;
  readonly lock: string;
  readonly leaseSeconds: number;
  readonly startedMs: number;
  readonly requests: Readonly<Record<Operation, number>>;
}

/** Observes a schedule and reports violations. A checker changes nothing in the world. */
export interface Checker {
  /** Runs ten times a virtual second. */
  probe?(): void;
  granted?(believer: TypeScriptBeliever): void;
  /** A release was answered, and the hold had not been lost before. */
  released?(believer: TypeScriptBeliever): void;
  /** Any client, TypeScript or Python, has the lock from now on. */
  taken?(lock: string, name: string): void;
  callFinished?(call: CallRecord): void;
  /** DynamoDB's TTL deleted the entry of that hold. */
  ttlDeleted?(entry: DeletedEntry): void;
  /** The table was restored to an earlier state. */
  tableRestored?(): void;
  /** Hours or days passed while all processes stood still. */
  timeSkipped?(): void;
}

/** Virtual time between two probes. */
const PROBE_MS = 100;

/** The state that all parts of one schedule share: time, table, network, clients and checkers. */
export class World {
  readonly epoch: Epoch;
  readonly database: Database;
  readonly network: Network;
  readonly clients: Client[] = [];
  readonly checkers: Checker[] = [];
  /** Checkers that run after every event, when all promises have settled. They have to be fast. */
  readonly afterEventCheckers: { afterEvent(): void }[] = [];
  /** Processes that make one call and end. */
  readonly oneShotProcesses = new Set<SimProcess>();
  /** Holders that may still believe that they hold their lock. */
  believers: Believer[] = [];
  /** The ids of all holds that were granted. */
  readonly grantedHolds = new Set<string>();
  /** The ids of all holds in the table before it was restored. The protocol promises nothing about them. */
  private forgottenHolds: ReadonlySet<string> = new Set();
  /** The first violation. It ends the schedule. */
  violation: Violation | undefined;
  /** Checkers that callers report to directly. */
  allOrNone: AllOrNone | undefined;
  resultAge: ResultAge | undefined;
  handOverRetry: HandOverRetry | undefined;
  waitTime: WaitTime | undefined;
  callTime: CallTime | undefined;
  /** Injects faults when a lock is granted. */
  targetedFaults: { granted(believer: TypeScriptBeliever): void } | undefined;
  /** For each process and lock: how many callers wait, and since when at least one does. */
  private readonly waiters = new Map<SimProcess, Map<string, { callers: number; sinceMs: number }>>();
  private grants = 0;

  constructor(
    readonly time: VirtualTime,
    readonly plan: Plan,
    private readonly prng: Prng,
    readonly trace: Trace,
    private readonly onlyChecker?: string,
    /** The logger of all clients, if they have one. */
    readonly logging: { readonly logger?: Logger } = {},
  ) {
    this.epoch = new Epoch(time);
    this.database = new Database(time, trace);
    this.network = new Network(time, this.epoch, plan.networkFaults, prng.fork(), trace);
  }

  report(checker: string, what: string): void {
    if (this.onlyChecker !== undefined && this.onlyChecker !== checker) return;
    this.violation ??= { checker, what, atMs: this.time.nowMs };
  }

  granted(process: SimProcess, held: HeldLock, startedMs: number, leaseSeconds: number): TypeScriptBeliever {
    this.grants += 1;
    const name = `${process.name}#${this.grants}`;
    const believer = new TypeScriptBeliever(name, held.name, process, held, startedMs, leaseSeconds);
    this.trace?.(process.name, `HOLDS ${held.name} as #${this.grants}, for ${Math.round(believer.leftMs())} ms`);
    held.signal.addEventListener('abort', () =>
      this.trace?.(process.name, `#${this.grants} aborts: ${String(held.signal.reason)}`),
    );
    this.believed(believer);
    this.taken(held.name, name);
    for (const checker of this.checkers) checker.granted?.(believer);
    this.targetedFaults?.granted(believer);
    return believer;
  }

  /** Adds a holder. From now on no other may believe that it holds the same lock. */
  believed(believer: Believer): void {
    this.grantedHolds.add(believer.hold);
    if (!this.isForgotten(believer)) this.believers.push(believer);
  }

  /** Whether the hold was written before the table was restored. */
  isForgotten({ hold }: Believer): boolean {
    return this.forgottenHolds.has(hold);
  }

  /** Restores the table to its state at that true time. */
  restoreTable(toMs: number): void {
    this.trace?.('world', `the table is restored to ${(toMs / 1000).toFixed(3)} s`);
    this.network.replaceTable();
    this.forgottenHolds = this.database.restore(toMs);
    this.believers = this.believers.filter((believer) => !this.isForgotten(believer));
    for (const { process } of this.clients) process.noteFault();
    for (const checker of this.checkers) checker.tableRestored?.();
  }

  /** Moves true time on while all processes stand still, their monotonic clocks too. */
  skipTime(durationMs: number): void {
    this.trace?.('world', `${(durationMs / 60_000).toFixed(0)} minutes pass in a moment`);
    this.epoch.skip(durationMs);
    for (const process of [...this.clients.map((client) => client.process), ...this.oneShotProcesses])
      process.stepClock(durationMs);
    for (const checker of this.checkers) checker.timeSkipped?.();
  }

  released(believer: TypeScriptBeliever): void {
    for (const checker of this.checkers) checker.released?.(believer);
  }

  taken(lock: string, name: string): void {
    for (const checker of this.checkers) checker.taken?.(lock, name);
  }

  callFinished(call: CallRecord): void {
    for (const checker of this.checkers) checker.callFinished?.(call);
  }

  ttlDeleted(entry: DeletedEntry): void {
    for (const checker of this.checkers) checker.ttlDeleted?.(entry);
  }

  /** Delivers a hand-over token to a random client after a random time, and perhaps to a second one. */
  post(text: string, lock: string, leaseSeconds: number): void {
    const copies = this.prng.chance(this.plan.workload.twiceChance) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const client = this.prng.pick(this.clients);
      this.time.at(this.time.nowMs + this.prng.magnitude(1, leaseSeconds * 1200), () =>
        client.process.deliver(() => {
          this.trace?.(client.process.name, `gets a hand-over of ${lock}`);
          client.receive(text, lock, leaseSeconds);
        }),
      );
    }
  }

  /** Runs `wait`, and counts it as a wait of that process for that lock. */
  async waiting<T>(process: SimProcess, lock: string, wait: () => Promise<T>): Promise<T> {
    const waits = this.waiters.get(process) ?? new Map<string, { callers: number; sinceMs: number }>();
    this.waiters.set(process, waits);
    const entry = waits.get(lock) ?? { callers: 0, sinceMs: 0 };
    if (entry.callers === 0) entry.sinceMs = this.time.nowMs;
    entry.callers += 1;
    waits.set(lock, entry);
    try {
      return await wait();
    } finally {
      entry.callers -= 1;
    }
  }

  waitsSinceMs(process: SimProcess, lock: string): number | undefined {
    const entry = this.waiters.get(process)?.get(lock);
    return entry && entry.callers > 0 ? entry.sinceMs : undefined;
  }

  startProbing(): void {
    this.time.at(this.time.nowMs + PROBE_MS, () => {
      for (const checker of this.checkers) checker.probe?.();
      this.startProbing();
    });
  }
}
