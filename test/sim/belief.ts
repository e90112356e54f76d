import type { Clock } from '../../runtime/core/clock.js';
import type { HeldLock } from '../../runtime/index.js';
import { ElapsedTime } from '../../runtime/protocol/elapsed.js';
import type { SimProcess } from './sim-process.js';

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

/** What is looked at of a hold. Private in the product: asking `isHeld` reads the clock, and so moves it on. */
interface HoldInsides {
  readonly state: 'held' | 'handing-over' | 'handed-over' | 'released' | 'lost';
  readonly origin: { readonly ledger: { readonly deadlineMs: number; readonly holdId: string } };
  readonly target: { readonly process: { readonly clock: Clock; readonly elapsed: ElapsedTime } };
}

/** A hold of the real client. */
export class TypeScriptBeliever implements Believer {
  private readonly insides: HoldInsides;
  /** Made anew with each look. */
  private readonly copy = new ElapsedTime(0, 0);

  constructor(
    readonly name: string,
    readonly lock: string,
    readonly process: SimProcess,
    readonly held: HeldLock,
    /** True time at which it was asked for. */
    readonly askedMs: number,
    readonly leaseSeconds: number,
  ) {
    this.insides = held as unknown as HoldInsides;
    if (typeof this.insides.origin.ledger.deadlineMs !== 'number') throw new Error('a hold has no deadline');
  }

  get hold(): string {
    return this.insides.origin.ledger.holdId;
  }

  believes(): boolean {
    return !this.isOver() && this.leftMs() > 0;
  }

  isOver(): boolean {
    const { state } = this.insides;
    return state !== 'held' && state !== 'handing-over';
  }

  get isLost(): boolean {
    return this.insides.state === 'lost';
  }

  /**
   * What is left until the deadline by its elapsed time, read from a copy: the checkers look more often
   * than the product does, and must not lend it their readings.
   */
  leftMs(): number {
    const { origin, target } = this.insides;
    const { clock, elapsed } = target.process;
    Object.assign(this.copy, elapsed);
    return origin.ledger.deadlineMs - this.copy.read(clock.monotonicMs(), clock.wallMs());
  }
}
