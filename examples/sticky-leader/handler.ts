import { type InvocationContext, LockNotGrantedError, stickyLock } from '../../runtime/index.js';
import { feed } from './feed.js';

/**
 * A leader that stays one: the sandbox that has the lock keeps it between invocations, and with it what it has in
 * memory. All others go home at once. Should the leader die, another one leads a lease and 3 s later.
 */
const leader = stickyLock('feed-leader', { leaseSeconds: 120, waitSeconds: 0 });

export async function handler(_: unknown, context: InvocationContext): Promise<string> {
  try {
    return await leader.use(context, async ({ signal }) => `leads: ${await feed.poll({ signal })}`);
  } catch (error) {
    if (error instanceof LockNotGrantedError && error.holder) return `follows ${error.holder.hostIdentifier}`;
    throw error;
  }
}
