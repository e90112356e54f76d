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

/** What `createTestLocks` takes: what a factory takes, and what makes up its surroundings. */
export interface TestLocksOptions extends FactorySettings {
  /**
   * `real`: the machine's clocks and timers, and so your test runner's fake ones where it has put those in
   * their place. `virtual`: time of the locks' own, which passes only as `locks.time` says.
   * @default 'real'
   */
  readonly time?: 'real' | 'virtual' | undefined;
  /** What errors call the table.
   * @default 'test-locks' */
  readonly tableName?: string | undefined;
}

/** What test locks are made of. */
interface Parts {
  readonly backend: TestBackend;
  readonly table: MemoryStore;
  readonly faults: Faults;
  readonly losses: Losses;
}

/** A factory whose locks are in memory, in a table of their own, and what can be made to happen to them. */
export class TestLocks extends LockFactory {
  /** What can be made to happen. */
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
   * From now on these locks stand in for those of every factory, whatever table it names and whenever it
   * was made: `withLock`, `tryWithLock` and `getLockFactory` of `cdk-lynk/runtime` send nothing to DynamoDB, and
   * want no table's name. Factories keep their settings, such as `leaseSeconds`. Test locks that were
   * installed before are replaced.
   * @returns these locks, for `using`
   * @throws LockOptionError in Lambda, where locks in memory would protect nothing
   */
  install(): this {
    if (process.env['AWS_LAMBDA_RUNTIME_API'] !== undefined) {
      throw new LockOptionError('test locks protect nothing in a Lambda function: they are in memory');
    }
    installTestBackend(this.parts.backend);
    return this;
  }

  /** Ends that. Does nothing where they are not installed. */
  uninstall(): void {
    removeTestBackend(this.parts.backend);
  }

  /** Uninstalls them at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.uninstall();
  }

  /** The `hostIdentifier` of who stands in the table as the lock's holder; undefined where it is free. */
  holderOf(name: string): string | undefined {
    const item = this.parts.table.items.get(name);
    if (!item || numberIn(item[ENTRY.leaseDuration]) === 0) return undefined;
    return textIn(item[ENTRY.hostIdentifier]);
  }

  /** A Lambda context, as far as locks need one, of an invocation that ends that many seconds from now. */
  invocation(seconds = 30): Required<InvocationContext> {
    const { clock } = this.parts.backend;
    const endMs = clock.monotonicMs() + checkedSeconds(seconds, 'seconds') * 1000;
    return {
      awsRequestId: 'test-request',
      getRemainingTimeInMillis: () => Math.max(0, endMs - clock.monotonicMs()),
    };
  }
}

/** Test locks whose time passes only as told. */
export class VirtualTestLocks extends TestLocks {
  /** @internal */
  constructor(
    parts: Parts,
    settings: FactorySettings,
    /** Lets time pass. */
    readonly time: TestTime,
  ) {
    super(parts, settings);
  }
}

/**
 * Locks in memory, for tests: the same client, without DynamoDB and without the AWS SDK.
 *
 *     const locks = createTestLocks({ time: 'virtual' });
 *     const other = await locks.simulate.heldByOther('nightly');
 *     await expect(locks.time.until(nightly(locks))).rejects.toThrow(LockNotGrantedError);
 *
 * @throws LockOptionError
 */
export function createTestLocks(options: TestLocksOptions & { readonly time: 'virtual' }): VirtualTestLocks;
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
  const clock = virtual ? virtual.clock() : systemClock;
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
 * The same run after run. The fraction is 0, so that delays are at their shortest, and a courtesy to other processes
 * costs no time: nothing waits for virtual time to pass but what waits for a lock, or for DynamoDB.
 */
function repeatable(): Randomness {
  let draws = 0;
  return {
    bytes: (count) => createHash('sha256').update(String(draws++)).digest().subarray(0, count),
    fraction: () => 0,
  };
}
