import type { HeldLock, Logger } from '../../runtime/index.js';
import { type Believer, TypeScriptBeliever } from './belief.js';
import type { AllOrNone } from './checkers/all-or-none.js';
import type { HandOverKept } from './checkers/hand-over-kept.js';
import type { LetGo } from './checkers/let-go.js';
import type { NeverOlder } from './checkers/never-older.js';
import type { WaitKept } from './checkers/wait-kept.js';
import { Database } from './database.js';
import { Epoch } from './epoch.js';
import { type Line, Network } from './network.js';
import type { Plan } from './plan.js';
import type { Prng } from './prng.js';
import type { SimProcess } from './sim-process.js';
import type { Operation } from './sim-store.js';
import type { Trace } from './trace.js';
import type { VirtualTime } from './virtual-time.js';

/** Somebody to whom a hand-over text can be delivered. */
export interface Client {
  readonly process: SimProcess;
  readonly line: Line;
  start(): void;
  /** Finishes what is going on, and begins nothing any more. */
  stop(): void;
  receive(text: string, lock: string, leaseSeconds: number): void;
}

export interface Violation {
  readonly checker: string;
  readonly what: string;
  readonly atMs: number;
}

/** What one caller asked of its client, once that is over. */
export interface Asked {
  /** `all`: waiting and holding, in one call. */
  readonly kind: 'acquire' | 'try' | 'hold' | 'all';
  readonly granted: boolean;
  readonly process: SimProcess;
  readonly lock: string;
  readonly leaseSeconds: number;
  readonly askedMs: number;
  readonly requests: Readonly<Record<Operation, number>>;
}

/** Judges what happens. It only looks on. */
export interface Checker {
  /** After every event, when all that could be settled is. */
  afterEvent?(): void;
  /** Ten times a second. */
  probe?(): void;
  granted?(believer: TypeScriptBeliever): void;
  /** Its release was answered, and it had not been lost before. */
  released?(believer: TypeScriptBeliever): void;
  /** Somebody, of whatever kind, has the lock from now on. */
  taken?(lock: string, name: string): void;
  finished?(asked: Asked): void;
  /** The table went back to an earlier state. */
  restored?(): void;
  /** Hours or days passed in a moment. */
  passed?(): void;
}

/** How often checkers are asked that need not look at every event. */
const PROBE_MS = 100;

/** All that the parts of one schedule share. */
export class World {
  readonly epoch: Epoch;
  readonly database: Database;
  readonly network: Network;
  readonly clients: Client[] = [];
  readonly checkers: Checker[] = [];
  /** Processes besides the clients', which come and go. */
  readonly passers = new Set<SimProcess>();
  /** Whoever was granted a lock, and may believe in it yet. */
  believers: Believer[] = [];
  /** All holds that somebody was granted. */
  readonly grantedHolds = new Set<string>();
  /** All holds that stood in the table before it was restored: they may believe in what stands there no more. */
  private forgottenHolds: ReadonlySet<string> = new Set();
  violation: Violation | undefined;
  /** Who judges several locks that are held together, and results that are handed out, where there are any. */
  several: AllOrNone | undefined;
  flights: NeverOlder | undefined;
  /** Who judges what callers are told of texts and waits, and how long calls take. */
  handOvers: HandOverKept | undefined;
  waits: WaitKept | undefined;
  limits: LetGo | undefined;
  /** Who makes trouble for holders. */
  ambush: { granted(believer: TypeScriptBeliever): void } | undefined;
  /** For each process and lock, since when callers wait for it without a break. */
  private readonly waiters = new Map<SimProcess, Map<string, { callers: number; sinceMs: number }>>();
  private grants = 0;

  constructor(
    readonly time: VirtualTime,
    readonly plan: Plan,
    private readonly prng: Prng,
    readonly trace: Trace,
    private readonly onlyChecker?: string,
    /** What clients are to do about their log: `logger`, where they have one. */
    readonly logging: { readonly logger?: Logger } = {},
  ) {
    this.epoch = new Epoch(time);
    this.database = new Database(time, trace);
    this.network = new Network(time, this.epoch, plan.weather, prng.fork(), trace);
  }

  /** The first thing that must not be ends the schedule. */
  report(checker: string, what: string): void {
    if (this.onlyChecker !== undefined && this.onlyChecker !== checker) return;
    this.violation ??= { checker, what, atMs: this.time.nowMs };
  }

  granted(process: SimProcess, held: HeldLock, askedMs: number, leaseSeconds: number): TypeScriptBeliever {
    this.grants += 1;
    const name = `${process.name}#${this.grants}`;
    const believer = new TypeScriptBeliever(name, held.name, process, held, askedMs, leaseSeconds);
    this.trace?.(process.name, `HOLDS ${held.name} as #${this.grants}, for ${Math.round(believer.leftMs())} ms`);
    held.signal.addEventListener('abort', () =>
      this.trace?.(process.name, `#${this.grants} aborts: ${String(held.signal.reason)}`),
    );
    this.believed(believer);
    this.taken(held.name, name);
    for (const checker of this.checkers) checker.granted?.(believer);
    this.ambush?.granted(believer);
    return believer;
  }

  /** Somebody holds from now on, and is to be alone in that. */
  believed(believer: Believer): void {
    this.grantedHolds.add(believer.hold);
    if (!this.isForgotten(believer)) this.believers.push(believer);
  }

  /** Whether it is of the time before the table was restored: nothing is promised of it. */
  isForgotten({ hold }: Believer): boolean {
    return this.forgottenHolds.has(hold);
  }

  /** The table goes back to what it was at that true time. */
  restore(toMs: number): void {
    this.trace?.('world', `the table is restored to ${(toMs / 1000).toFixed(3)} s`);
    this.network.replaceTable();
    this.forgottenHolds = this.database.restore(toMs);
    this.believers = this.believers.filter((believer) => !this.isForgotten(believer));
    for (const { process } of this.clients) process.trouble();
    for (const checker of this.checkers) checker.restored?.();
  }

  /** Time passes in a moment, while all processes stand still, their monotonic clocks too. */
  pass(durationMs: number): void {
    this.trace?.('world', `${(durationMs / 60_000).toFixed(0)} minutes pass in a moment`);
    this.epoch.pass(durationMs);
    for (const process of [...this.clients.map((client) => client.process), ...this.passers]) process.step(durationMs);
    for (const checker of this.checkers) checker.passed?.();
  }

  released(believer: TypeScriptBeliever): void {
    for (const checker of this.checkers) checker.released?.(believer);
  }

  taken(lock: string, name: string): void {
    for (const checker of this.checkers) checker.taken?.(lock, name);
  }

  finished(asked: Asked): void {
    for (const checker of this.checkers) checker.finished?.(asked);
  }

  /** Hands a text to some client, some time later, and perhaps once more. */
  post(text: string, lock: string, leaseSeconds: number): void {
    const copies = this.prng.chance(this.plan.habits.twiceChance) ? 2 : 1;
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

  /** Runs `wait` as a wait of that process for that lock. */
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
