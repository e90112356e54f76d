import type { DeletedEntry } from '../../storage/database.js';
import type { Checker, World } from '../../world.js';

/** TTL never deletes the entry of a holder that believes in its lock. */
export class LiveEntry implements Checker {
  constructor(private readonly world: World) {}

  ttlDeleted({ lock, hold }: DeletedEntry): void {
    const holder = this.world.believers.find(
      (believer) => believer.hold === hold && !believer.process.isCrashed && believer.believes(),
    );
    if (holder) this.world.report('live-entry', `TTL deleted the entry of ${lock}, which ${holder.name} holds`);
  }
}
