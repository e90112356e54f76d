import { LockFactory } from '../../runtime/client/lock-factory.js';
import { LockManager } from '../../runtime/core/lock-manager.js';
import type { FactorySettings } from '../../runtime/options/options.js';
import { MemoryStore } from '../../runtime/store/memory-store.js';
import { VirtualTime } from '../../runtime/testing/virtual-time.js';
import { EPOCH_MS } from '../../test/sim/engine/epoch.js';
import { Prng } from '../../test/sim/engine/prng.js';

const HOUR_MS = 3_600_000;
const ONE_WAY_MS = 2.5;
const WRITES = new Set(['acquire', 'adopt', 'refresh', 'release', 'leave']);
const QUIET = { warn: () => {}, debug: () => {} };

/** Requests, as they are charged: what a waiter reads is eventually consistent, and costs half a unit. */
export interface Requests {
  readonly writes: number;
  readonly halfReads: number;
}

/** A table in virtual time, and the real client. */
class Bench {
  readonly time = new VirtualTime();
  private readonly prng = new Prng(7);
  private readonly table = new MemoryStore('locks', () => EPOCH_MS + this.time.nowMs);

  /** The locks of a process of its own, and what they ask of the table. */
  process(settings: FactorySettings): { readonly locks: LockFactory; readonly asked: () => Requests } {
    let [writes, halfReads] = [0, 0];
    const counting = new Proxy(this.table, {
      get: (table, name: string) => {
        const member: unknown = Reflect.get(table, name);
        if (name !== 'read' && !WRITES.has(name)) {
          return typeof member === 'function' ? (member.bind(table) as unknown) : member;
        }
        return async (...args: unknown[]) => {
          if (name === 'read') halfReads += 1;
          else writes += 1;
          await this.time.sleep(ONE_WAY_MS);
          const answer: unknown = await (member as (...args: unknown[]) => Promise<unknown>).apply(table, args);
          await this.time.sleep(ONE_WAY_MS);
          return answer;
        };
      },
    });
    const manager = new LockManager(this.time.clock(), this.prng.fork());
    const locks = new LockFactory(manager, counting, { logger: QUIET, ...settings }, () => 'bench');
    return { locks, asked: () => ({ writes, halfReads }) };
  }

  /** Lets time pass until it is settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = promise.finally(() => {
      isDone = true;
    });
    await this.time.run(this.time.nowMs + 2 * HOUR_MS, () => isDone);
    return done;
  }
}

/** What a hold asks of the table in an hour, or in another time, taking and giving back aside. */
export async function heldHour(leaseSeconds: number, durationMs = HOUR_MS): Promise<Requests> {
  const bench = new Bench();
  const { locks, asked } = bench.process({ leaseSeconds });
  const held = await bench.until(locks.createLock('held').acquire());
  const before = asked();
  await bench.time.run(bench.time.nowMs + durationMs);
  held.assertHeld();
  const after = asked();
  return { writes: after.writes - before.writes, halfReads: after.halfReads - before.halfReads };
}

/** What a single waiter asks of the table in an hour behind a holder who stays. */
export async function waitedHour(): Promise<Requests> {
  const bench = new Bench();
  await bench.until(bench.process({}).locks.createLock('waited').acquire());
  const { locks, asked } = bench.process({ waitSeconds: 2 * 3600 });
  // It is still waiting when the hour is over, and nobody waits for it.
  void locks
    .createLock('waited')
    .acquire()
    .catch(() => {});
  await bench.time.run(bench.time.nowMs + HOUR_MS);
  return asked();
}

/** What it takes to get a free lock and to give it back. */
export async function oneCycle(settings: FactorySettings): Promise<Requests> {
  const bench = new Bench();
  const { locks, asked } = bench.process(settings);
  await bench.until(locks.withLock('cycle', () => {}));
  return asked();
}

/** What a try asks of the table that is refused. */
export async function refusedTry(): Promise<Requests> {
  const bench = new Bench();
  await bench.until(bench.process({}).locks.createLock('tried').acquire());
  const { locks, asked } = bench.process({});
  const outcome = await bench.until(locks.tryWithLock('tried', () => {}));
  if (outcome.acquired) throw new Error('two processes hold one lock');
  return asked();
}
