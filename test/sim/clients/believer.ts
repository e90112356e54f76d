import type { Hold } from '../../../runtime/hold/hold.js';
import type { HeldLock } from '../../../runtime/index.js';
import { ElapsedTime } from '../../../runtime/protocol/elapsed.js';
import type { SimProcess } from '../process/sim-process.js';

/** Somebody who was granted a lock, as the checkers see him. */
export interface Believer {
  readonly name: string;
  readonly lock: string;
  readonly process: SimProcess;
  /** The hold's id, or for Python the version that stands for it. */
  readonly hold: string;
  /** Whether its code, asking at this moment, would be told that it holds. Changes nothing. */
  believes(): boolean;
  /** Whether it never will again. */
  isOver(): boolean;
}

/**
 * A hold of the real client. The checkers read its private state, because `isHeld` reads the clock, and so changes what
 * the product knows of elapsed time.
 */
export class TypeScriptBeliever implements Believer {
  private readonly inside: Hold;
  /** Made anew with each look. */
  private readonly copy = new ElapsedTime(0, 0);

  constructor(
    readonly name: string,
    readonly lock: string,
    readonly process: SimProcess,
    readonly held: HeldLock,
    /** True time at which it was asked for. */
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
   * What is left until the deadline by its elapsed time, read from a copy: the checkers look more often
   * than the product does, and must not lend it their readings.
   */
  leftMs(): number {
    const { manager } = this.inside;
    const { clock } = manager;
    Object.assign(this.copy, manager['elapsed']);
    return this.inside['state'].lease.deadlineMs - this.copy.read(clock.monotonicMs(), clock.wallMs());
  }
}
