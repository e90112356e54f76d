import type { Believer } from '../../clients/believer.js';
import type { World } from '../../world.js';

function isGone(believer: Believer): boolean {
  return believer.isOver() || believer.process.isCrashed;
}

/**
 * No two holders of one lock believe at once. Belief is what code in the process can observe. A frozen process observes
 * nothing. It counts again from the moment it resumes, before any timer or message has run.
 */
export class MutualExclusion {
  constructor(private readonly world: World) {}

  afterEvent(): void {
    const { world } = this;
    if (world.believers.length < 2) return;
    if (world.believers.some(isGone)) world.believers = world.believers.filter((believer) => !isGone(believer));
    // This runs after every event: it allocates nothing unless it has to.
    for (const [index, believer] of world.believers.entries()) {
      if (!believer.process.isRunning) continue;
      for (let before = 0; before < index; before += 1) {
        const other = world.believers[before] as Believer;
        if (other.lock !== believer.lock || !other.process.isRunning) continue;
        if (!believer.believes() || !other.believes()) continue;
        world.report('mutual-exclusion', `${other.name} and ${believer.name} both hold ${believer.lock}`);
      }
    }
  }
}
