import { LockLostError } from '../../../../runtime/index.js';
import type { TypeScriptBeliever } from '../../clients/believer.js';
import type { Checker, World } from '../../world.js';

/**
 * A holder does not lose its lock if no fault affected it since the call began, whatever happened to others, and however
 * wrong the clocks are, as long as they are not set.
 */
export class SpuriousLoss implements Checker {
  constructor(private readonly world: World) {}

  granted(believer: TypeScriptBeliever): void {
    const { process, startedMs, name } = believer;
    believer.held.signal.addEventListener('abort', () => {
      const { reason } = believer.held.signal;
      if (!(reason instanceof LockLostError) || process.faultUntilMs >= startedMs) return;
      this.world.report('spurious-loss', `${name} lost its lock, but no fault affected it: ${reason.message}`);
    });
  }
}
