import type { TypeScriptClient } from '../../clients/typescript-client.js';
import type { Checker, World } from '../../world.js';

/** One process's attempts at one text. */
export interface Adoption {
  readonly client: TypeScriptClient;
  readonly lock: string;
  /** The version that the text names. */
  readonly version: string;
  /** Its receivers in this process at once. */
  receivers: number;
}

/**
 * A text whose adoption ended without an answer is good for another attempt in the same process: it is not
 * refused as used while nobody else was granted the lock, or wrote to its entry.
 */
export class HandOverRetry implements Checker {
  private readonly adoptions: Adoption[] = [];
  private isRestored = false;

  constructor(private readonly world: World) {}

  begins(client: TypeScriptClient, lock: string, version: string): Adoption {
    const same = this.adoptions.find((other) => other.client === client && other.version === version);
    const adoption = same ?? { client, lock, version, receivers: 0 };
    if (!same) this.adoptions.push(adoption);
    adoption.receivers += 1;
    return adoption;
  }

  tableRestored(): void {
    this.isRestored = true;
  }

  /** A further attempt was refused: the text is said to be used, or too late. */
  refused({ client, lock, version, receivers }: Adoption): void {
    if (receivers > 1 || this.isRestored) return;
    const holds = this.world.database.holdsSince(lock, version);
    if (!holds) return;
    const isOwn = (hold: string | undefined): boolean =>
      hold === undefined || (client.adopted(hold) === version && !this.world.grantedHolds.has(hold));
    if (!holds.every(isOwn)) return;
    this.world.report(
      'hand-over-retry',
      `${client.process.name} was told that its text for ${lock} is used, and nobody but itself has used it`,
    );
  }
}
