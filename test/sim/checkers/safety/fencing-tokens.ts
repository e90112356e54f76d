import type { TypeScriptBeliever } from '../../clients/believer.js';
import { isFencing } from '../../faults/plan.js';
import type { Checker, World } from '../../world.js';

/** A token that is closer to true time than this may come from a clock that is ahead. */
const AHEAD_MS = 10_000;

/** If all clients of a lock use fencing, each grant has a greater token than all grants before it. */
export class FencingTokens implements Checker {
  private readonly greatest = new Map<string, { readonly token: bigint; readonly name: string }>();

  constructor(private readonly world: World) {}

  /** Tokens follow DynamoDB's clock, so they rise even after a restore, except after a token from a clock that was ahead. */
  tableRestored(): void {
    for (const [lock, { token }] of this.greatest) {
      if (token > BigInt(Math.floor(this.world.epoch.nowMs() - AHEAD_MS))) this.greatest.delete(lock);
    }
  }

  granted(believer: TypeScriptBeliever): void {
    const { name, lock, held } = believer;
    const { plan } = this.world;
    if (this.world.isForgotten(believer) || !isFencing(plan) || plan.clients.some(({ kind }) => kind === 'python'))
      return;
    const token = held.fencingToken;
    const before = this.greatest.get(lock);
    if (before && token <= before.token) {
      this.world.report(
        'fencing-tokens',
        `${name} got ${token} for ${lock}, after ${before.name} with ${before.token}`,
      );
    }
    this.greatest.set(lock, { token, name });
  }
}
