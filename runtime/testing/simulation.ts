import { LockFactory } from '../client/lock-factory.js';
import type { TestBackend } from '../core/backend.js';
import { LockManager } from '../core/lock-manager.js';
import type { HeldLock } from '../options/held-lock.js';
import { checkedHost, refuseUnknown } from '../options/validate.js';
import type { MemoryStore } from '../store/memory-store.js';
import { checkedFaultOptions, checkedSeconds, type Fault, type FaultOptions, Faults } from './fault.js';
import { FaultyStore } from './faulty-store.js';
import { ANOTHER_PROCESS, type Losses, type LossReason } from './losses.js';

/** Who else holds. */
export interface HeldByOtherOptions {
  /** @default 10 */
  readonly leaseSeconds?: number | undefined;
  /** Who holds, for people, and in the `holder` of errors and outcomes.
   * @default 'another-process' */
  readonly hostIdentifier?: string | undefined;
}

const SILENT = { warn: (): void => {}, debug: (): void => {} };

/** What can be made to happen to locks in a test. Faults meet the code under test, never an `OtherHolder`. */
export class Simulation {
  /** @internal */
  constructor(
    private readonly backend: TestBackend,
    private readonly table: MemoryStore,
    private readonly faults: Faults,
    private readonly losses: Losses,
  ) {}

  /**
   * Another process holds the lock, until it is told to release it or to crash.
   * @throws LockNotGrantedError where it is held already
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
   * Ends a hold of the code under test before its time, and resolves once its holder knows; the lock is then free.
   * Of a hold that the test has in hand, `taken` and `gone` are known at once. Of a lock that it knows by
   * name, its holder learns them at its next heartbeat. `deadline` takes as long as the lease lasts. So much virtual
   * time is let pass, or real time waited for.
   * @param lock a hold, or the name of a lock that the code under test holds
   * @throws LockLostError where the hold is over already
   * @throws LockOptionError where the code under test does not hold the lock, or nothing refreshes it by which its
   *   holder would learn of the loss, such as a sticky lock between two uses; it is then held still
   */
  lose(lock: HeldLock | string, reason: LossReason = 'taken'): Promise<void> {
    return this.losses.inflict(lock, reason);
  }

  /** Requests are throttled. They are not carried out. */
  throttle(options: FaultOptions = {}): Fault {
    return this.faults.add({ kind: 'throttled' }, checkedFaultOptions(options, 'throttle'));
  }

  /** DynamoDB is out of reach: connections are refused. */
  outage(options: FaultOptions = {}): Fault {
    return this.faults.add({ kind: 'unreachable' }, checkedFaultOptions(options, 'outage'));
  }

  /** Requests are carried out, but their answers are lost. */
  loseAnswers(options: FaultOptions = {}): Fault {
    return this.faults.add({ kind: 'answer-lost' }, checkedFaultOptions(options, 'loseAnswers'));
  }

  /** Answers come that many seconds late. A request is carried out half-way, even if its sender has given up. */
  slow(seconds: number, options: FaultOptions = {}): Fault {
    const mishap = { kind: 'slow', seconds: checkedSeconds(seconds, 'seconds') } as const;
    return this.faults.add(mishap, checkedFaultOptions(options, 'slow'));
  }
}

/** Another process, as good as real, that holds a lock: it refreshes its lease until told otherwise. */
export class OtherHolder {
  private crashed: Fault | undefined;

  /** @internal */
  constructor(
    private readonly held: HeldLock,
    private readonly faults: Faults,
    /** Who holds, for people. */
    readonly hostIdentifier: string,
  ) {}

  /** The lock's name. */
  get name(): string {
    return this.held.name;
  }

  /** Gives the lock back: whoever waits for it gets it. */
  async release(): Promise<void> {
    if (!this.crashed) await this.held.release();
  }

  /**
   * From now on nothing is heard of it. Its entry stays, and can be taken over once lease and tolerance
   * are over.
   */
  crash(): void {
    this.crashed ??= this.faults.add({ kind: 'unreachable' }, {});
  }

  /** Hands the lock over: returns the text for `deserializeLock`. */
  serialize(): Promise<string> {
    return this.held.serialize();
  }
}
