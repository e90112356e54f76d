import { LockFactory } from '../../runtime/client/lock-factory.js';
import type { Clock } from '../../runtime/core/clock.js';
import { LockManager } from '../../runtime/core/lock-manager.js';
import type { LockStore } from '../../runtime/core/store.js';
import type { FactorySettings } from '../../runtime/options/options.js';
import { MemoryStore } from '../../runtime/store/memory-store.js';
import { VirtualTime } from '../../runtime/testing/virtual-time.js';

const EPOCH_MS = Date.UTC(2026, 0, 1);
const ONE_WAY_MS = 2;

/** What goes wrong with one request: its answer is lost, or it is refused, or it arrives that much later. */
export type Fault = 'answer lost' | 'throttled' | { readonly arrivesAfterMs: number };

type Operation = 'acquire' | 'adopt' | 'refresh' | 'release' | 'leave' | 'read' | 'readMany' | 'list';

/** One table, and the processes that contend for its locks, in virtual time. */
export class World {
  readonly time = new VirtualTime();
  readonly table = new MemoryStore('locks', () => EPOCH_MS + this.time.nowMs);
  private seed = 0;

  process(host: string, settings: FactorySettings = {}): Participant {
    this.seed += 1;
    return new Participant(this, host, settings, this.seed);
  }

  /** Who stands in the table. */
  holderOf(lock: string): string | undefined {
    return (this.table.items.get(lock)?.['hostIdentifier'] as { S: string } | undefined)?.S;
  }
}

/** One process: its clocks, its connection, and what it was warned of. */
export class Participant {
  readonly factory: LockFactory;
  readonly warnings: string[] = [];
  /** Every request it has sent, in order. */
  readonly requests: Operation[] = [];
  private readonly faults: { readonly operation: Operation; readonly fault: Fault }[] = [];
  private frozenUntilMs = 0;
  private stoodStillMs = 0;

  constructor(
    private readonly world: World,
    host: string,
    settings: FactorySettings,
    seed: number,
  ) {
    let count = seed * 1000;
    const random = {
      bytes: (length: number): Uint8Array => new Uint8Array(length).fill(seed),
      fraction: (): number => (count++ % 10) / 10,
    };
    const logger = { warn: (text: string): void => void this.warnings.push(text), debug: (): void => {} };
    this.factory = new LockFactory(new LockManager(this.clock, random), this.wire, { logger, ...settings }, () => host);
  }

  /** The next request of this kind meets this fault; the one after it the next that is planned. */
  plan(operation: Operation, ...faults: readonly Fault[]): void {
    for (const fault of faults) this.faults.push({ operation, fault });
  }

  /** Nothing of it runs for that long. Its monotonic clock stands still too, as in a frozen sandbox. */
  freeze(durationMs: number): void {
    this.frozenUntilMs = this.world.time.nowMs + durationMs;
    this.stoodStillMs += durationMs;
  }

  private readonly clock: Clock = {
    monotonicMs: () => this.world.time.nowMs - this.stoodStillMs,
    wallMs: () => EPOCH_MS + this.world.time.nowMs,
    after: (delayMs, callback) => this.whenRunning(Math.max(0, delayMs), callback),
  };

  /** Calls back that much later, but not while frozen. */
  private whenRunning(delayMs: number, callback: () => void): { cancel(): void } {
    const { time } = this.world;
    let timer = time.at(time.nowMs + delayMs, () => {
      if (time.nowMs < this.frozenUntilMs) timer = time.at(this.frozenUntilMs, callback);
      else callback();
    });
    return { cancel: () => timer.cancel() };
  }

  private request<A>(operation: Operation, carryOut: () => Promise<A>): Promise<A> {
    this.requests.push(operation);
    const index = this.faults.findIndex((planned) => planned.operation === operation);
    const fault = index < 0 ? undefined : this.faults.splice(index, 1)[0]?.fault;
    const { time } = this.world;
    return new Promise((resolve, reject) => {
      const fail = (text: string): void => void this.whenRunning(ONE_WAY_MS, () => reject(new Error(text)));
      const delayMs = typeof fault === 'object' ? fault.arrivesAfterMs : ONE_WAY_MS;
      if (fault === 'throttled') return fail('ProvisionedThroughputExceededException');
      time.at(time.nowMs + delayMs, () => {
        const answer = carryOut();
        if (fault === 'answer lost') {
          answer.catch(() => {});
          return fail('connection reset');
        }
        this.whenRunning(ONE_WAY_MS, () => answer.then(resolve, reject));
      });
    });
  }

  private readonly wire: LockStore = {
    tableName: 'locks',
    connection: this,
    identify: (lock) => this.world.table.identify(lock),
    acquire: (entry, expired) => this.request('acquire', () => this.world.table.acquire(entry, expired)),
    adopt: (entry, given) => this.request('adopt', () => this.world.table.adopt(entry, given)),
    refresh: (refresh) => this.request('refresh', () => this.world.table.refresh(refresh)),
    release: (lock, hold) => this.request('release', () => this.world.table.release(lock, hold)),
    leave: (left) => this.request('leave', () => this.world.table.leave(left)),
    read: (lock) => this.request('read', () => this.world.table.read(lock)),
    readMany: (locks) => this.request('readMany', () => this.world.table.readMany(locks)),
    list: (page) => this.request('list', () => this.world.table.list(page)),
  };
}
