import type { TypeScriptBeliever } from '../../clients/believer.js';
import type { SimProcess } from '../../process/sim-process.js';
import type { Checker, World } from '../../world.js';

/** Several locks that are held together. */
export interface Group {
  readonly process: SimProcess;
  readonly signal: AbortSignal;
  readonly believers: readonly TypeScriptBeliever[];
}

/**
 * Several locks are held all or none. If one is not held when the work begins, or is lost later, the signal of the work
 * has aborted.
 */
export class AllOrNone implements Checker {
  private readonly open = new Set<Group>();

  constructor(private readonly world: World) {}

  began(group: Group): void {
    this.open.add(group);
    const missing = group.believers.find((believer) => !believer.believes());
    if (missing && !group.signal.aborted) this.report(missing, 'is not held, though the work begins');
  }

  ended(group: Group): void {
    this.open.delete(group);
  }

  probe(): void {
    for (const group of this.open) {
      if (group.process.isCrashed) this.open.delete(group);
      const lost = group.believers.find((believer) => believer.isLost);
      if (lost && !group.signal.aborted) this.report(lost, 'is lost, and the signal of all has not aborted');
    }
  }

  private report(believer: TypeScriptBeliever, what: string): void {
    this.world.report('all-or-none', `${believer.name} ${what}`);
  }
}
