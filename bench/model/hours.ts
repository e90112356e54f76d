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

/** Requests as they are charged. A waiter's read is eventually consistent, and costs half a unit. */
export interface Requests {
  readonly writes: number;
  readonly halfReads: number;
}

/** A table in virtual time, and the real client. */
class Bench {
  readonly time = new VirtualTime();
  private readonly prng = new Prng(7);
  private readonly table = new MemoryStore('locks', () => EPOCH_MS + this.time.nowMs);

  /** The locks of a process of their own, and the requests that they have sent. */
  process(settings: FactorySettings): { readonly locks: LockFactory; readonly sent: () => Requests } {
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
    return { locks, sent: () => ({ writes, halfReads }) };
  }

  /** Moves time until the promise settles. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = promise.finally(() => {
      isDone = true;
    });
    await this.time.run(this.time.nowMs + 2 * HOUR_MS, () => isDone);
    return done;
  }
}

/** The requests of a hold in an hour, or in another time, without its acquire and release. */
export async function heldHour(leaseSeconds: number, durationMs = HOUR_MS): Promise<Requests> {
  const bench = new Bench();
  const { locks, sent } = bench.process({ leaseSeconds });
  const held = await bench.until(locks.createLock('held').acquire());
  const before = sent();
  await bench.time.run(bench.time.nowMs + durationMs);
  held.assertHeld();
  const after = sent();
  return { writes: after.writes - before.writes, halfReads: after.halfReads - before.halfReads };
}

/** The requests of a single waiter in an hour, while another holds the lock. */
export async function waitedHour(): Promise<Requests> {
  const bench = new Bench();
  await bench.until(bench.process({}).locks.createLock('waited').acquire());
  const { locks, sent } = bench.process({ waitSeconds: 2 * 3600 });
  // It still waits after the hour; its outcome does not matter.
  void locks
    .createLock('waited')
    .acquire()
    .catch(() => {});
  await bench.time.run(bench.time.nowMs + HOUR_MS);
  return sent();
}

/** The requests of acquire and release of a free lock. */
export async function oneCycle(settings: FactorySettings): Promise<Requests> {
  const bench = new Bench();
  const { locks, sent } = bench.process(settings);
  await bench.until(locks.withLock('cycle', () => {}));
  return sent();
}

/** The requests of a try that is refused. */
export async function refusedTry(): Promise<Requests> {
  const bench = new Bench();
  await bench.until(bench.process({}).locks.createLock('tried').acquire());
  const { locks, sent } = bench.process({});
  const outcome = await bench.until(locks.tryWithLock('tried', () => {}));
  if (outcome.acquired) throw new Error('two processes hold one lock');
  return sent();
}
