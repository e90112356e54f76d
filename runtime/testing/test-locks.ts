/// <reference lib="esnext.disposable" preserve="true" />
import { createHash } from 'node:crypto';
import { defaultHostIdentifier } from '../client/environment.js';
import { LockFactory } from '../client/lock-factory.js';
import { backendOf, installTestBackend, removeTestBackend, type TestBackend } from '../core/backend.js';
import { systemClock } from '../core/clock.js';
import type { Randomness } from '../core/lock-manager.js';
import { LockOptionError } from '../errors.js';
import { FACTORY_SETTINGS, type FactorySettings, type InvocationContext } from '../options/options.js';
import { refuseUnknown, shown } from '../options/validate.js';
import { ENTRY } from '../protocol/wire.js';
import { numberIn, textIn } from '../store/item.js';
import { MemoryStore } from '../store/memory-store.js';
import { checkedSeconds, Faults } from './fault.js';
import { FaultyStore } from './faulty-store.js';
import { Losses } from './losses.js';
import { Simulation } from './simulation.js';
import { TestTime, VirtualTime } from './virtual-time.js';

/** Options of `createTestLocks`: the settings of a factory, and those of its clock and its table. */
export interface TestLocksOptions extends FactorySettings {
  /**
   * `real`: the locks use the machine's clocks and timers, or the fake ones that your test runner has installed.
   * `virtual`: the locks have a clock of their own, which only `locks.time` moves.
   * @default 'real'
   */
  readonly time?: 'real' | 'virtual' | undefined;
  /**
   * The name of the table in errors.
   * @default 'test-locks'
   */
  readonly tableName?: string | undefined;
}

/** What test locks are made of. */
interface Parts {
  readonly backend: TestBackend;
  readonly table: MemoryStore;
  readonly faults: Faults;
  readonly losses: Losses;
}

/** A factory whose locks are in memory, in a table of their own. `createTestLocks` makes one. */
export class TestLocks extends LockFactory {
  /** Makes things happen to these locks: other holders, losses, faults. */
  readonly simulate: Simulation;
  private readonly parts: Parts;

  /** @internal */
  constructor(parts: Parts, settings: FactorySettings) {
    const { manager, store } = backendOf(parts.backend);
    super(manager, store, settings, defaultHostIdentifier);
    const { backend, table, faults, losses } = parts;
    this.parts = parts;
    this.simulate = new Simulation(backend, table, faults, losses);
  }

  /**
   * Makes every factory use these locks, whatever table it names, even if it was made earlier: `withLock`,
   * `tryWithLock` and `getLockFactory` of `cdk-lynk/runtime` send nothing to DynamoDB, and need no table name.
   * Factories keep their settings, such as `leaseSeconds`. Replaces test locks that were installed before.
   * @returns these locks, for `using`
   * @throws LockOptionError in a Lambda function: locks in memory would protect nothing there
   */
  install(): this {
    if (process.env['AWS_LAMBDA_RUNTIME_API'] !== undefined) {
      throw new LockOptionError('test locks protect nothing in a Lambda function: they are in memory');
    }
    installTestBackend(this.parts.backend);
    return this;
  }

  /** Undoes `install`. Does nothing if these locks are not installed. */
  uninstall(): void {
    removeTestBackend(this.parts.backend);
  }

  /** Uninstalls these locks at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.uninstall();
  }

  /**
   * The `hostIdentifier` of the lock's holder, by its entry in the table; undefined if the lock is free.
   * @param name which lock
   */
  holderOf(name: string): string | undefined {
    const item = this.parts.table.items.get(name);
    if (!item || numberIn(item[ENTRY.leaseDuration]) === 0) return undefined;
    return textIn(item[ENTRY.hostIdentifier]);
  }

  /**
   * A Lambda context, with what locks need of one.
   * @param seconds until the invocation ends; default 30
   * @throws LockOptionError unless `seconds` is a number that is not negative
   */
  invocation(seconds = 30): Required<InvocationContext> {
    const { clock } = this.parts.backend;
    const endMs = clock.monotonicMs() + checkedSeconds(seconds, 'seconds') * 1000;
    return {
      awsRequestId: 'test-request',
      getRemainingTimeInMillis: () => Math.max(0, endMs - clock.monotonicMs()),
    };
  }
}

/** Test locks in virtual time: it passes only by `time`. */
export class VirtualTestLocks extends TestLocks {
  /** @internal */
  constructor(
    parts: Parts,
    settings: FactorySettings,
    /** Moves the clock of these locks. */
    readonly time: TestTime,
  ) {
    super(parts, settings);
  }
}

/**
 * Makes locks in memory, for tests: the client of `cdk-lynk/runtime`, without DynamoDB and without the AWS SDK.
 * @param options `time`, the name of the table, and defaults for all locks
 * @throws LockOptionError for an option that is unknown or not valid
 * @example
 * import { LockNotGrantedError, withLock } from 'cdk-lynk/runtime';
 * import { createTestLocks } from 'cdk-lynk/testing';
 *
 * test('another process holds the lock', async () => {
 *   using locks = createTestLocks({ time: 'virtual' }).install();
 *   await locks.simulate.heldByOther('nightly');
 *
 *   await expect(locks.time.until(withLock('nightly', async () => {}))).rejects.toThrow(LockNotGrantedError);
 * });
 */
export function createTestLocks(options: TestLocksOptions & { readonly time: 'virtual' }): VirtualTestLocks;
/**
 * Makes locks in memory, for tests, in real time.
 * @throws LockOptionError for an option that is unknown or not valid
 */
export function createTestLocks(options?: TestLocksOptions): TestLocks;
export function createTestLocks(options: TestLocksOptions = {}): TestLocks {
  refuseUnknown(options, ['time', 'tableName', ...FACTORY_SETTINGS], 'createTestLocks');
  const { time = 'real', tableName = 'test-locks', ...settings } = options;
  if (time !== 'real' && time !== 'virtual') {
    throw new LockOptionError(`time is "real" or "virtual", got ${shown(time)}`);
  }
  if (typeof tableName !== 'string' || tableName === '') {
    throw new LockOptionError(`tableName is a text, got ${shown(tableName)}`);
  }
  const virtual = time === 'virtual' ? new VirtualTime() : undefined;
  const clock = virtual ? virtual.skippingClock() : systemClock;
  const table = new MemoryStore(tableName, () => clock.wallMs());
  const faults = new Faults(() => clock.monotonicMs());
  const store = new FaultyStore(table, faults, clock);
  const backend: TestBackend = { clock, random: repeatable(), store };
  const parts = (pass: (seconds: number) => Promise<void>): Parts => ({
    backend,
    table,
    faults,
    losses: new Losses(table, store, faults, pass),
  });
  if (virtual) {
    const testTime = new TestTime(virtual);
    return new VirtualTestLocks(
      parts((seconds) => testTime.advance(seconds)),
      settings,
      testTime,
    );
  }
  const wait = (seconds: number): Promise<void> =>
    new Promise((resolve) => {
      clock.after(seconds * 1000, resolve, { keepAlive: true });
    });
  return new TestLocks(parts(wait), settings);
}

/**
 * Randomness that is the same in each run. The fraction is 0: delays are as short as possible, and the fairness yield
 * takes no time. So only code that waits for a lock, or for DynamoDB, waits for virtual time to pass.
 */
function repeatable(): Randomness {
  let draws = 0;
  return {
    bytes: (count) => createHash('sha256').update(String(draws++)).digest().subarray(0, count),
    fraction: () => 0,
  };
}
