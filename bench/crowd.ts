import { LockFactory } from '../runtime/lock/factory.js';
import { LockProcess } from '../runtime/lock/process.js';
import type { LockStore } from '../runtime/lock/store.js';
import { MemoryStore } from '../runtime/store/memory-store.js';
import { Prng } from '../test/sim/prng.js';
import { VirtualTime } from '../test/sim/virtual-time.js';

/** DynamoDB's limits for one item, which lives in one partition: units a second. */
const WRITE_UNITS = 1000;
const READ_UNITS = 3000;
const EPOCH_MS = Date.UTC(2026, 0, 1);

export interface CrowdPlan {
  /** Processes that wait while one more holds; each wants the lock again soon after it had it. */
  readonly waiters: number;
  readonly holdMs: number;
  /** Virtual seconds before, and while, it is measured. */
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
  /** From one holder's release, carried out, to the next one's acquire, carried out: sorted, in ms. */
  readonly delaysMs: readonly number[];
}

/** Units of one kind that refill evenly, with room for a tenth of a second's worth. */
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

/** Many processes of the real client contend for one lock, in virtual time, within the limits of one item. */
export async function crowd(plan: CrowdPlan): Promise<CrowdFigures> {
  const time = new VirtualTime();
  const prng = new Prng(plan.seed);
  const table = new MemoryStore('locks', () => EPOCH_MS + time.nowMs);
  const writes = new Capacity(WRITE_UNITS);
  const reads = new Capacity(READ_UNITS);
  const counts = { reads: 0, writes: 0, failedWrites: 0, throttledReads: 0, throttledWrites: 0, handOvers: 0 };
  const delaysMs: number[] = [];
  let releasedMs: number | undefined;
  let releasedBy = -1;

  const request = <A>(kind: 'read' | 'write', carryOut: () => Promise<A>, tell: (answer: A) => void): Promise<A> =>
    new Promise((resolve, reject) => {
      const oneWayMs = (): number => prng.between(1, 3);
      time.at(time.nowMs + oneWayMs(), () => {
        const isServed = kind === 'read' ? reads.take(0.5, time.nowMs) : writes.take(1, time.nowMs);
        if (kind === 'read') counts.reads += 1;
        else counts.writes += 1;
        if (!isServed) {
          if (kind === 'read') counts.throttledReads += 1;
          else counts.throttledWrites += 1;
          time.at(time.nowMs + oneWayMs(), () => reject(new Error('ProvisionedThroughputExceededException')));
          return;
        }
        const answer = carryOut();
        void answer.then(tell);
        time.at(time.nowMs + oneWayMs(), () => answer.then(resolve, reject));
      });
    });

  for (let index = 0; index <= plan.waiters; index += 1) {
    const random = prng.fork();
    const store: LockStore = {
      tableName: 'locks',
      connection: {},
      identify: (lock) => table.identify(lock),
      acquire: (entry, expired) =>
        request(
          'write',
          () => table.acquire(entry, expired),
          ({ written }) => {
            if (!written) counts.failedWrites += 1;
            if (!written || releasedMs === undefined) return;
            if (releasedBy !== index) {
              counts.handOvers += 1;
              delaysMs.push(time.nowMs - releasedMs);
            }
            releasedMs = undefined;
          },
        ),
      isThrottling: () => true,
      leave: (left) =>
        request(
          'write',
          () => table.leave(left),
          () => {},
        ),
      readMany: () => Promise.reject(new Error('nobody here wants a permit')),
      adopt: (entry, given) =>
        request(
          'write',
          () => table.adopt(entry, given),
          () => {},
        ),
      refresh: (refresh) =>
        request(
          'write',
          () => table.refresh(refresh),
          () => {},
        ),
      release: (lock, hold) =>
        request(
          'write',
          () => table.release(lock, hold),
          ({ written }) => {
            if (!written) return;
            releasedMs = time.nowMs;
            releasedBy = index;
          },
        ),
      read: (lock) =>
        request(
          'read',
          () => table.read(lock),
          () => {},
        ),
      list: (page) =>
        request(
          'read',
          () => table.list(page),
          () => {},
        ),
    };
    const process = new LockProcess(time.clock(EPOCH_MS), random);
    const logger = { warn: () => {}, debug: () => {} };
    const lock = new LockFactory(process, store, { logger }, () => `w${index}`).createLock('crowded');
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
  delaysMs.length = 0;
  await time.run((plan.settleSeconds + plan.measureSeconds) * 1000);
  return { ...counts, delaysMs: delaysMs.sort((a, b) => a - b) };
}
