import type { TypeScriptBeliever } from '../belief.js';
import { isFencing } from '../plan.js';
import type { Checker, World } from '../world.js';

/** Where all clients of a lock have fencing on, whoever is granted it has a token greater than all before. */
export class FencingTokens implements Checker {
  private readonly greatest = new Map<string, { readonly token: bigint; readonly name: string }>();

  constructor(private readonly world: World) {}

  granted({ name, lock, held }: TypeScriptBeliever): void {
    const { plan } = this.world;
    if (!isFencing(plan) || plan.clients.some(({ kind }) => kind === 'python')) return;
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
