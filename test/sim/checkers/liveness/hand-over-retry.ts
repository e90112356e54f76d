import type { TypeScriptClient } from '../../clients/typescript-client.js';
import type { Checker, World } from '../../world.js';

/** One process's attempts to adopt one text. */
export interface Adoption {
  readonly client: TypeScriptClient;
  readonly lock: string;
  /** The version in the text. */
  readonly version: string;
  /** Callers in this process that try to adopt it. */
  receivers: number;
}

/**
 * If an adoption ended without an answer, the same process may try the text again. It is not refused as used unless
 * another hold was granted, or somebody else wrote to the entry.
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

  /** Called when a further attempt was refused because the text is said to be used, or too late. */
  refused({ client, lock, version, receivers }: Adoption): void {
    if (receivers > 1 || this.isRestored) return;
    const holds = this.world.database.holdsSince(lock, version);
    if (!holds) return;
    const isOwn = (hold: string | undefined): boolean =>
      hold === undefined || (client.adopted(hold) === version && !this.world.grantedHolds.has(hold));
    if (!holds.every(isOwn)) return;
    this.world.report(
      'hand-over-retry',
      `${client.process.name} was refused its text for ${lock} as used, but nobody else has used it`,
    );
  }
}
