import { getLockFactory, type InvocationContext } from '../../runtime/index.js';
import type { Picked } from './pick.js';
import { warehouse } from './warehouse.js';

const locks = getLockFactory(undefined, { leaseSeconds: 60 });

/**
 * The second half: goes on under the lock that `pick.ts`, or `python/pick.py`, took. A ticket is good once: where
 * Lambda delivers it a second time, `deserializeLock` throws a `LockLostError`, and nothing is shipped twice. For the
 * same reason a shipping that failed is not tried again: its event goes to a queue.
 */
export async function handler({ orderId, ticket }: Picked, context: InvocationContext): Promise<string> {
  const held = await locks.deserializeLock(ticket, { context });
  try {
    await warehouse.ship(orderId, { signal: held.signal });
    return `shipped ${orderId}`;
  } finally {
    await held[Symbol.asyncDispose]();
  }
}
