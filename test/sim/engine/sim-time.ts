import { VirtualTime } from '../../../runtime/testing/virtual-time.js';

/** What Node does between two callbacks: runs what `nextTick` was given, and all microtasks, until none is left. */
const settleAll: (() => void) | undefined = (process as { _tickCallback?: () => void })._tickCallback;

/**
 * Virtual time that does not go through the event loop to let promises settle, but has Node settle them
 * at once: a turn of the loop costs as much as what happens in it.
 */
export class SimTime extends VirtualTime {
  override run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    if (settleAll === undefined) return super.run(untilMs, isDone);
    return new Promise((resolve, reject) => {
      // From a callback of its own: microtasks cannot be run from within one.
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
