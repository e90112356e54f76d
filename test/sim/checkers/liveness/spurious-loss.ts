import { LockLostError } from '../../../../runtime/index.js';
import type { TypeScriptBeliever } from '../../clients/believer.js';
import type { Checker, World } from '../../world.js';

/**
 * No holder is told "lost" when no fault touched it since it asked for the lock: whatever befell the
 * others, and however wrong the clocks are, as long as they are not set.
 */
export class SpuriousLoss implements Checker {
  constructor(private readonly world: World) {}

  granted(believer: TypeScriptBeliever): void {
    const { process, startedMs, name } = believer;
    believer.held.signal.addEventListener('abort', () => {
      const { reason } = believer.held.signal;
      if (!(reason instanceof LockLostError) || process.faultUntilMs >= startedMs) return;
      this.world.report(
        'spurious-loss',
        `${name} was told that it is lost, though no fault touched it: ${reason.message}`,
      );
    });
  }
}
