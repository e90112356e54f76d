import type { Hold } from '../../../runtime/hold/hold.js';
import type { HeldLock } from '../../../runtime/index.js';
import { ElapsedTime } from '../../../runtime/protocol/elapsed.js';
import type { SimProcess } from '../process/sim-process.js';

/** A holder, as the checkers see it. */
export interface Believer {
  readonly name: string;
  readonly lock: string;
  readonly process: SimProcess;
  /** The hold id. For Python's client, the entry's version. */
  readonly hold: string;
  /** Whether the client would say now that it holds the lock. Has no side effect. */
  believes(): boolean;
  /** Whether the hold has ended. */
  isOver(): boolean;
}

/**
 * A hold of the real client. The checkers read its private state, because `isHeld` reads the clock, and so changes what
 * the product knows of elapsed time.
 */
export class TypeScriptBeliever implements Believer {
  private readonly inside: Hold;
  /** Overwritten by each reading. */
  private readonly copy = new ElapsedTime(0, 0);

  constructor(
    readonly name: string,
    readonly lock: string,
    readonly process: SimProcess,
    readonly held: HeldLock,
    /** True time at which the call began. */
    readonly startedMs: number,
    readonly leaseSeconds: number,
  ) {
    this.inside = held as Hold;
  }

  get hold(): string {
    return this.inside['state'].lease.holdId;
  }

  believes(): boolean {
    return !this.isOver() && this.leftMs() > 0;
  }

  isOver(): boolean {
    return this.inside['state'].isOver;
  }

  get isLost(): boolean {
    return this.inside['state'].phase === 'lost';
  }

  /**
   * Milliseconds until the deadline, read from a copy of elapsed time: each reading changes elapsed time, and the checkers
   * read it more often than the product does.
   */
  leftMs(): number {
    const { manager } = this.inside;
    const { clock } = manager;
    Object.assign(this.copy, manager['elapsed']);
    return this.inside['state'].lease.deadlineMs - this.copy.read(clock.monotonicMs(), clock.wallMs());
  }
}
