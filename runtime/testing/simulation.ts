import { LockFactory } from '../client/lock-factory.js';
import type { TestBackend } from '../core/backend.js';
import { LockManager } from '../core/lock-manager.js';
import type { HeldLock } from '../options/held-lock.js';
import { checkedHost, refuseUnknown } from '../options/validate.js';
import type { MemoryStore } from '../store/memory-store.js';
import { checkedFaultOptions, checkedSeconds, type Fault, type FaultOptions, Faults } from './fault.js';
import { FaultyStore } from './faulty-store.js';
import { ANOTHER_PROCESS, type Losses, type LossReason } from './losses.js';

/** The lease and the name of another holder. */
export interface HeldByOtherOptions {
  /**
   * The lease of the other holder. Whole seconds.
   * @default 10
   */
  readonly leaseSeconds?: number | undefined;
  /**
   * The name of the other holder, for people. Errors and outcomes show it in `holder`.
   * @default 'another-process'
   */
  readonly hostIdentifier?: string | undefined;
}

const SILENT = { warn: (): void => {}, debug: (): void => {} };

/** Makes things happen to locks in a test. Faults meet the code under test, never an `OtherHolder`. */
export class Simulation {
  /** @internal */
  constructor(
    private readonly backend: TestBackend,
    private readonly table: MemoryStore,
    private readonly faults: Faults,
    private readonly losses: Losses,
  ) {}

  /**
   * Another process takes the lock, and holds it until you call `release` or `crash`.
   * @param name which lock
   * @param options the lease, and the name, of the other process
   * @throws LockNotGrantedError if the lock is held already
   * @throws LockOptionError for a name or an option that is not valid
   */
  async heldByOther(name: string, options: HeldByOtherOptions = {}): Promise<OtherHolder> {
    refuseUnknown(options, ['leaseSeconds', 'hostIdentifier'], 'heldByOther');
    const { leaseSeconds, hostIdentifier = ANOTHER_PROCESS } = options;
    const { clock, random } = this.backend;
    const host = checkedHost(hostIdentifier);
    const faults = new Faults(() => clock.monotonicMs());
    const store = new FaultyStore(this.table, faults, clock);
    const factory = new LockFactory(new LockManager(clock, random), store, { logger: SILENT }, () => host);
    const held = await factory.createLock(name, { leaseSeconds, waitSeconds: 0 }).acquire();
    return new OtherHolder(held, faults, host);
  }

  /**
   * Ends a hold of the code under test early. Resolves once the holder knows; the lock is then free.
   *
   * Given a hold, `taken` and `gone` take no time. Given a name, the holder learns of them at its next heartbeat.
   * `deadline` takes as long as the lease lasts. Virtual time passes by that much; real time is waited for.
   * @param lock a hold, or the name of a lock that the code under test holds
   * @param reason default `taken`
   * @throws LockLostError if the hold is over already
   * @throws LockOptionError if the code under test does not hold the lock, or releases it meanwhile, or for another
   *   reason than those three; also if nothing refreshes the lock, as between two uses of a sticky lock: its holder
   *   would not learn of the loss, and still holds the lock
   */
  lose(lock: HeldLock | string, reason: LossReason = 'taken'): Promise<void> {
    return this.losses.inflict(lock, reason);
  }

  /**
   * Requests are throttled. They are not carried out.
   * @throws LockOptionError for an option that is not valid
   */
  throttle(options: FaultOptions = {}): Fault {
    return this.faults.add({ kind: 'throttled' }, checkedFaultOptions(options, 'throttle'));
  }

  /**
   * DynamoDB is out of reach: connections are refused.
   * @throws LockOptionError for an option that is not valid
   */
  outage(options: FaultOptions = {}): Fault {
    return this.faults.add({ kind: 'unreachable' }, checkedFaultOptions(options, 'outage'));
  }

  /**
   * Requests are carried out, but their answers are lost.
   * @throws LockOptionError for an option that is not valid
   */
  loseAnswers(options: FaultOptions = {}): Fault {
    return this.faults.add({ kind: 'answer-lost' }, checkedFaultOptions(options, 'loseAnswers'));
  }

  /**
   * Answers come late. A request is carried out after half of the delay, even if its sender has given up by then.
   * @param seconds the delay of each answer
   * @throws LockOptionError for a delay or an option that is not valid
   */
  slow(seconds: number, options: FaultOptions = {}): Fault {
    const mishap = { kind: 'slow', seconds: checkedSeconds(seconds, 'seconds') } as const;
    return this.faults.add(mishap, checkedFaultOptions(options, 'slow'));
  }
}

/** Another process that holds a lock. It refreshes its lease until `release`, `crash` or `serialize`. */
export class OtherHolder {
  private crashed: Fault | undefined;

  /** @internal */
  constructor(
    private readonly held: HeldLock,
    private readonly faults: Faults,
    /** The name of this holder, for people. */
    readonly hostIdentifier: string,
  ) {}

  /** The name of the lock. */
  get name(): string {
    return this.held.name;
  }

  /** Releases the lock: whoever waits for it gets it. Does nothing after `crash`. */
  async release(): Promise<void> {
    if (!this.crashed) await this.held.release();
  }

  /** Stops refreshing. The entry stays; another process can take it over after the lease and the tolerance. */
  crash(): void {
    this.crashed ??= this.faults.add({ kind: 'unreachable' }, {});
  }

  /**
   * Hands the lock over, and returns the text for `deserializeLock`.
   * @throws LockLostError if this process does not hold the lock any more
   * @throws LockUnavailableError after `crash`
   */
  serialize(): Promise<string> {
    return this.held.serialize();
  }
}
