import { NAME } from '../../workload/kind.js';
import type { World } from '../../world.js';

/** No more holders believe in a permit than the semaphore has, whatever the permits are called. */
export class PermitCount {
  constructor(
    private readonly world: World,
    private readonly permits: number,
  ) {}

  afterEvent(): void {
    const { world, permits } = this;
    if (world.believers.length <= permits) return;
    const holding = world.believers.filter(
      (believer) =>
        believer.lock.startsWith(`${NAME}#`) && !believer.isOver() && believer.process.isRunning && believer.believes(),
    );
    if (holding.length <= permits) return;
    const who = holding.map(({ name, lock }) => `${name} (${lock})`).join(', ');
    world.report('permit-count', `${who} hold permits, of which there are ${permits}`);
  }
}
