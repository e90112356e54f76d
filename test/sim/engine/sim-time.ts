import { VirtualTime } from '../../../runtime/testing/virtual-time.js';

/** What Node does between two callbacks: it runs all `nextTick` callbacks and microtasks. */
const settleAll: (() => void) | undefined = (process as { _tickCallback?: () => void })._tickCallback;

/**
 * The event loop of a schedule: virtual time that settles promises directly, without a turn of Node's event loop. A turn
 * costs as much as the event itself.
 */
export class SimTime extends VirtualTime {
  override run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    if (settleAll === undefined) return super.run(untilMs, isDone);
    return new Promise((resolve, reject) => {
      // In a callback of its own: microtasks cannot be run from within a microtask.
      setImmediate(() => {
        try {
          while (this.advance(untilMs, isDone)) settleAll();
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
  }
}
