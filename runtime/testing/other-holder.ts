import type { HeldLock } from '../options/held-lock.js';
import type { Fault, Faults } from './fault.js';

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
