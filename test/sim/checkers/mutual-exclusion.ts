import type { Believer } from '../belief.js';
import type { Checker, World } from '../world.js';

/**
 * No two holders of one lock believe at once. Belief is what code of a process can observe: while it is
 * frozen it observes nothing, so it counts again from the moment in which it is thawed, before any timer
 * or message has told it anything.
 */
export class MutualExclusion implements Checker {
  constructor(private readonly world: World) {}

  afterEvent(): void {
    const { world } = this;
    if (world.believers.length < 2) return;
    world.believers = world.believers.filter((believer) => !believer.isOver() && !believer.process.isCrashed);
    const believing = new Map<string, Believer>();
    for (const believer of world.believers) {
      if (!believer.process.isRunning || !believer.believes()) continue;
      const other = believing.get(believer.lock);
      if (other) world.report('mutual-exclusion', `${other.name} and ${believer.name} both hold ${believer.lock}`);
      believing.set(believer.lock, believer);
    }
  }
}
