import { getLockFactory, type InvocationContext } from '../../runtime/index.js';
import { warehouse } from './warehouse.js';

/** What one function hands to the next: an order, and the lock on it. */
export interface Picked {
  readonly orderId: string;
  readonly ticket: string;
}

/** The lease is the time that the next function has to begin: nobody refreshes the lock on its way. */
const locks = getLockFactory(undefined, { leaseSeconds: 60 });

/**
 * The first half of work under one lock. It does not give the lock back, but answers with it, and Lambda hands the
 * answer to the next function. Nobody else gets the order in between. Whoever reads the ticket can take the lock.
 */
export async function handler({ orderId }: { readonly orderId: string }, context: InvocationContext): Promise<Picked> {
  const held = await locks.createLock(`order/${orderId}`).acquire({ context });
  try {
    await warehouse.pick(orderId, { signal: held.signal });
    return { orderId, ticket: await held.serialize() };
  } finally {
    // Does nothing where it was handed over.
    await held[Symbol.asyncDispose]();
  }
}
