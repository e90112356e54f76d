import type { HeldLock } from '../../../runtime/index.js';

/** What a section asks of its hold. */
export type Belief = Pick<HeldLock, 'assertHeld' | 'remainingSeconds'>;

/**
 * The planted bug: a client that ignores its deadline. Once granted, it takes itself for the holder until
 * it has finished, whatever `held` knows, and always has a whole lease left.
 */
export function ignoringDeadline(leaseSeconds: number): Belief {
  return { assertHeld: () => {}, remainingSeconds: leaseSeconds };
}
