import type { Lock } from '../runtime/acquire/lock.js';
import { LockFactory } from '../runtime/client/lock-factory.js';
import { LockManager } from '../runtime/core/lock-manager.js';
import type { LockStore } from '../runtime/core/store.js';
import { MemoryStore } from '../runtime/store/memory-store.js';
import { VirtualTime } from '../runtime/testing/virtual-time.js';
import { EPOCH_MS } from '../test/sim/engine/epoch.js';
import { Prng } from '../test/sim/engine/prng.js';
import { mean } from './statistics.js';

/** DynamoDB's limits for one item, which is in one partition: units a second. */
const WRITE_UNITS = 1000;
const READ_UNITS = 3000;
const LONGEST_RACE_MS = 60 * 60 * 1000;

export interface CrowdPlan {
  /** Processes that wait while another one holds. Each requests the lock again soon after it had it. */
  readonly waiters: number;
  readonly holdMs: number;
  /** Virtual seconds before the measurement, and of the measurement. */
  readonly settleSeconds: number;
  readonly measureSeconds: number;
  readonly seed: number;
}

export interface CrowdFigures {
  readonly handOvers: number;
  readonly reads: number;
  readonly writes: number;
  readonly failedWrites: number;
  readonly throttledReads: number;
  readonly throttledWrites: number;
  /** Milliseconds from a release to the next acquire, when each is carried out. Sorted. */
  readonly delaysMs: readonly number[];
}

/** Units of one kind. They refill evenly; at most those of 0.1 s are kept. */
class Capacity {
  private units: number;
  private sinceMs = 0;

  constructor(private readonly unitsPerSecond: number) {
    this.units = unitsPerSecond / 10;
  }

  take(units: number, nowMs: number): boolean {
    const refilled = this.units + ((nowMs - this.sinceMs) * this.unitsPerSecond) / 1000;
    this.units = Math.min(this.unitsPerSecond / 10, refilled);
    this.sinceMs = nowMs;
    if (this.units < units) return false;
    this.units -= units;
    return true;
  }
}

/** A table in virtual time, with DynamoDB's limits for one item. Processes of the real client use it. */
class SlowTable {
  readonly time = new VirtualTime();
  readonly counts = { reads: 0, writes: 0, failedWrites: 0, throttledReads: 0, throttledWrites: 0 };
  private readonly table = new MemoryStore('locks', () => EPOCH_MS + this.time.nowMs);
  private readonly writes = new Capacity(WRITE_UNITS);
  private readonly reads = new Capacity(READ_UNITS);

  constructor(
    private readonly prng: Prng,
    /** The least and the most milliseconds of a request, and of its answer. */
    private readonly oneWayMs: readonly [number, number],
    /** Called when a write is carried out. */
    private readonly listener: { taken?(by: number): void; released?(by: number): void } = {},
  ) {}

  /** The lock `crowded` of a process of its own. */
  lockOf(index: number, random: Prng): Lock {
    const manager = new LockManager(this.time.clock(), random);
    const logger = { warn: () => {}, debug: () => {} };
    return new LockFactory(manager, this.store(index), { logger }, () => `w${index}`).createLock('crowded');
  }

  private store(index: number): LockStore {
    const { table } = this;
    const write = <A>(carryOut: () => Promise<A>, tell?: (answer: A) => void) => this.request('write', carryOut, tell);
    const read = <A>(carryOut: () => Promise<A>) => this.request('read', carryOut);
    return {
      tableName: 'locks',
      connection: {},
      identify: (lock) => table.identify(lock),
      isThrottling: () => true,
      acquire: (entry, expired) =>
        write(
          () => table.acquire(entry, expired),
          ({ written }) => {
            if (written) this.listener.taken?.(index);
            else this.counts.failedWrites += 1;
          },
        ),
      release: (lock, hold) =>
        write(
          () => table.release(lock, hold),
          ({ written }) => {
            if (written) this.listener.released?.(index);
          },
        ),
      leave: (left) => write(() => table.leave(left)),
      refresh: (refresh) => write(() => table.refresh(refresh)),
      adopt: (entry, given) => write(() => table.adopt(entry, given)),
      read: (lock) => read(() => table.read(lock)),
      list: (page) => read(() => table.list(page)),
      readMany: () => Promise.reject(new Error('nobody here wants a permit')),
    };
  }

  private request<A>(
    kind: 'read' | 'write',
    carryOut: () => Promise<A>,
    tell: (answer: A) => void = () => {},
  ): Promise<A> {
    const { time, counts } = this;
    const later = (callback: () => void): void => {
      time.at(time.nowMs + this.prng.between(...this.oneWayMs), callback);
    };
    return new Promise((resolve, reject) => {
      later(() => {
        const isServed = kind === 'read' ? this.reads.take(0.5, time.nowMs) : this.writes.take(1, time.nowMs);
        counts[kind === 'read' ? 'reads' : 'writes'] += 1;
        if (!isServed) {
          counts[kind === 'read' ? 'throttledReads' : 'throttledWrites'] += 1;
          later(() => reject(new Error('ProvisionedThroughputExceededException')));
          return;
        }
        const answer = carryOut();
        void answer.then(tell);
        later(() => answer.then(resolve, reject));
      });
    });
  }
}

/** Many processes of the real client contend for one lock, in virtual time, within the limits of one item. */
export async function crowd(plan: CrowdPlan): Promise<CrowdFigures> {
  const prng = new Prng(plan.seed);
  const delaysMs: number[] = [];
  let handOvers = 0;
  let released: { readonly atMs: number; readonly by: number } | undefined;
  const table = new SlowTable(prng, [1, 3], {
    taken: (by) => {
      if (released && released.by !== by) {
        handOvers += 1;
        delaysMs.push(time.nowMs - released.atMs);
      }
      released = undefined;
    },
    released: (by) => {
      released = { atMs: time.nowMs, by };
    },
  });
  const { time, counts } = table;
  for (let index = 0; index <= plan.waiters; index += 1) {
    const random = prng.fork();
    const lock = table.lockOf(index, random);
    const live = async (): Promise<void> => {
      for (;;) {
        const held = await lock.acquire({ waitSeconds: Infinity });
        await time.sleep(plan.holdMs);
        await held[Symbol.asyncDispose]();
        await time.sleep(random.between(0, 100));
      }
    };
    time.at(random.between(0, plan.settleSeconds * 500), () => void live());
  }
  await time.run(plan.settleSeconds * 1000);
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] = 0;
  handOvers = 0;
  delaysMs.length = 0;
  await time.run((plan.settleSeconds + plan.measureSeconds) * 1000);
  return { ...counts, handOvers, delaysMs: delaysMs.sort((a, b) => a - b) };
}

export interface RacePlan {
  readonly processes: number;
  /** How many times each process takes the lock. It requests it again right after each release. */
  readonly cycles: number;
  readonly seed: number;
}

export interface RaceFigures {
  /** The time, divided by that of one process that runs all cycles. */
  readonly ratio: number;
  /** The time of the last process, divided by the average. */
  readonly slowest: number;
  /** Requests per cycle. */
  readonly requests: number;
}

/** The means over so many races. */
export async function races(seeds: number, plan: Omit<RacePlan, 'seed'>): Promise<RaceFigures> {
  const { processes, cycles } = plan;
  const alone = await race({ processes: 1, cycles: processes * cycles, seed: 1 });
  const rounds: RaceFigures[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { endsMs, requests } = await race({ ...plan, seed });
    const lastMs = Math.max(...endsMs);
    rounds.push({
      ratio: lastMs / Math.max(...alone.endsMs),
      slowest: lastMs / mean(endsMs),
      requests: requests / (processes * cycles),
    });
  }
  const of = (key: keyof RaceFigures): number => mean(rounds.map((round) => round[key]));
  return { ratio: of('ratio'), slowest: of('slowest'), requests: of('requests') };
}

/** A few processes that take one lock often and briefly: each hold takes 2.4 to 2.8 ms of virtual time. */
async function race({
  processes,
  cycles,
  seed,
}: RacePlan): Promise<{ readonly endsMs: readonly number[]; readonly requests: number }> {
  const prng = new Prng(seed);
  const table = new SlowTable(prng, [0.5, 1.2]);
  const { time, counts } = table;
  const endsMs: number[] = [];
  for (let index = 0; index < processes; index += 1) {
    const random = prng.fork();
    const lock = table.lockOf(index, random);
    const work = async (): Promise<void> => {
      for (let cycle = 0; cycle < cycles; cycle += 1) {
        const held = await lock.acquire({ waitSeconds: Infinity });
        await time.sleep(random.between(2.4, 2.8));
        await held[Symbol.asyncDispose]();
      }
      endsMs.push(time.nowMs);
    };
    time.at(random.between(0, 20), () => void work());
  }
  await time.run(LONGEST_RACE_MS, () => endsMs.length === processes);
  return { endsMs, requests: counts.reads + counts.writes };
}
