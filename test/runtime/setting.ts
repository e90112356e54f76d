import { LockFactory } from '../../runtime/client/lock-factory.js';
import type { Clock, Timer } from '../../runtime/core/clock.js';
import { LockManager } from '../../runtime/core/lock-manager.js';
import type { FactorySettings } from '../../runtime/options/options.js';
import { formatVersion, holdIdFrom, parseVersion, type Version } from '../../runtime/protocol/version.js';
import { MemoryStore } from '../../runtime/store/memory-store.js';
import { VirtualTime } from '../../runtime/testing/virtual-time.js';
import { ScriptedStore } from './scripted-store.js';

/** The wall clock's reading at virtual time 0. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

/** A version as the Python package draws it. */
export const PYTHONS_VERSION = '7f3f3e0c-2d6f-4b6e-9c1b-1d2e3f4a5b6c';

/** One table in virtual time, and the processes that use it. */
export class Setting {
  readonly time = thatNeverFalls(new VirtualTime());
  readonly table = new MemoryStore('locks', () => EPOCH_MS + this.time.nowMs);
  private processes = 0;

  process(): TestProcess {
    this.processes += 1;
    return new TestProcess(this, this.processes);
  }

  /** The version that stands in the table; undefined where there is no entry. */
  versionOf(lockName: string): string | undefined {
    return (this.table.items.get(lockName)?.['versionNumber'] as { S: string } | undefined)?.S;
  }

  /** The same, taken apart. */
  ownVersionOf(lockName: string): Version | undefined {
    return parseVersion(this.versionOf(lockName) ?? '');
  }

  /** Puts an entry of somebody else there. */
  putEntry(lockName: string, { version, leaseSeconds = 10 }: { version: string; leaseSeconds?: number }): void {
    this.table.items.set(lockName, {
      lockKey: { S: lockName },
      leaseDuration: { N: String(leaseSeconds) },
      versionNumber: { S: version },
      hostIdentifier: { S: 'somebody' },
    });
  }

  /** A version as another process of ours would have drawn it that long ago. */
  versionDrawn(agoMs = 0, timed = true): string {
    const holdId = holdIdFrom(new Uint8Array(10).fill(0xee));
    return formatVersion({ stampMs: Math.floor(EPOCH_MS + this.time.nowMs - agoMs), timed, holdId });
  }
}

/** More than ever happens at one moment: what does is asked for over and over, without an end. */
const MOST_EVENTS_AT_ONCE = 10_000;

/** So that a process can be blocked: what was due meanwhile comes late, but does not set time back. */
function thatNeverFalls(time: VirtualTime): VirtualTime {
  let { nowMs } = time;
  let events = 0;
  const set = (ms: number): void => {
    events = ms > nowMs ? 0 : events + 1;
    if (events > MOST_EVENTS_AT_ONCE) throw new Error(`time stands still at ${nowMs} ms`);
    nowMs = Math.max(nowMs, ms);
  };
  return Object.defineProperty(time, 'nowMs', { get: () => nowMs, set });
}

/** One process: its clocks, its way to the table, and what it logs. */
export class TestProcess {
  readonly store: ScriptedStore;
  readonly warnings: string[] = [];
  readonly locks: LockManager;
  /** What its wall clock is off. */
  wallOffMs = 0;
  /** How long its monotonic clock has stood still. */
  stoodStillMs = 0;
  /** Whether its timers go off at the whole millisecond before their time, as Node.js has it. */
  hasCoarseTimers = false;
  /** For how long its event loop was busy. */
  busyMs = 0;
  /** What its random generator says next, each time. */
  fraction = 0.5;
  /** The timers set that keep it alive. */
  readonly keptAliveBy = new Set<Timer>();
  private draws = 0;

  constructor(
    private readonly setting: Setting,
    private readonly index: number,
  ) {
    const { time, table } = setting;
    this.store = new ScriptedStore(time, table);
    const clock: Clock = {
      monotonicMs: () => time.nowMs - this.stoodStillMs,
      wallMs: () => EPOCH_MS + time.nowMs + this.wallOffMs,
      busyMs: () => this.busyMs,
      after: (delayMs, callback, { keepAlive = false } = {}) => {
        const timer = this.after(this.hasCoarseTimers ? Math.max(1, Math.trunc(delayMs)) : delayMs, () => {
          this.keptAliveBy.delete(timer);
          callback();
        });
        if (keepAlive) this.keptAliveBy.add(timer);
        return {
          cancel: () => {
            this.keptAliveBy.delete(timer);
            timer.cancel();
          },
        };
      },
      stay: () => {
        const stay: Timer = { cancel: () => void this.keptAliveBy.delete(stay) };
        this.keptAliveBy.add(stay);
        return stay;
      },
    };
    this.locks = new LockManager(clock, {
      bytes: (count) => new Uint8Array(count).fill(this.index).fill(this.draws++ & 0xff, 1, 2),
      fraction: () => this.fraction,
    });
  }

  factory(settings: FactorySettings = {}): LockFactory {
    const logger = { warn: (message: string) => void this.warnings.push(message), debug: () => {} };
    return new LockFactory(
      this.locks,
      this.store,
      { logger, ...settings },
      (requestId) => `process-${this.index}${requestId === undefined ? '' : `/${requestId}`}`,
    );
  }

  /** Timers go by the monotonic clock. */
  private after(delayMs: number, callback: () => void): Timer {
    const { time } = this.setting;
    const setMs = this.stoodStillMs;
    const dueMs = time.nowMs + Math.max(0, delayMs);
    let timer = time.at(dueMs, () => {
      const leftMs = dueMs + this.stoodStillMs - setMs - time.nowMs;
      if (leftMs > 0) timer = this.after(leftMs, callback);
      else callback();
    });
    return { cancel: () => timer.cancel() };
  }

  /** Time passes, and the process does not get to run: no timer, no answer. Its clocks go on. */
  block(ms: number): void {
    this.setting.time.nowMs += ms;
  }

  /** The same, and its monotonic clock stands still meanwhile, and so do its timers, as in a frozen sandbox. */
  freeze(ms: number): void {
    this.block(ms);
    this.stoodStillMs += ms;
  }
}

/** The promise's error; fails where there is none. */
export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`expected a rejection, got ${String(outcome.value)}`);
}

/** Whether it has settled by now, and how: for promises that are not to be waited for. */
export function watched<T>(promise: Promise<T>): {
  state: 'pending' | 'resolved' | 'rejected';
  value?: T;
  error?: unknown;
} {
  const outcome: ReturnType<typeof watched<T>> = { state: 'pending' };
  promise.then(
    (value) => Object.assign(outcome, { state: 'resolved', value }),
    (error: unknown) => Object.assign(outcome, { state: 'rejected', error }),
  );
  return outcome;
}
